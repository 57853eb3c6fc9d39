#include "kit/keys.h"

#include "base/json.h"

static const struct {
    enum jws_alg alg;
    const char *name;
} kinds[KIT_KEYS] = {
    { ALG_RS256, "$rsa_key" },
    { ALG_ES256, "$ec_key" },
};

bool kit_keys_make(struct arena *arena, struct jwk keys[KIT_KEYS])
{
    for (size_t i = 0; i < KIT_KEYS; i++) {
        if (!jwk_generate(arena, kinds[i].alg, &keys[i]))
            return false;
    }
    return true;
}

void kit_keys_release(struct jwk keys[KIT_KEYS])
{
    for (size_t i = 0; i < KIT_KEYS; i++)
        jwk_release(&keys[i]);
}

json_t *kit_provider_config(struct arena *arena, const struct kit_case *what,
                            const struct jwk keys[KIT_KEYS])
{
    json_t *config = what->config != NULL ? node_to_json(what->config) : json_object();
    json_t *wanted = json_object_get(config, "keys");
    const char *name;
    json_t *value;
    void *next;

    json_object_foreach_safe(wanted, next, name, value)
    {
        for (size_t i = 0; i < KIT_KEYS; i++) {
            if (slice_is(json_slice(value), kinds[i].name))
                json_object_set_new(wanted, name, json_from_slice(jwk_write_pem(arena, &keys[i])));
        }
    }
    return config;
}
