/* Writes to descriptors: to all of them; and to its own socket, what only the host may write there.
 */
#include "../misbehaving.h"

#include <string.h>
#include <unistd.h>

enum {
    SOCKET = 3
};

static void put(const void *bytes, size_t len)
{
    if (write(SOCKET, bytes, len) < 0)
        _exit(9);
}

static void put_frame(const char *text)
{
    size_t len = strlen(text);
    unsigned char head[4] = { 0, 0, (unsigned char)(len >> 8), (unsigned char)len };

    put(head, sizeof(head));
    put(text, len);
}

static int32_t map_everywhere(const struct cardea_host *host, cardea_call *call,
                              const cardea_json *answers, cardea_profile *profile)
{
    MISBEHAVING_UNUSED;
    for (int fd = 0; fd < 64; fd++) {
        if (fd != SOCKET && write(fd, "garbage", 7) < 0)
            continue;
    }
    return CARDEA_OK;
}

static int32_t map_garbage(const struct cardea_host *host, cardea_call *call,
                           const cardea_json *answers, cardea_profile *profile)
{
    MISBEHAVING_UNUSED;
    put("\xff\xff\xff\xffgarbage", 11);
    return CARDEA_OK;
}

/* Its own result, and one more for whoever is next. */
static int32_t map_twice(const struct cardea_host *host, cardea_call *call,
                         const cardea_json *answers, cardea_profile *profile)
{
    MISBEHAVING_UNUSED;
    put_frame("{\"type\":\"result\",\"result\":0,\"profile\":{\"sub\":\"forged\"}}");
    return CARDEA_OK;
}

static int32_t map_unasked(const struct cardea_host *host, cardea_call *call,
                           const cardea_json *answers, cardea_profile *profile)
{
    MISBEHAVING_UNUSED;
    put_frame("{\"type\":\"loaded\",\"plugins\":[],\"problems\":[]}");
    return CARDEA_OK;
}

#define SCRIBBLES(what)                                                                            \
    static const struct cardea_hooks what##_hooks = { CARDEA_HOOKS, .map_profile = map_##what };   \
    static const struct cardea_provider scribbles_##what =                                         \
        MISBEHAVING_PROVIDER(scribbles_##what, &what##_hooks);

SCRIBBLES(everywhere)
SCRIBBLES(garbage)
SCRIBBLES(twice)
SCRIBBLES(unasked)

CARDEA_PLUGIN("0.0.1", &scribbles_everywhere, &scribbles_garbage, &scribbles_twice,
              &scribbles_unasked);
