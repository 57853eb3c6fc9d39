/*
 * An arena: memory with one end.
 *
 * A flow takes everything it needs from its arena and frees none of it; when the flow ends the
 * arena is released, wiped and reused. Advantages: no free() on an error path, no leak, neighbours
 * in the cache. Disadvantages: what is taken stays taken until the end, so a loop over strangers'
 * data must use a buffer (buf.h) of its own; and nothing in an arena may outlive it.
 *
 * Chunks come from a small cache, so that an arena for a request costs no malloc() in the long run.
 */
#ifndef CARDEA_BASE_ARENA_H
#define CARDEA_BASE_ARENA_H

#include "base/slice.h"

#include <stdarg.h>

struct arena_chunk;

struct arena {
    struct arena_chunk *chunks; /* newest first; NULL while nothing was taken */
    char *at;                   /* next free byte of the newest chunk */
    char *end;
};

/* A zeroed struct is an empty arena as well. */
void arena_init(struct arena *arena);

/* Wipes and gives back everything. The arena is empty and usable again. Accepts an empty one. */
void arena_release(struct arena *arena);

/* Aligned for anything, not cleared. Never NULL (memory.h), also for no bytes. */
void *arena_alloc(struct arena *arena, size_t size);
/* Cleared. */
void *arena_zalloc(struct arena *arena, size_t size);
#define arena_new(arena, type) ((type *)arena_zalloc(arena, sizeof(type)))

/* Copies with a NUL behind them, so that `.at` is a C string too. An absent slice stays absent. */
struct slice arena_copy(struct arena *arena, struct slice s);
char *arena_string(struct arena *arena, struct slice s);

struct slice arena_printf(struct arena *arena, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
struct slice arena_vprintf(struct arena *arena, const char *format, va_list args)
    __attribute__((format(printf, 2, 0)));

/* Slices, one after the other, with a NUL behind them: `arena_concat(arena, a, SL(":"), b)`. */
#define arena_concat(arena, ...)                                                                   \
    arena_gather((arena), (const struct slice[]){ __VA_ARGS__ },                                   \
                 sizeof((const struct slice[]){ __VA_ARGS__ }) / sizeof(struct slice))
struct slice arena_gather(struct arena *arena, const struct slice *pieces, size_t count);
/* `a` then `b`. */
struct slice arena_join(struct arena *arena, struct slice a, struct slice b);

/* Bytes of its chunks, so at least what was taken; for limits and tests. */
size_t arena_size(const struct arena *arena);

/* Gives the cached chunks back to the system. For a clean exit. */
void arena_cache_release(void);

#endif
