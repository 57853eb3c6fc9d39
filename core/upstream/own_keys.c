#include "upstream/own_keys.h"

#include "base/memory.h"
#include "upstream/kept.h"

struct own_key {
    bool is_read;
    const char *wrong; /* static: jwk_read_pem()'s */
    struct jwk key;
    struct slice certificate;
};

/* As many as the configuration has, in its order. */
struct own_keys {
    struct arena arena;
    size_t count;
    struct own_key *at;
};

static struct own_keys *keys_of(struct provider *provider)
{
    struct kept *kept = kept_of(provider);

    if (kept->own_keys == NULL) {
        struct own_keys *keys = mem_zalloc(1, sizeof(*keys));

        keys->count = provider->settings->keys.count;
        keys->at = arena_zalloc(&keys->arena, keys->count * sizeof(*keys->at));
        kept->own_keys = keys;
    }
    return kept->own_keys;
}

static void read_key(struct own_keys *keys, struct own_key *own, struct slice pem)
{
    own->is_read = true;
    own->wrong = jwk_read_pem(&keys->arena, pem, &own->key);
    if (own->wrong != NULL)
        return;
    own->key.kid = slice_none();
    own->certificate = jwk_pem_certificate(&keys->arena, pem, &own->key);
}

static const struct own_key *find(struct provider *provider, struct slice name)
{
    const struct pairs *configured = &provider->settings->keys;
    struct own_keys *keys = keys_of(provider);

    for (size_t i = 0; i < keys->count; i++) {
        if (!slice_equal(configured->at[i].name, name))
            continue;
        if (!keys->at[i].is_read)
            read_key(keys, &keys->at[i], configured->at[i].value);
        return &keys->at[i];
    }
    return NULL;
}

const struct jwk *own_key(struct provider *provider, struct slice name, const char **why_r)
{
    const struct own_key *own = find(provider, name);

    *why_r = own == NULL ? "is not configured" : own->wrong;
    return *why_r == NULL ? &own->key : NULL;
}

struct slice own_key_certificate(struct provider *provider, struct slice name)
{
    const struct own_key *own = find(provider, name);

    return own != NULL ? own->certificate : slice_none();
}

void own_keys_free(struct own_keys *keys)
{
    if (keys == NULL)
        return;
    for (size_t i = 0; i < keys->count; i++)
        jwk_release(&keys->at[i].key);
    arena_release(&keys->arena);
    mem_free(keys);
}
