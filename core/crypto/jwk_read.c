#include "base/codec.h"
#include "base/log.h"
#include "crypto/algorithm.h"
#include "crypto/jwk_kind.h"
#include "crypto/library.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/params.h>

enum {
    NUMBER_MAX = 1024,
    POINT_MAX = 1 + 2 * 66, /* uncompressed, P-521 */
    PARAMS_ROOM = 12
};

static const char not_imported[] = "is refused by the crypto library";

/* The bytes of a member, limited before they are decoded. */
static bool read_bytes(struct arena *arena, const json_t *json, const char *name, size_t max,
                       struct slice *bytes_r)
{
    struct slice text = json_member(json, name);

    return text.len > 0 && text.len <= (max * 4 + 2) / 3 &&
           base64url_decode(arena, text, bytes_r) && bytes_r->len > 0;
}

/* A number without the zero bytes that some libraries put in front of it. */
static bool read_number(struct arena *arena, const json_t *json, const char *name,
                        struct slice *number_r)
{
    if (!read_bytes(arena, json, name, NUMBER_MAX + 1, number_r))
        return false;
    while (number_r->len > 0 && number_r->at[0] == 0)
        *number_r = slice_from(*number_r, 1);
    return number_r->len > 0;
}

/* OpenSSL's parameters have their numbers in the byte order of the machine. */
static OSSL_PARAM number_param(struct arena *arena, const char *param, struct slice number)
{
    unsigned char *native = arena_alloc(arena, number.len);

    for (size_t i = 0; i < number.len; i++) {
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
        native[i] = (unsigned char)number.at[number.len - 1 - i];
#else
        native[i] = (unsigned char)number.at[i];
#endif
    }
    return OSSL_PARAM_construct_BN(param, native, number.len);
}

static const char *import(struct jwk *key, const char *type, OSSL_PARAM *params)
{
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
    int parts = key->is_private ? EVP_PKEY_KEYPAIR : EVP_PKEY_PUBLIC_KEY;
    bool good = context != NULL && EVP_PKEY_fromdata_init(context) == 1 &&
                EVP_PKEY_fromdata(context, &key->key, parts, params) == 1;

    EVP_PKEY_CTX_free(context);
    return good ? NULL : not_imported;
}

static const char *read_rsa(struct arena *arena, const json_t *json, struct jwk *key)
{
    OSSL_PARAM params[PARAMS_ROOM];
    struct slice numbers[PARAMS_ROOM] = { 0 };
    size_t count = 0;

    for (const struct jwk_member *member = jwk_kind_of(key)->members; member->name != NULL;
         member++) {
        if (member->param == NULL || (member->is_private && !key->is_private))
            continue;
        if (!read_number(arena, json, member->name, &numbers[count]))
            return "lacks a member of an RSA key, or has one that is no number or too long";
        params[count] = number_param(arena, member->param, numbers[count]);
        count++;
    }
    params[count] = OSSL_PARAM_construct_end();
    const char *wrong = jwk_check_rsa(numbers[0], numbers[1]);

    return wrong != NULL ? wrong : import(key, "RSA", params);
}

static const char *read_ec(struct arena *arena, const json_t *json, struct jwk *key)
{
    size_t size = jws_algorithm(key->alg)->size;
    char point[POINT_MAX];
    char group[16];
    struct slice x;
    struct slice y;
    struct slice d;

    if (!read_bytes(arena, json, "x", size, &x) || !read_bytes(arena, json, "y", size, &y) ||
        x.len != size || y.len != size)
        return "lacks a coordinate, or has one of the wrong length";
    if (key->is_private && (!read_bytes(arena, json, "d", size, &d) || d.len != size))
        return "lacks its private part, or has one of the wrong length";
    point[0] = POINT_CONVERSION_UNCOMPRESSED;
    memcpy(point + 1, x.at, size);
    memcpy(point + 1 + size, y.at, size);
    snprintf(group, sizeof(group), "%s", jws_algorithm(key->alg)->curve);
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 0),
        OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point, 1 + 2 * size),
        key->is_private ? number_param(arena, OSSL_PKEY_PARAM_PRIV_KEY, d)
                        : OSSL_PARAM_construct_end(),
        OSSL_PARAM_construct_end(),
    };

    /* Decoding the point sees to it that both coordinates are below p and on the curve. */
    return import(key, "EC", params);
}

/* The y coordinate, little-endian under a sign bit, must be below 2^255 - 19 (RFC 8032, 5.1.3). */
static bool is_canonical_ed25519(struct slice x)
{
    const unsigned char *at = (const unsigned char *)x.at;

    if ((at[31] & 0x7f) != 0x7f)
        return true;
    for (size_t i = 30; i > 0; i--) {
        if (at[i] != 0xff)
            return true;
    }
    return at[0] < 0xed;
}

static const char *read_okp(struct arena *arena, const json_t *json, struct jwk *key)
{
    struct slice x;
    struct slice d;

    if (!read_bytes(arena, json, "x", 32, &x) || x.len != 32)
        return "lacks its public part, or has one of the wrong length";
    if (!is_canonical_ed25519(x))
        return "has a public part that is not canonical";
    if (!key->is_private) {
        key->key = EVP_PKEY_new_raw_public_key_ex(NULL, "ED25519", NULL,
                                                  (const unsigned char *)x.at, x.len);
    } else {
        if (!read_bytes(arena, json, "d", 32, &d) || d.len != 32)
            return "lacks its private part, or has one of the wrong length";
        key->key = EVP_PKEY_new_raw_private_key_ex(NULL, "ED25519", NULL,
                                                   (const unsigned char *)d.at, d.len);
    }
    return key->key != NULL ? NULL : not_imported;
}

