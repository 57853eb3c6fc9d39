/*
 * Sealing: AES-256-GCM under a ring of keys. What leaves the process (a cookie) or rests in the
 * store (keys, accounts, upstream tokens) is sealed; whoever reads or swaps it without the ring
 * learns nothing and changes nothing.
 *
 * The first secret of the configuration seals, every one opens. Keys are derived from the secrets
 * with HKDF-SHA-256, one per purpose, and named by four bytes of their hash, so that opening never
 * guesses. A sealed text is: version, key name, 96-bit random nonce, ciphertext, 128-bit tag. The
 * context (which cookie, which record) is authenticated with it: a text moved elsewhere does not
 * open.
 */
#ifndef CARDEA_CRYPTO_SEAL_H
#define CARDEA_CRYPTO_SEAL_H

#include "base/arena.h"

struct key_ring;

enum {
    SEAL_OVERHEAD = 1 + 4 + 12 + 16
};

/* `secrets` are the configured texts; each is 32 bytes or more, as the configuration checked.
 * `purpose`
 * ("cookie", "store") separates rings of the same secrets. */
struct key_ring *key_ring_new(const struct slice *secrets, size_t count, const char *purpose);
void key_ring_free(struct key_ring *ring);

/* The sealed bytes, in the arena. */
struct slice seal(const struct key_ring *ring, struct arena *arena, struct slice context,
                  struct slice plain);
/* False when it was not sealed by a key of the ring in this context, or has been changed. */
bool seal_open(const struct key_ring *ring, struct arena *arena, struct slice context,
               struct slice sealed, struct slice *plain_r);

/* The same as base64url text, for cookies. */
struct slice seal_text(const struct key_ring *ring, struct arena *arena, struct slice context,
                       struct slice plain);
bool seal_open_text(const struct key_ring *ring, struct arena *arena, struct slice context,
                    struct slice text, struct slice *plain_r);

/* Was it sealed by a key that is no longer the first? Then re-seal when there is an occasion. */
bool seal_is_old(const struct key_ring *ring, struct slice sealed);

#endif
