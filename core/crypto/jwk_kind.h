/*
 * The kinds of keys as tables, for those who read and write them (jwk*.c).
 */
#ifndef CARDEA_CRYPTO_JWK_KIND_H
#define CARDEA_CRYPTO_JWK_KIND_H

#include "crypto/jwk.h"

struct jwk_member {
    const char *name;  /* in the JSON */
    const char *param; /* in OpenSSL; NULL where we never hand it over */
    bool is_private;
    bool is_number; /* else a string of bytes */
};

struct jwk_kind {
    char kty;                         /* as in struct jwk; 0: known, but not ours */
    const char *name;                 /* "kty" */
    const struct jwk_member *members; /* up to one without a name */
};

/* NULL when there is no such kind. */
const struct jwk_kind *jwk_kind_by_name(struct slice name);
const struct jwk_kind *jwk_kind_of(const struct jwk *key);

/* The rest of a key of which kty, alg and key are set; a private one gets a kid if it has none. */
void jwk_complete(struct arena *arena, struct jwk *key);

/* An RSA key within the limits of jwk.h? `modulus` and `exponent` without leading zeros. NULL, or a
 * static sentence. */
const char *jwk_check_rsa(struct slice modulus, struct slice exponent);

#endif
