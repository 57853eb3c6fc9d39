/*
 * What an ID token must say before it is believed (OpenID Connect Core, 3.1.3.7; RFC 8725). Its
 * signature is the business of crypto/jws.h.
 */
#ifndef CARDEA_PROTOCOL_ID_TOKEN_H
#define CARDEA_PROTOCOL_ID_TOKEN_H

#include "base/json.h"
#include "crypto/jwk.h"

enum {
    ID_TOKEN_SKEW_S = 60 /* by which clocks may differ */
};

struct id_token_expectations {
    struct slice issuer;
    const struct slice *issuers; /* further spellings; each may have {claim} in it */
    size_t issuer_count;
    struct slice issuer_values; /* words that a {claim} in an issuer may be; absent: anything */
    struct slice client_id;
    struct slice nonce; /* absent: none was sent */
    bool nonce_may_be_absent;
    struct slice access_token; /* for at_hash; absent: not checked */
    struct slice code;         /* for c_hash; absent: not checked */
    enum jws_alg alg;          /* that signed it, for the two hashes */
    int64_t now;
    int64_t skew;         /* seconds */
    int64_t max_age;      /* seconds of auth_time; 0: not asked */
    struct slice subject; /* at a refresh: must be the same; absent: any */
};

/* NULL when it may be believed, else a sentence for the log (static or in the arena). */
const char *id_token_check(struct arena *arena, const json_t *claims,
                           const struct id_token_expectations *expected);

/*
 * The same for a signed userinfo reply (OpenID Connect Core, 5.3.2): `issuer` (absent: any, for
 * providers that are no issuer) and `client_id` must be in it, and where it says when it is good,
 * that must be now. Whose it is must be compared with the ID token besides.
 */
const char *userinfo_token_check(const json_t *claims,
                                 const struct id_token_expectations *expected);

#endif
