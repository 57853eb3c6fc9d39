/*
 * Sealing: AES-256-GCM under a ring of keys. What leaves the process (a cookie) or rests in the
 * store (keys, accounts, upstream tokens) is sealed; whoever reads or swaps it without the ring
 * learns nothing and changes nothing.
 *
 * The first secret of the configuration seals, every one opens. From each secret HKDF-SHA-256
 * (salt "cardea seal 1", info the purpose) makes 36 bytes: the key, then four by which it is named,
 * so that opening never guesses. A sealed text is:
 *
 *     version 1, 1 byte | name of the key, 4 | random nonce, 12 | ciphertext | tag, 16
 *
 * Version, name and the context (which cookie, which record) are authenticated with it: a text
 * moved elsewhere does not open.
 *
 * Random nonces of 96 bits are safe for 2^32 texts under one secret (NIST SP 800-38D, 8.3). That is
 * not counted: a thousand a second take seven weeks, so a hub as busy as that adds a new first
 * secret every month.
 *
 * A ring lies in locked pages that no core dump shows (mem_locked_alloc()): make it in the process
 * that uses it.
 */
#ifndef CARDEA_CRYPTO_SEAL_H
#define CARDEA_CRYPTO_SEAL_H

#include "base/arena.h"

struct key_ring;

enum {
    SEAL_OVERHEAD = 1 + 4 + 12 + 16,
    SEAL_MAX = 16 * 1024 * 1024 /* bytes of a plain text; nothing sealed comes near */
};

/*
 * `secrets` are the configured texts; each is 32 bytes or more, as the configuration checked.
 * `purpose` ("cookie", "store") separates rings of the same secrets. A ring of none opens nothing
 * and must not be asked to seal.
 */
struct key_ring *key_ring_new(const struct slice *secrets, size_t count, const char *purpose);
/* Wipes. Accepts NULL. */
void key_ring_free(struct key_ring *ring);

/* The sealed bytes, in the arena. */
struct slice seal(const struct key_ring *ring, struct arena *arena, struct slice context,
                  struct slice plain);
/* False when it was not sealed by a key of the ring in this context, or has been changed; nothing
 * of it is in the arena then. */
bool seal_open(const struct key_ring *ring, struct arena *arena, struct slice context,
               struct slice sealed, struct slice *plain_r);

/* The same as base64url text, for cookies. */
struct slice seal_text(const struct key_ring *ring, struct arena *arena, struct slice context,
                       struct slice plain);
bool seal_open_text(const struct key_ring *ring, struct arena *arena, struct slice context,
                    struct slice text, struct slice *plain_r);

/* Does it name a key of the ring? Nothing is opened: whether it was sealed by that key is unknown.
 */
bool seal_is_known(const struct key_ring *ring, struct slice sealed);

/* Was it sealed by a key of the ring that is no longer the first? Then re-seal when there is an
 * occasion. */
bool seal_is_old(const struct key_ring *ring, struct slice sealed);

#endif
