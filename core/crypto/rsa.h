/*
 * RSASSA-PKCS1-v1_5 (RFC 8017, 8.2) by any digest: for signatures that are no JWS (jws.h has
 * those), among them RSA-SHA1 of OAuth 1.0a.
 */
#ifndef CARDEA_CRYPTO_RSA_H
#define CARDEA_CRYPTO_RSA_H

#include "crypto/digest.h"
#include "crypto/jwk.h"

/* The signature's bytes, in the arena; absent for a key that is no private RSA key, and when the
 * library fails. */
struct slice rsa_sign(struct arena *arena, const struct jwk *key, enum digest hash,
                      struct slice text);

/* Takes a private key for its public half. */
bool rsa_verify(const struct jwk *key, enum digest hash, struct slice text, struct slice signature);

#endif
