#include "crypto/algorithm.h"

static const struct jws_algorithm algorithms[ALG_COUNT] = {
    [ALG_NONE] = { .name = "none" },
    [ALG_RS256] = { "RS256", 'R', DIGEST_SHA256, false, NULL, 0 },
    [ALG_RS384] = { "RS384", 'R', DIGEST_SHA384, false, NULL, 0 },
    [ALG_RS512] = { "RS512", 'R', DIGEST_SHA512, false, NULL, 0 },
    [ALG_PS256] = { "PS256", 'R', DIGEST_SHA256, true, NULL, 0 },
    [ALG_PS384] = { "PS384", 'R', DIGEST_SHA384, true, NULL, 0 },
    [ALG_PS512] = { "PS512", 'R', DIGEST_SHA512, true, NULL, 0 },
    [ALG_ES256] = { "ES256", 'E', DIGEST_SHA256, false, "P-256", 32 },
    [ALG_ES384] = { "ES384", 'E', DIGEST_SHA384, false, "P-384", 48 },
    [ALG_ES512] = { "ES512", 'E', DIGEST_SHA512, false, "P-521", 66 },
    [ALG_EDDSA] = { "EdDSA", 'O', DIGEST_SHA512, false, "Ed25519", 32 },
    [ALG_HS256] = { "HS256", 's', DIGEST_SHA256, false, NULL, 0 },
    [ALG_HS384] = { "HS384", 's', DIGEST_SHA384, false, NULL, 0 },
    [ALG_HS512] = { "HS512", 's', DIGEST_SHA512, false, NULL, 0 },
};

const struct jws_algorithm *jws_algorithm(enum jws_alg alg)
{
    return &algorithms[(unsigned)alg < ALG_COUNT ? alg : ALG_NONE];
}

const char *jws_alg_name(enum jws_alg alg)
{
    return jws_algorithm(alg)->name;
}

enum jws_alg jws_alg_read(struct slice name)
{
    for (enum jws_alg alg = ALG_NONE + 1; alg < ALG_COUNT; alg++) {
        if (slice_is(name, algorithms[alg].name))
            return alg;
    }
    return ALG_NONE;
}

jws_algs jws_algs_read(struct slice words)
{
    struct slice word;
    jws_algs algs = 0;

    while (slice_next_word(&words, &word)) {
        enum jws_alg alg = jws_alg_read(word);

        if (alg != ALG_NONE)
            algs |= 1U << alg;
    }
    return algs;
}

enum jws_alg jws_alg_of_curve(char kty, struct slice curve)
{
    for (enum jws_alg alg = ALG_NONE + 1; alg < ALG_COUNT; alg++) {
        if (algorithms[alg].kty == kty && algorithms[alg].curve != NULL &&
            slice_is(curve, algorithms[alg].curve))
            return alg;
    }
    return ALG_NONE;
}
