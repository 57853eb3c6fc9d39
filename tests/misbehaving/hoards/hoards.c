/* Takes memory until there is none, past the host and through it. */
#include "../misbehaving.h"

#include <stdlib.h>
#include <string.h>

MISBEHAVING_MAP_PROFILE
{
    size_t size = 16 * 1024 * 1024;

    MISBEHAVING_UNUSED;
    for (;;)
        memset(malloc(size), 1, size);
}

static int32_t map_by_host(const struct cardea_host *host, cardea_call *call,
                           const cardea_json *answers, cardea_profile *profile)
{
    MISBEHAVING_UNUSED;
    while (host->alloc(call, 4096) != NULL)
        ;
    return CARDEA_OK;
}

static const struct cardea_hooks hooks = { CARDEA_HOOKS, .map_profile = map_profile };
static const struct cardea_hooks host_hooks = { CARDEA_HOOKS, .map_profile = map_by_host };
static const struct cardea_provider hoards = MISBEHAVING_PROVIDER(hoards, &hooks);
static const struct cardea_provider hoards_host = MISBEHAVING_PROVIDER(hoards_host, &host_hooks);

CARDEA_PLUGIN("0.0.1", &hoards, &hoards_host);
