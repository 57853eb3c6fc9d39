#include "crypto/jwk.h"

#include "base/codec.h"
#include "base/memory.h"
#include "crypto/algorithm.h"
#include "crypto/jwk_kind.h"
#include "crypto/library.h"

#include <openssl/core_names.h>

enum {
    NUMBER_MAX = 1024 /* bytes of an 8192 bit modulus, the longest member */
};

static const struct jwk_member rsa_members[] = {
    { "n", OSSL_PKEY_PARAM_RSA_N, false, true },
    { "e", OSSL_PKEY_PARAM_RSA_E, false, true },
    { "d", OSSL_PKEY_PARAM_RSA_D, true, true },
    { "p", OSSL_PKEY_PARAM_RSA_FACTOR1, true, true },
    { "q", OSSL_PKEY_PARAM_RSA_FACTOR2, true, true },
    { "dp", OSSL_PKEY_PARAM_RSA_EXPONENT1, true, true },
    { "dq", OSSL_PKEY_PARAM_RSA_EXPONENT2, true, true },
    { "qi", OSSL_PKEY_PARAM_RSA_COEFFICIENT1, true, true },
    { "oth", NULL, true, false },
    { NULL, NULL, false, false },
};

static const struct jwk_member ec_members[] = {
    { "x", OSSL_PKEY_PARAM_EC_PUB_X, false, true },
    { "y", OSSL_PKEY_PARAM_EC_PUB_Y, false, true },
    { "d", OSSL_PKEY_PARAM_PRIV_KEY, true, true },
    { NULL, NULL, false, false },
};

static const struct jwk_member okp_members[] = {
    { "x", OSSL_PKEY_PARAM_PUB_KEY, false, false },
    { "d", OSSL_PKEY_PARAM_PRIV_KEY, true, false },
    { NULL, NULL, false, false },
};

static const struct jwk_member oct_members[] = {
    { "k", NULL, true, false },
    { NULL, NULL, false, false },
};

/* ML-DSA keys; not ours, but a private one is to be noticed. */
static const struct jwk_member akp_members[] = {
    { "priv", NULL, true, false },
    { NULL, NULL, false, false },
};

static const struct jwk_kind kinds[] = {
    { 'R', "RSA", rsa_members }, { 'E', "EC", ec_members }, { 'O', "OKP", okp_members },
    { 's', "oct", oct_members }, { 0, "AKP", akp_members },
};

enum {
    KINDS = sizeof(kinds) / sizeof(kinds[0])
};

const struct jwk_kind *jwk_kind_by_name(struct slice name)
{
    for (size_t i = 0; i < KINDS; i++) {
        if (slice_is(name, kinds[i].name))
            return &kinds[i];
    }
    return NULL;
}

const struct jwk_kind *jwk_kind_of(const struct jwk *key)
{
    for (size_t i = 0; i < KINDS; i++) {
        if (kinds[i].kty == key->kty)
            return &kinds[i];
    }
    return NULL;
}

const char *jwk_check_rsa(struct slice modulus, struct slice exponent)
{
    uint64_t e = 0;

    if (modulus.len < 256 || (modulus.len == 256 && (modulus.at[0] & 0x80) == 0))
        return "has an RSA modulus of less than 2048 bits";
    if (modulus.len > NUMBER_MAX)
        return "has an RSA modulus of more than 8192 bits";
    if ((modulus.at[modulus.len - 1] & 1) == 0)
        return "has an even RSA modulus";
    for (size_t i = 0; i < exponent.len && exponent.len <= 5; i++)
        e = e << 8 | (unsigned char)exponent.at[i];
    if (e < 65537 || e >= (uint64_t)1 << 33 || (e & 1) == 0)
        return "has an RSA exponent that is even, below 65537 or not below 2^33";
    return NULL;
}

void jwk_complete(struct arena *arena, struct jwk *key)
{
    if (key->key == NULL)
        return;
    key->contexts = arena_new(arena, struct jwk_contexts);
    if (key->is_private && !slice_is_set(key->kid))
        key->kid = jwk_thumbprint(arena, key);
}

static EVP_PKEY *generate(const struct jws_algorithm *algorithm)
{
    if (algorithm->kty == 'R')
        return EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)2048);
    if (algorithm->kty == 'E')
        return EVP_PKEY_Q_keygen(NULL, NULL, "EC", algorithm->curve);
    return algorithm->kty == 'O' ? EVP_PKEY_Q_keygen(NULL, NULL, algorithm->curve) : NULL;
}

