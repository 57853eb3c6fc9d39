/*
 * Hashes and MACs, with algorithms fetched once (OpenSSL 3 looks them up by name otherwise, which
 * costs more than a short hash).
 *
 * None of these can fail for what is hashed. A library without one of the algorithms (MD5 under a
 * FIPS policy) ends the process when it is asked for: an empty digest would compare as equal.
 */
#ifndef CARDEA_CRYPTO_DIGEST_H
#define CARDEA_CRYPTO_DIGEST_H

#include "base/arena.h"

enum digest {
    DIGEST_SHA256,
    DIGEST_SHA384,
    DIGEST_SHA512,
    DIGEST_SHA1, /* OAuth 1.0a only */
    DIGEST_MD5   /* old provider signatures only */
};

enum {
    DIGEST_MAX = 64,
    SHA256_SIZE = 32
};

/* Writes the digest, returns its length. */
size_t digest(enum digest which, struct slice bytes, unsigned char out[DIGEST_MAX]);
/* The key may be empty. No copy of it stays behind in the library. */
size_t digest_hmac(enum digest which, struct slice key, struct slice bytes,
                   unsigned char out[DIGEST_MAX]);

/* SHA-256 of several pieces, one after the other. */
void sha256(unsigned char out[SHA256_SIZE], const struct slice *pieces, size_t count);

/* SHA-256 as base64url text: ids of records, code challenges, thumbprints. */
struct slice sha256_text(struct arena *arena, struct slice bytes);

/* The algorithm's name in OpenSSL: "SHA256". */
const char *digest_name(enum digest which);

#endif
