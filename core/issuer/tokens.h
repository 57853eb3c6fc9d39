/*
 * Token responses (RFC 6749, 5.1): access token, refresh token, ID token, in one JSON answer.
 */
#ifndef CARDEA_ISSUER_TOKENS_H
#define CARDEA_ISSUER_TOKENS_H

#include "issuer/grant.h"

/* What a grant type asks for. */
struct issue {
    struct grant *grant;
    struct slice scope;    /* of the access token; within the grant's */
    struct slice audience; /* words, of the access token; within the grant's */
    bool refresh_token;
    struct slice presented; /* secret of the refresh token that is exchanged; absent: none */
    bool id_token;
    struct slice nonce; /* for the ID token; absent: none */

    /* out */
    struct slice access_token;
    struct slice refresh_text;
    struct slice id_text;
};

/*
 * Makes the tokens and notes them in the grant, which must then be stored before anything is
 * answered. False, with flow.error set, when no key can sign them yet.
 */
bool tokens_issue(struct request *request, struct issue *issue);

/* The answer. */
enum step_result tokens_answer(struct request *request, const struct issue *issue,
                               enum grant_type grant_type);

/* The algorithm that signs for this client. */
enum jws_alg client_alg(const struct client_settings *client);

#endif
