/*
 * The authorization request (RFC 6749, 4.1.1; OpenID Connect Core, 3.1.2): what it says, and
 * whether it may.
 */
#ifndef CARDEA_ISSUER_AUTHORIZE_H
#define CARDEA_ISSUER_AUTHORIZE_H

#include "hub/request.h"
#include "hub/ticket.h"
#include "issuer/grant.h"

enum prompt {
    PROMPT_NONE = 1,
    PROMPT_LOGIN = 2,
    PROMPT_CONSENT = 4,
    PROMPT_SELECT_ACCOUNT = 8
};

enum answer_mode {
    ANSWER_QUERY,
    ANSWER_FORM_POST
};

/* What the flow keeps. */
struct authorize {
    struct ticket ticket; /* id absent: the request came directly */
    struct params params; /* of the request, wherever it came from */
    const struct client_settings *client;
    struct slice redirect_uri; /* where the answer goes; absent until it is known to be good */
    bool redirect_given;       /* the request named it */
    enum answer_mode answer_mode;
    struct slice state;
    struct slice scope;
    struct slice audience;
    struct slice nonce;
    struct slice code_challenge;
    unsigned prompt;       /* enum prompt, joined */
    int64_t max_age;       /* seconds; -1: not asked for */
    struct slice hint_sub; /* of id_token_hint */
    bool consent_needed;
    bool consent_given;
    struct store_command commands[2];
    struct grant *grant;
    struct slice code;
};

/*
 * The checks whose failure must not be redirected: client and redirect address. False, with
 * flow.error set.
 */
bool authorize_check_client(struct flow *flow, struct authorize *authorize);

/* All others: the flow's error is then sent to the client. */
bool authorize_check_request(struct flow *flow, struct authorize *authorize);

/* Sends code or error to the client, in the mode it asked for, with `state` and `iss`. */
enum step_result authorize_answer(struct request *request, const struct authorize *authorize,
                                  const struct params *answer);

#endif
