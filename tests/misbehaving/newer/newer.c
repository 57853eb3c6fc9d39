/*
 * Plugins of a Cardea to come, whose ABI is 1.4: their structs are longer than ours. What leaves
 * the surplus at zero is loaded, what uses it is refused.
 */
#include "../misbehaving.h"

#undef CARDEA_API
#define CARDEA_API 0x0104

#ifndef NEWER_FIELD
#define NEWER_FIELD NULL
#endif
#ifndef NEWER_HOOK
#define NEWER_HOOK NULL
#endif
#ifndef NEWER_LOOKUP
#define NEWER_LOOKUP NULL
#endif

struct newer_provider {
    struct cardea_provider provider;
    const char *field;
};

struct newer_hooks {
    struct cardea_hooks hooks;
    const char *hook;
};

struct newer_lookup {
    struct cardea_lookup lookup;
    const char *field;
};

static const struct newer_lookup lookup = {
    { sizeof(struct newer_lookup), .name = "more", .url = "https://provider.invalid/more" },
    NEWER_LOOKUP,
};

static const struct cardea_lookup *const lookups[] = { &lookup.lookup, NULL };

static const struct newer_hooks hooks = { { sizeof(struct newer_hooks) }, NEWER_HOOK };

static const struct newer_provider newer = {
    {
        sizeof(struct newer_provider),
        .id = "newer",
        .name = "Newer",
        .protocol = CARDEA_OAUTH2,
        .authorize_url = "https://provider.invalid/authorize",
        .token_url = "https://provider.invalid/token",
        .userinfo_url = "https://provider.invalid/userinfo",
        .claims = misbehaving_claims,
        .lookups = lookups,
        .hooks = &hooks.hooks,
    },
    NEWER_FIELD,
};

CARDEA_PLUGIN("9.9.9", &newer.provider);
