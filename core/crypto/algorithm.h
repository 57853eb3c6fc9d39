/*
 * What belongs to each signature algorithm (RFC 7518, 3.1 and RFC 8037, 3.1), as a table.
 */
#ifndef CARDEA_CRYPTO_ALGORITHM_H
#define CARDEA_CRYPTO_ALGORITHM_H

#include "crypto/digest.h"
#include "crypto/jwk.h"

struct jws_algorithm {
    const char *name;
    char kty;          /* of its keys, as in struct jwk; 0: no algorithm */
    enum digest hash;  /* for EdDSA the one inside Ed25519 */
    bool pss;          /* RSA only */
    const char *curve; /* "crv" of its keys; NULL for RSA and HMAC */
    size_t size;       /* of a coordinate on that curve, in bytes */
};

/* Never NULL; for a value out of range the row of ALG_NONE. */
const struct jws_algorithm *jws_algorithm(enum jws_alg alg);

/* The algorithm whose keys are of that kind and on that curve; ALG_NONE when there is none. */
enum jws_alg jws_alg_of_curve(char kty, struct slice curve);

#endif
