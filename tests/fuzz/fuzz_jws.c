/*
 * A token from a stranger against a fixed key set with one key of each kind. The good seeds all
 * have the same payload: another one with a good signature would be a forgery.
 */
#include "crypto/jws.h"

static const char key_set[] =
    "{\"keys\":[{\"n\":\"xEaClPOkP9JwZJMfvb3oXmi7iccevbazN47S8S4nKe3Bglx2NdfufusAOjrStc6Q"
    "e4kziaZZzZCM-X968lA6-lMK_7Q9bZyGUSyLe_K521FGJi3Eyg5Phx2LBmmLJ8oTSljr85pq-IBL_zCbUnEX"
    "JMqhv7e4avLyMvuWiCxyNSonqpIVbOt-A_0Z9NtDzk3W0HDX8j0dBUIDel6Il5y8Ap-CoWal-sCh6i50iiEG"
    "nDsq2t5uAmk_TZ-N5lX5YOObxX-z9H7Nz3gKMFoyce-zWy3WP_zHHkQi811AktGiG2onE0l4_1rLZ2PEd8g9"
    "2ndlyIjRqrCQt6LXRF7EQGTOUQ\",\"e\":\"AQAB\",\"kty\":\"RSA\",\"kid\":\"RSA\"},{\"crv"
    "\":\"P-256\",\"x\":\"yzUKnCkPNbUPspVdaC0HiWLb5pT5me8YKawbo-tIctk\",\"y\":\"M-uLxCGhA"
    "SMtxDbhurryYxhukFv0X-qZ0t9U9H1dctI\",\"kty\":\"EC\",\"kid\":\"EC\"},{\"crv\":\"P-384"
    "\",\"x\":\"ON2TB6DB1m1NFWGv_LmwCPBgyEmBQiSGDs2EMogXqlC2_cpivwweMxGy5lnlyb0c\",\"y\":"
    "\"xIXqzrcN335cSBRh1WbQGK8KS5M5siNFEYfb03I7kVDefCkqgIy-hMR5ofBzw6IE\",\"kty\":\"EC\","
    "\"kid\":\"P-384\"},{\"crv\":\"Ed25519\",\"x\":\"DWK-cjQ5ZmZObm2Cx63AoJ4aERfbOUquIatm"
    "f9iEDIU\",\"kty\":\"OKP\",\"kid\":\"OKP\"}]}";
static const struct slice secret = SLICE("a secret of the fuzz target for HS256 tokens");
static const struct slice good_payload = SLICE("{\"sub\":\"1\"}");

enum {
    KEYS = 5 /* four of the set and the secret */
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Made once; lives as long as the process. */
static const struct jwk_set *known_keys(void)
{
    static struct arena arena;
    static struct jwk keys[KEYS];
    static struct jwk_set all = { keys, 0 };
    struct jwk_set set;
    const char *why;

    if (all.count > 0)
        return &all;
    json_t *json = json_read(&arena, slice_make(key_set, sizeof(key_set) - 1), 65536, &why);

    if (json == NULL || jwk_set_read(&arena, json, &set) != NULL || set.count != KEYS - 1)
        abort();
    memcpy(keys, set.keys, set.count * sizeof(*keys));
    keys[set.count] = jwk_secret(secret);
    all.count = KEYS;
    json_decref(json);
    return &all;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const jws_algs pinned = (1U << ALG_COUNT) - 2;
    struct arena arena = { 0 };
    struct jws jws;

    if (jws_read(&arena, slice_make((const char *)data, size), &jws) == NULL) {
        enum jws_verdict verdict = jws_verify(&jws, known_keys(), pinned);

        if (verdict == JWS_GOOD && !slice_equal(jws.payload, good_payload))
            abort();
        if (jws_verify(&jws, known_keys(), pinned & ~(1U << jws.alg)) != JWS_BAD_ALGORITHM)
            abort();
        jws_half_hash(&arena, jws.alg, jws.signed_part);
    }
    arena_release(&arena);
    return 0;
}
