#include "base/arena.h"

#include "base/memory.h"

#if defined(__SANITIZE_ADDRESS__)
#define ARENA_SANITIZED
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ARENA_SANITIZED
#endif
#endif

#ifdef ARENA_SANITIZED
#include <sanitizer/asan_interface.h>
#define ARENA_GAP                  16 /* between two pieces, so that reading past one is seen */
#define ARENA_FORBID(memory, size) ASAN_POISON_MEMORY_REGION(memory, size)
#define ARENA_ALLOW(memory, size)  ASAN_UNPOISON_MEMORY_REGION(memory, size)
#else
#define ARENA_GAP                  0
#define ARENA_FORBID(memory, size) (void)(memory)
#define ARENA_ALLOW(memory, size)  (void)(memory)
#endif

enum {
    CHUNK_SIZE = 8192,   /* one holds an ordinary request with all it needs */
    CACHED_CHUNKS = 256, /* 2 MiB a worker at most */
    ALIGNMENT = 16
};

struct arena_chunk {
    struct arena_chunk *next;
    size_t size;  /* of `bytes` */
    size_t dirty; /* how much of `bytes` was handed out; set when the chunk is left behind */
    _Alignas(ALIGNMENT) char bytes[];
};

static struct arena_chunk *cache;
static size_t cached;

static struct arena_chunk *chunk_take(size_t size)
{
    struct arena_chunk *chunk = cache;

    if (size <= CHUNK_SIZE - sizeof(*chunk) && chunk != NULL) {
        cache = chunk->next;
        cached--;
        return chunk;
    }
    if (size < CHUNK_SIZE - sizeof(*chunk))
        size = CHUNK_SIZE - sizeof(*chunk);
    chunk = mem_alloc(sizeof(*chunk) + size);
    chunk->size = size;
    return chunk;
}

static void chunk_give(struct arena_chunk *chunk)
{
    ARENA_ALLOW(chunk->bytes, chunk->size);
    mem_wipe(chunk->bytes, chunk->dirty);
    if (chunk->size == CHUNK_SIZE - sizeof(*chunk) && cached < CACHED_CHUNKS) {
        chunk->next = cache;
        cache = chunk;
        cached++;
        return;
    }
    mem_free(chunk);
}

void arena_init(struct arena *arena)
{
    *arena = (struct arena){ 0 };
}

static void arena_leave_chunk(struct arena *arena)
{
    if (arena->chunks != NULL)
        arena->chunks->dirty = (size_t)(arena->at - arena->chunks->bytes);
}

void arena_release(struct arena *arena)
{
    /* The arena itself may live in its first chunk (flow/flow.h), so take what is needed first. */
    struct arena_chunk *chunk = arena->chunks;

    arena_leave_chunk(arena);
    arena_init(arena);
    while (chunk != NULL) {
        struct arena_chunk *next = chunk->next;

        chunk_give(chunk);
        chunk = next;
    }
}

void *arena_alloc(struct arena *arena, size_t size)
{
    if (size > PTRDIFF_MAX)
        abort(); /* a bug in the caller's limit */
    size_t wanted = size > 0 ? size : 1;
    size_t rounded = ((wanted + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1)) + ARENA_GAP;

    if (rounded > (size_t)(arena->end - arena->at)) {
        struct arena_chunk *chunk = chunk_take(rounded);

        arena_leave_chunk(arena);
        chunk->next = arena->chunks;
        arena->chunks = chunk;
        arena->at = chunk->bytes;
        arena->end = chunk->bytes + chunk->size;
        ARENA_FORBID(chunk->bytes, chunk->size);
    }
    void *memory = arena->at;

    arena->at += rounded;
    ARENA_ALLOW(memory, wanted);
    return memory;
}

void *arena_zalloc(struct arena *arena, size_t size)
{
    return memset(arena_alloc(arena, size), 0, size);
}

struct slice arena_copy(struct arena *arena, struct slice s)
{
    if (s.at == NULL)
        return s;
    char *copy = arena_alloc(arena, s.len + 1);

    memcpy(copy, s.at, s.len);
    copy[s.len] = '\0';
    return slice_make(copy, s.len);
}

char *arena_string(struct arena *arena, struct slice s)
{
    char *copy = arena_alloc(arena, s.len + 1);

    if (s.len > 0)
        memcpy(copy, s.at, s.len);
    copy[s.len] = '\0';
    return copy;
}

/* Into what is left of the chunk; only what turns out not to fit is formatted a second time. */
struct slice arena_vprintf(struct arena *arena, const char *format, va_list args)
{
    char *place = arena->at;
    size_t room = (size_t)(arena->end - place);
    va_list again;

    va_copy(again, args);
    ARENA_ALLOW(place, room);
    int wanted = vsnprintf(place, room, format, args);
    size_t len = wanted > 0 ? (size_t)wanted : 0;

    ARENA_FORBID(place, room);
    char *text = arena_alloc(arena, len + 1);

    if (text != place || wanted < 0) {
        text[0] = '\0';
        vsnprintf(text, len + 1, format, again);
    }
    if (text != place) { /* nobody has taken what was written there, so nobody would wipe it */
        ARENA_ALLOW(place, room);
        mem_wipe(place, room < len ? room : len);
        ARENA_FORBID(place, room);
    }
    va_end(again);
    return slice_make(text, len);
}

struct slice arena_printf(struct arena *arena, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    struct slice text = arena_vprintf(arena, format, args);

    va_end(args);
    return text;
}

struct slice arena_gather(struct arena *arena, const struct slice *pieces, size_t count)
{
    size_t len = 0;

    for (size_t i = 0; i < count; i++)
        len += pieces[i].len;
    char *text = arena_alloc(arena, len + 1);
    char *at = text;

    for (size_t i = 0; i < count; i++) {
        if (pieces[i].len > 0)
            memcpy(at, pieces[i].at, pieces[i].len);
        at += pieces[i].len;
    }
    *at = '\0';
    return slice_make(text, len);
}

struct slice arena_join(struct arena *arena, struct slice a, struct slice b)
{
    return arena_concat(arena, a, b);
}

size_t arena_size(const struct arena *arena)
{
    size_t size = 0;

    for (const struct arena_chunk *chunk = arena->chunks; chunk != NULL; chunk = chunk->next)
        size += chunk->size;
    return size;
}

void arena_cache_release(void)
{
    while (cache != NULL) {
        struct arena_chunk *next = cache->next;

        mem_free(cache);
        cache = next;
    }
    cached = 0;
}
