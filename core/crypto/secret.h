/*
 * Secrets: compared in constant time, named in logs, hashed for rest.
 */
#ifndef CARDEA_CRYPTO_SECRET_H
#define CARDEA_CRYPTO_SECRET_H

#include "base/arena.h"

/* Equal, whatever the lengths, in time that depends on `given` alone. Both sides are hashed first.
 */
bool secret_equal(struct slice given, struct slice expected);
/* Two digests of the same length. */
bool secret_equal_bytes(const void *a, const void *b, size_t len);

/* Eight characters by which two log lines can be recognised as speaking of the same secret. Static
 * buffer, overwritten by the fourth call after. */
const char *secret_name(struct slice secret);

/* "sha256:..." of a secret with 128 bits or more of randomness, for `client_secret_hash`. */
struct slice secret_hash(struct arena *arena, struct slice secret);
/* Is that a hash secret_matches() can judge? NULL, or a static sentence. */
const char *secret_hash_check(struct slice hash);
bool secret_matches(struct slice given, struct slice hash);

#endif
