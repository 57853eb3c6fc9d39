#include "base/random.h"

#include "base/codec.h"
#include "base/memory.h"

#include <errno.h>
#include <pthread.h>
#include <sys/random.h>

static unsigned char block[1024];
static size_t block_left;

static void forget_block(void)
{
    mem_wipe(block, sizeof(block));
    block_left = 0;
}

static void fill(unsigned char *bytes, size_t len)
{
    while (len > 0) {
        ssize_t got = getrandom(bytes, len, 0);

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            abort(); /* no entropy source: nothing that follows would be safe */
        bytes += got;
        len -= (size_t)got;
    }
}

void random_bytes(void *bytes, size_t len)
{
    static bool registered;

    if (!registered) {
        pthread_atfork(NULL, NULL, forget_block);
        registered = true;
    }
    if (len > sizeof(block)) {
        fill(bytes, len);
        return;
    }
    if (block_left < len) {
        fill(block, sizeof(block));
        block_left = sizeof(block);
    }
    block_left -= len;
    memcpy(bytes, block + block_left, len);
    mem_wipe(block + block_left, len);
}

struct slice random_token(struct arena *arena, size_t bytes)
{
    unsigned char raw[64];

    if (bytes > sizeof(raw))
        abort();
    random_bytes(raw, bytes);
    struct slice token = base64url_encode(arena, slice_make((const char *)raw, bytes));

    mem_wipe(raw, sizeof(raw));
    return token;
}

uint64_t random_u64(void)
{
    uint64_t value;

    random_bytes(&value, sizeof(value));
    return value;
}
