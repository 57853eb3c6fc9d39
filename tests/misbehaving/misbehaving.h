/*
 * What all plugins here have in common: a provider that would be in order, were it not for its
 * hooks. The tests configure its addresses.
 */
#ifndef CARDEA_TESTS_MISBEHAVING_H
#define CARDEA_TESTS_MISBEHAVING_H

#include <cardea/provider.h>

static const struct cardea_pair misbehaving_claims[] = {
    { "sub", "/id" },
    { NULL, NULL },
};

/* MISBEHAVING_PROVIDER(loop, &hooks): the data of a provider of that id. */
#define MISBEHAVING_PROVIDER(provider_id, its_hooks)                                               \
    {                                                                                              \
        CARDEA_PROVIDER,                                                                           \
            .id = #provider_id, .name = "Misbehaving " #provider_id, .protocol = CARDEA_OAUTH2,    \
            .authorize_url = "https://provider.invalid/authorize",                                 \
            .token_url = "https://provider.invalid/token",                                         \
            .userinfo_url = "https://provider.invalid/userinfo", .claims = misbehaving_claims,     \
            .hooks = (its_hooks),                                                                  \
    }

/* MISBEHAVING(loop, .map_profile = map_profile); the whole of a plugin with one provider and its
 * hooks. */
#define MISBEHAVING(provider_id, ...)                                                              \
    static const struct cardea_hooks provider_id##_hooks = { CARDEA_HOOKS, __VA_ARGS__ };          \
    static const struct cardea_provider provider_id##_provider =                                   \
        MISBEHAVING_PROVIDER(provider_id, &provider_id##_hooks);                                   \
    CARDEA_PLUGIN("0.0.1", &provider_id##_provider)

/* For hooks that use none of what they get. */
#define MISBEHAVING_MAP_PROFILE                                                                    \
    static int32_t map_profile(const struct cardea_host *host, cardea_call *call,                  \
                               const cardea_json *answers, cardea_profile *profile)
#define MISBEHAVING_UNUSED ((void)host, (void)call, (void)answers, (void)profile)

#endif