bool jwk_generate(struct arena *arena, enum jws_alg alg, struct jwk *key_r)
{
    const struct jws_algorithm *algorithm = jws_algorithm(alg);
    struct jwk key = {
        .alg = alg, .kty = algorithm->kty, .is_private = true, .key = generate(algorithm)
    };

    if (key.key == NULL) {
        library_forget_errors();
        return false;
    }
    jwk_complete(arena, &key);
    *key_r = key;
    return true;
}

struct jwk jwk_secret(struct slice secret)
{
    return (struct jwk){ .alg = ALG_HS256, .kty = 's', .is_private = true, .secret = secret };
}

void jwk_release(struct jwk *key)
{
    for (int alg = 0; key->contexts != NULL && alg < ALG_COUNT; alg++) {
        EVP_PKEY_CTX_free(key->contexts->sign[alg]);
        EVP_PKEY_CTX_free(key->contexts->verify[alg]);
    }
    EVP_PKEY_free(key->key);
    *key = (struct jwk){ 0 };
}

void jwk_set_release(struct jwk_set *set)
{
    for (size_t i = 0; i < set->count; i++)
        jwk_release(&set->keys[i]);
    *set = (struct jwk_set){ 0 };
}

/* Most significant byte first, as many as there are or as `width` says; returns how many, or 0. */
static size_t number_bytes(const struct jwk *key, const char *param, size_t width,
                           unsigned char bytes[NUMBER_MAX])
{
    BIGNUM *number = NULL;
    size_t len = 0;

    if (EVP_PKEY_get_bn_param(key->key, param, &number) == 1) {
        len = width > 0 ? width : (size_t)BN_num_bytes(number);
        if (len > NUMBER_MAX || BN_bn2binpad(number, bytes, (int)len) < 0)
            len = 0;
    }
    BN_clear_free(number);
    return len;
}

static bool add_member(json_t *json, const struct jwk *key, const struct jwk_member *member)
{
    unsigned char bytes[NUMBER_MAX];
    struct arena arena = { 0 };
    size_t len = 0;

    if (member->is_number)
        len = number_bytes(key, member->param, jws_algorithm(key->alg)->size, bytes);
    else if (EVP_PKEY_get_octet_string_param(key->key, member->param, bytes, sizeof(bytes), &len) !=
             1)
        len = 0;
    json_set_slice(json, member->name,
                   base64url_encode(&arena, slice_make((const char *)bytes, len)));
    mem_wipe(bytes, len);
    arena_release(&arena);
    return len > 0;
}

/* kty, crv and the members; NULL when the library fails. */
static json_t *members(const struct jwk *key, bool with_private)
{
    const struct jwk_kind *kind = jwk_kind_of(key);
    const char *curve = jws_algorithm(key->alg)->curve;
    json_t *json = json_object();
    bool good = true;

    json_set_slice(json, "kty", slice_of(kind->name));
    json_set_slice(json, "crv", slice_of(curve));
    for (const struct jwk_member *member = kind->members; good && member->name != NULL; member++) {
        if (member->param != NULL && (with_private || !member->is_private))
            good = add_member(json, key, member);
    }
    if (good)
        return json;
    library_forget_errors();
    json_decref(json);
    return NULL;
}

static json_t *describe(const struct jwk *key, json_t *json)
{
    if (json == NULL)
        return NULL;
    json_set_slice(json, "kid", key->kid);
    if (key->alg != ALG_NONE)
        json_set_slice(json, "alg", slice_of(jws_alg_name(key->alg)));
    json_set_slice(json, "use", SL("sig"));
    return json;
}

json_t *jwk_public(const struct jwk *key)
{
    return key->key != NULL ? describe(key, members(key, false)) : NULL;
}

json_t *jwk_private(const struct jwk *key)
{
    if (key->key != NULL)
        return key->is_private ? describe(key, members(key, true)) : NULL;
    struct arena arena = { 0 };
    json_t *json = json_object();

    json_set_slice(json, "kty", SL("oct"));
    json_set_slice(json, "k", base64url_encode(&arena, key->secret));
    arena_release(&arena);
    return describe(key, json);
}

struct slice jwk_thumbprint(struct arena *arena, const struct jwk *key)
{
    char text[2048];
    json_t *json = key->key != NULL ? members(key, false) : NULL;
    size_t len = json_dumpb(json, text, sizeof(text), JSON_COMPACT | JSON_SORT_KEYS);

    json_decref(json);
    if (len == 0 || len > sizeof(text))
        return slice_none();
    return sha256_text(arena, slice_make(text, len));
}