static const char *read_oct(struct arena *arena, const json_t *json, struct jwk *key)
{
    if (!read_bytes(arena, json, "k", JWK_SECRET_MAX, &key->secret) ||
        key->secret.len < JWK_SECRET_MIN || key->secret.len > JWK_SECRET_MAX)
        return "has a secret of less than 32 or more than 1024 bytes";
    return NULL;
}

static bool array_has(const json_t *array, const char *text)
{
    const json_t *element;
    size_t i;

    json_array_foreach(array, i, element)
    {
        if (slice_is(json_slice(element), text))
            return true;
    }
    return false;
}

/* RFC 7517, 4.2 and 4.3. */
static const char *check_use(const json_t *json)
{
    const json_t *use = json_object_get(json, "use");
    const json_t *ops = json_object_get(json, "key_ops");

    if (use != NULL && !slice_is(json_slice(use), "sig"))
        return "is not for signatures";
    if (ops != NULL && !array_has(ops, "verify") && !array_has(ops, "sign"))
        return "is not for signing or verifying";
    return NULL;
}

/* A curve leaves no choice of the algorithm; an RSA key may be for several. */
static const char *read_alg(const json_t *json, struct jwk *key)
{
    const json_t *alg = json_object_get(json, "alg");
    enum jws_alg of_curve = jws_alg_of_curve(key->kty, json_member(json, "crv"));

    if ((key->kty == 'E' || key->kty == 'O') && of_curve == ALG_NONE)
        return "is on a curve that is not supported";
    key->alg = of_curve;
    if (alg == NULL)
        return key->kty == 's' ? "does not say for which algorithm it is" : NULL;
    key->alg = jws_alg_read(json_slice(alg));
    if (jws_algorithm(key->alg)->kty != key->kty || (of_curve != ALG_NONE && key->alg != of_curve))
        return "is for an algorithm that is not supported or does not fit the key";
    return NULL;
}

static const char *read_kid(struct arena *arena, const json_t *json, struct jwk *key)
{
    const json_t *kid = json_object_get(json, "kid");

    if (kid == NULL)
        return NULL;
    if (!json_is_string(kid) || json_string_length(kid) > JWK_KID_MAX)
        return "has a kid that is no string or too long";
    key->kid = arena_copy(arena, json_slice(kid));
    return NULL;
}

static bool has_private_members(const json_t *json)
{
    const struct jwk_kind *kind = jwk_kind_by_name(json_member(json, "kty"));

    for (const struct jwk_member *member = kind != NULL ? kind->members : NULL;
         member != NULL && member->name != NULL; member++) {
        if (member->is_private && json_object_get(json, member->name) != NULL)
            return true;
    }
    return false;
}

static const char *read_members(struct arena *arena, const json_t *json, struct jwk *key)
{
    switch (key->kty) {
    case 'R':
        return read_rsa(arena, json, key);
    case 'E':
        return read_ec(arena, json, key);
    case 'O':
        return read_okp(arena, json, key);
    default:
        return read_oct(arena, json, key);
    }
}

const char *jwk_read(struct arena *arena, const json_t *json, bool private_allowed,
                     struct jwk *key_r)
{
    const struct jwk_kind *kind = jwk_kind_by_name(json_member(json, "kty"));
    const char *wrong;

    if (kind == NULL || kind->kty == 0)
        return "has a kty that is not supported";
    struct jwk key = { .kty = kind->kty, .is_private = has_private_members(json) };

    if (key.is_private && !private_allowed)
        return "has private members";
    if ((wrong = check_use(json)) != NULL || (wrong = read_alg(json, &key)) != NULL ||
        (wrong = read_kid(arena, json, &key)) != NULL)
        return wrong;
    if ((wrong = read_members(arena, json, &key)) != NULL) {
        library_forget_errors();
        return wrong;
    }
    jwk_complete(arena, &key);
    *key_r = key;
    return NULL;
}

const char *jwk_set_read(struct arena *arena, const json_t *json, struct jwk_set *set_r)
{
    const json_t *keys = json_object_get(json, "keys");
    size_t count = json_array_size(keys);
    struct jwk_set set = { NULL, 0 };

    if (!json_is_array(keys))
        return "is no key set: it has no array \"keys\"";
    if (count > JWK_SET_MAX) {
        log_warn("a key set has %zu keys; all but the first %d are ignored", count, JWK_SET_MAX);
        count = JWK_SET_MAX;
    }
    for (size_t i = 0; i < count; i++) {
        if (has_private_members(json_array_get(keys, i)))
            return "is a key set with private members";
    }
    set.keys = arena_alloc(arena, count * sizeof(*set.keys));
    for (size_t i = 0; i < count; i++) {
        if (jwk_read(arena, json_array_get(keys, i), false, &set.keys[set.count]) == NULL)
            set.count++;
    }
    *set_r = set;
    return NULL;
}
