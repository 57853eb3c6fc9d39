/*
 * Random bytes from the kernel, fit for keys and tokens.
 *
 * Drawn in blocks, because a token needs 32 bytes and a system call costs more than the rest of a
 * token; bytes handed out are wiped from the block, and a forked child starts with an empty block.
 */
#ifndef CARDEA_BASE_RANDOM_H
#define CARDEA_BASE_RANDOM_H

#include "base/arena.h"

void random_bytes(void *bytes, size_t len);

/* `bytes` random bytes as base64url text without padding, in the arena. */
struct slice random_token(struct arena *arena, size_t bytes);

uint64_t random_u64(void);

#endif
