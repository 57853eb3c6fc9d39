/* Follows a wild pointer: one provider for each hook there is. */
#include "../misbehaving.h"

static int32_t crash(void)
{
    *(volatile int *)16 = 1;
    return CARDEA_OK;
}

static int32_t on_request(const struct cardea_host *host, cardea_call *call,
                          cardea_request *request)
{
    (void)host, (void)call, (void)request;
    return crash();
}

static int32_t read_token(const struct cardea_host *host, cardea_call *call,
                          const cardea_response *response, cardea_tokens *tokens)
{
    (void)host, (void)call, (void)response, (void)tokens;
    return crash();
}

static int32_t fetch_more(const struct cardea_host *host, cardea_call *call, uint32_t round,
                          const cardea_json *answers, cardea_request *request)
{
    (void)host, (void)call, (void)round, (void)answers, (void)request;
    return crash();
}

MISBEHAVING_MAP_PROFILE
{
    MISBEHAVING_UNUSED;
    return crash();
}

#define IN_HOOK(hook_name, function)                                                               \
    static const struct cardea_hooks in_##hook_name##_hooks = { CARDEA_HOOKS,                      \
                                                                .hook_name = function };           \
    static const struct cardea_provider in_##hook_name =                                           \
        MISBEHAVING_PROVIDER(segfault_##hook_name, &in_##hook_name##_hooks);

IN_HOOK(shape_authorize, on_request)
IN_HOOK(shape_token, on_request)
IN_HOOK(read_token, read_token)
IN_HOOK(shape_api, on_request)
IN_HOOK(fetch_more, fetch_more)
IN_HOOK(map_profile, map_profile)

CARDEA_PLUGIN("0.0.1", &in_shape_authorize, &in_shape_token, &in_read_token, &in_shape_api,
              &in_fetch_more, &in_map_profile);
