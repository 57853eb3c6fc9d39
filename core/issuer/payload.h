/*
 * What stands in the tokens we sign. Pure: everything that is said comes in, the time too.
 */
#ifndef CARDEA_ISSUER_PAYLOAD_H
#define CARDEA_ISSUER_PAYLOAD_H

#include "issuer/grant.h"

struct payload {
    struct slice issuer;
    const struct grant *grant;
    int64_t now;      /* seconds since 1970 */
    int64_t lifetime; /* seconds */

    /* Of an access token. */
    struct slice jti;
    struct slice scope;    /* within the grant's */
    struct slice audience; /* words, within the grant's; none: the issuer itself */

    /* Of an ID token. */
    struct slice claims;  /* of the person: members of a JSON object, without braces */
    struct slice nonce;   /* absent: none was sent */
    struct slice at_hash; /* absent: no access token comes with it */
};

/*
 * RFC 9068, 2.2. `sub` of a client that asks for itself is its id. The buffer fails when it is too
 * long for its limit, as below.
 */
void payload_access_token(const struct payload *payload, struct buf *out);

/* OpenID Connect Core, 2. */
void payload_id_token(const struct payload *payload, struct buf *out);

#endif
