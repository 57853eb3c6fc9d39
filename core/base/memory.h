/*
 * Memory that cannot fail to come.
 *
 * Sizes that strangers influence are limited before anything is allocated (buf.h,
 * net/http_parse.h), so that an allocation which fails means that the machine is out of memory. A
 * worker can do nothing sensible then: it says so and aborts, the master starts another, and no
 * caller has an error path that nobody ever ran.
 *
 * Nothing else in Cardea calls malloc().
 */
#ifndef CARDEA_BASE_MEMORY_H
#define CARDEA_BASE_MEMORY_H

#include <stddef.h>

/* `size` bytes, not cleared. The caller frees with mem_free(). Aborts when there are none. */
void *mem_alloc(size_t size);

/* The same, cleared; `count * size` is checked for overflow. */
void *mem_zalloc(size_t count, size_t size);

/* Grows or shrinks; `old` may be NULL. Aborts on failure, so `old` is never leaked. */
void *mem_realloc(void *old, size_t size);

/* A copy of `len` bytes with a NUL behind them. */
char *mem_strndup(const char *text, size_t len);

/* Accepts NULL. */
void mem_free(void *memory);

/* Overwrites; never optimised away. */
void mem_wipe(void *memory, size_t size);

/*
 * Cleared pages of their own for keys that live long: left out of core dumps and, as far as
 * RLIMIT_MEMLOCK lets, never swapped. The lock does not pass to a forked child (mlock(2)), so take
 * them in the process that uses them. A page at least: not for small things in number.
 */
void *mem_locked_alloc(size_t size);
/* Wipes and gives back; `size` as it was asked for. Accepts NULL. */
void mem_locked_free(void *memory, size_t size);

#endif
