#include "base/memory.h"

#include <stdint.h>
#include <sys/mman.h>

static void *or_abort(void *memory, size_t size)
{
    if (memory == NULL) {
        fprintf(stderr, "cardea: out of memory (%zu bytes wanted)\n", size);
        abort();
    }
    return memory;
}

void *mem_alloc(size_t size)
{
    return or_abort(malloc(size > 0 ? size : 1), size);
}

void *mem_zalloc(size_t count, size_t size)
{
    return or_abort(calloc(count > 0 ? count : 1, size > 0 ? size : 1), size);
}

void *mem_realloc(void *old, size_t size)
{
    return or_abort(realloc(old, size > 0 ? size : 1), size);
}

char *mem_strndup(const char *text, size_t len)
{
    char *copy = mem_alloc(len + 1);

    if (len > 0)
        memcpy(copy, text, len);
    copy[len] = '\0';
    return copy;
}

void mem_free(void *memory)
{
    free(memory);
}

void mem_wipe(void *memory, size_t size)
{
    if (size > 0)
        explicit_bzero(memory, size);
}

void *mem_locked_alloc(size_t size)
{
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    or_abort(memory != MAP_FAILED ? memory : NULL, size);
    /* Both are best effort: where they fail, the process' own settings against dumps remain. */
    (void)mlock(memory, size);
    (void)madvise(memory, size, MADV_DONTDUMP);
    return memory;
}

void mem_locked_free(void *memory, size_t size)
{
    if (memory == NULL)
        return;
    mem_wipe(memory, size);
    munmap(memory, size);
}
