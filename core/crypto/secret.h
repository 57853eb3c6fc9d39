/*
 * Secrets: compared in constant time, named in logs, hashed for rest.
 */
#ifndef CARDEA_CRYPTO_SECRET_H
#define CARDEA_CRYPTO_SECRET_H

#include "base/arena.h"

/*
 * Equal, whatever the lengths, in time that depends on the lengths alone: both sides are hashed
 * first. An empty or absent secret equals nothing, not even another one, so that a secret which was
 * never set lets nobody in.
 */
bool secret_equal(struct slice given, struct slice expected);
/* Two digests of the same length. */
bool secret_equal_bytes(const void *a, const void *b, size_t len);

/*
 * Eight characters by which two log lines can be recognised as speaking of the same secret. Static
 * buffer, overwritten by the fourth call after. Only for secrets with 128 bits or more of
 * randomness: a password or a code that a person types could be found again by trying them all.
 */
const char *secret_name(struct slice secret);

/* "sha256:..." of a secret with 128 bits or more of randomness, for `client_secret_hash`. */
struct slice secret_hash(struct arena *arena, struct slice secret);
/* The digest in it. NULL, or a static sentence when it is no such hash. In the arena. */
const char *secret_hash_read(struct arena *arena, struct slice hash, struct slice *digest_r);

/* The SHA-256 of a secret that will be compared often, and the comparison with it: one hash, where
 * secret_equal() needs two. False when there is no digest, and for an empty secret. */
struct slice secret_digest(struct arena *arena, struct slice secret);
bool secret_matches(struct slice given, struct slice digest);

#endif
