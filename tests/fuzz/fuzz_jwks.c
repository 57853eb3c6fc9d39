/*
 * A key set (or one key, or PEM) from a stranger. What was read must come through its own public
 * form unchanged.
 */
#include "crypto/jwk.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_key(struct arena *arena, struct jwk *key)
{
    json_t *json = jwk_public(key);
    struct jwk again;

    if (key->kty == 's') {
        if (json != NULL)
            abort();
        return;
    }
    if (json == NULL || jwk_read(arena, json, false, &again) != NULL ||
        !slice_equal(jwk_thumbprint(arena, key), jwk_thumbprint(arena, &again)) ||
        EVP_PKEY_eq(key->key, again.key) != 1 || again.is_private)
        abort();
    jwk_release(&again);
    json_decref(json);
}

static void read_json(struct arena *arena, struct slice text)
{
    const char *why;
    struct jwk_set set;
    struct jwk key;
    json_t *json = json_read(arena, text, 65536, &why);

    if (json == NULL)
        return;
    if (jwk_set_read(arena, json, &set) == NULL) {
        for (size_t i = 0; i < set.count; i++)
            check_key(arena, &set.keys[i]);
        jwk_set_release(&set);
    }
    if (jwk_read(arena, json, true, &key) == NULL) {
        check_key(arena, &key);
        json_decref(jwk_private(&key));
        jwk_release(&key);
    }
    json_decref(json);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena = { 0 };
    struct slice text = slice_make((const char *)data, size);
    struct jwk key;

    if (slice_starts(text, SL("-----"))) {
        if (jwk_read_pem(&arena, text, &key) == NULL) {
            check_key(&arena, &key);
            jwk_release(&key);
        }
    } else {
        read_json(&arena, text);
    }
    arena_release(&arena);
    return 0;
}
