#include "crypto/jws.h"

#include "base/codec.h"
#include "crypto/algorithm.h"
#include "crypto/ecdsa.h"
#include "crypto/library.h"
#include "crypto/secret.h"

#include <openssl/core_names.h>
#include <openssl/params.h>

enum {
    TRIES = 4
};

/* A string member that may be missing; false when it is there and something else. */
static bool read_string(struct arena *arena, const json_t *header, const char *name,
                        struct slice *text_r)
{
    const json_t *value = json_object_get(header, name);

    if (value != NULL && !json_is_string(value))
        return false;
    *text_r = arena_copy(arena, json_slice(value));
    return true;
}

static const char *judge_header(struct arena *arena, const json_t *header, struct jws *jws)
{
    if (!read_string(arena, header, "alg", &jws->alg_name) || !slice_is_set(jws->alg_name))
        return "the token's header has no algorithm";
    if (json_object_get(header, "crit") != NULL || json_object_get(header, "b64") != NULL)
        return "the token's header asks for an extension (crit, b64)";
    if (!read_string(arena, header, "kid", &jws->kid) || jws->kid.len > JWK_KID_MAX)
        return "the token's kid is no string or too long";
    if (!read_string(arena, header, "typ", &jws->typ))
        return "the token's typ is no string";
    jws->alg = jws_alg_read(jws->alg_name);
    return NULL;
}

static const char *read_header(struct arena *arena, struct slice segment, struct jws *jws)
{
    const char *why;

    if (!base64url_decode(arena, segment, &jws->header))
        return "the token's header is not base64url";
    json_t *header = json_read_object(arena, jws->header, JWS_MAX, &why);

    if (header == NULL)
        return "the token's header is no JSON object";
    why = judge_header(arena, header, jws);
    json_decref(header);
    return why;
}

const char *jws_read(struct arena *arena, struct slice token, struct jws *jws_r)
{
    struct jws jws = { 0 };
    struct slice header;
    struct slice payload;
    struct slice signature;
    struct slice rest;

    if (token.len > JWS_MAX)
        return "the token is too long";
    if (!slice_cut(token, '.', &header, &rest) || !slice_cut(rest, '.', &payload, &signature) ||
        slice_has(signature, '.'))
        return "the token does not have three parts";
    const char *wrong = read_header(arena, header, &jws);

    if (wrong != NULL)
        return wrong;
    if (payload.len == 0 || !base64url_decode(arena, payload, &jws.payload))
        return "the token's payload is empty or not base64url";
    if (signature.len == 0 || !base64url_decode(arena, signature, &jws.signature))
        return "the token's signature is empty or not base64url";
    jws.signed_part = slice_sub(token, 0, header.len + 1 + payload.len);
    *jws_r = jws;
    return NULL;
}

/* OpenSSL takes the length of a text when the parameter is made, so the texts come first. */
static OSSL_PARAM text_param(const char *param, const char *text, char copy[16])
{
    snprintf(copy, 16, "%s", text);
    return OSSL_PARAM_construct_utf8_string(param, copy, 0);
}

/* Signs or verifies hashes with that key, padding and hash. NULL when the library fails. */
static EVP_PKEY_CTX *make_context(const struct jwk *key, enum jws_alg alg, bool signing)
{
    const struct jws_algorithm *algorithm = jws_algorithm(alg);
    const char *padding =
        algorithm->pss ? OSSL_PKEY_RSA_PAD_MODE_PSS : OSSL_PKEY_RSA_PAD_MODE_PKCSV15;
    char copies[3][16];
    OSSL_PARAM params[4];
    size_t count = 0;

    params[count++] =
        text_param(OSSL_SIGNATURE_PARAM_DIGEST, digest_name(algorithm->hash), copies[0]);
    if (algorithm->kty == 'R')
        params[count++] = text_param(OSSL_SIGNATURE_PARAM_PAD_MODE, padding, copies[1]);
    if (algorithm->pss)
        params[count++] = text_param(OSSL_SIGNATURE_PARAM_PSS_SALTLEN,
                                     OSSL_PKEY_RSA_PSS_SALT_LEN_DIGEST, copies[2]);
    params[count] = OSSL_PARAM_construct_end();
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_pkey(NULL, key->key, NULL);
    int (*init)(EVP_PKEY_CTX *, const OSSL_PARAM *) =
        signing ? EVP_PKEY_sign_init_ex : EVP_PKEY_verify_init_ex;

    if (context != NULL && init(context, params) == 1)
        return context;
    EVP_PKEY_CTX_free(context);
    return NULL;
}

static EVP_PKEY_CTX *kept_context(const struct jwk *key, enum jws_alg alg, bool signing)
{
    EVP_PKEY_CTX **kept = &(signing ? key->contexts->sign : key->contexts->verify)[alg];

    if (*kept == NULL)
        *kept = make_context(key, alg, signing);
    return *kept;
}

static bool verify_ed25519(const struct jws *jws, const struct jwk *key)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool good =
        EVP_DigestVerifyInit(context, NULL, NULL, NULL, key->key) == 1 &&
        EVP_DigestVerify(context, (const unsigned char *)jws->signature.at, jws->signature.len,
                         (const unsigned char *)jws->signed_part.at, jws->signed_part.len) == 1;

    EVP_MD_CTX_free(context);
    return good;
}

/* OpenSSL takes an RSASSA-PSS signature without its leading zero bytes (RFC 8017, 8.1.2 does not).
 */
static bool has_length(struct slice signature, const struct jwk *key)
{
    return key->kty != 'R' || signature.len == (size_t)EVP_PKEY_get_size(key->key);
}

static bool verify_hash(const struct jws *jws, const struct jwk *key)
{
    const struct jws_algorithm *algorithm = jws_algorithm(jws->alg);
    EVP_PKEY_CTX *context = kept_context(key, jws->alg, false);
    struct slice signature = jws->signature;
    unsigned char der[ECDSA_DER_MAX];
    unsigned char hash[DIGEST_MAX];

    if (algorithm->kty == 'E')
        signature = slice_make((const char *)der, ecdsa_to_der(signature, algorithm->size, der));
    if (context == NULL || signature.len == 0 || !has_length(signature, key))
        return false;
    size_t len = digest(algorithm->hash, jws->signed_part, hash);

    return EVP_PKEY_verify(context, (const unsigned char *)signature.at, signature.len, hash,
                           len) == 1;
}

static bool verify_secret(const struct jws *jws, const struct jwk *key)
{
    unsigned char mac[DIGEST_MAX];
    size_t len = digest_hmac(jws_algorithm(jws->alg)->hash, key->secret, jws->signed_part, mac);

    return key->secret.len > 0 && jws->signature.len == len &&
           secret_equal_bytes(jws->signature.at, mac, len);
}

static bool verify_with(const struct jws *jws, const struct jwk *key)
{
    bool good = false;

    switch (key->kty) {
    case 's':
        return verify_secret(jws, key);
    case 'O':
        good = verify_ed25519(jws, key);
        break;
    default:
        good = verify_hash(jws, key);
    }
    if (!good)
        library_forget_errors();
    return good;
}

static bool is_named(const struct jwk *key, struct slice kid)
{
    if (!slice_is_set(kid) || (key->kty == 's' && !slice_is_set(key->kid)))
        return true;
    return slice_is_set(key->kid) && slice_equal(key->kid, kid);
}

/* The key's kind must be that of the algorithm: an RSA key is never taken for an HMAC secret. */
static bool fits(const struct jwk *key, enum jws_alg alg)
{
    return key->kty == jws_algorithm(alg)->kty && (key->alg == ALG_NONE || key->alg == alg);
}

enum jws_verdict jws_verify(const struct jws *jws, const struct jwk_set *keys, jws_algs pinned)
{
    bool by_name = slice_is_set(jws->kid);
    size_t named = 0;
    size_t tried = 0;

    if (jws->alg == ALG_NONE || (pinned & 1U << jws->alg) == 0)
        return JWS_BAD_ALGORITHM;
    for (size_t i = 0; i < keys->count && tried < TRIES; i++) {
        if (!is_named(&keys->keys[i], jws->kid))
            continue;
        named++;
        if (!fits(&keys->keys[i], jws->alg))
            continue;
        tried++;
        if (verify_with(jws, &keys->keys[i]))
            return JWS_GOOD;
    }
    if (tried > 0)
        return JWS_BAD_SIGNATURE;
    return by_name && named > 0 ? JWS_BAD_ALGORITHM : JWS_UNKNOWN_KEY;
}

const char *jws_verdict_text(enum jws_verdict verdict)
{
    static const char *const texts[] = {
        [JWS_GOOD] = "the signature is good",
        [JWS_BAD_ALGORITHM] = "the algorithm is not one that is accepted here, or not the key's",
        [JWS_UNKNOWN_KEY] = "no known key has the token's kid or fits its algorithm",
        [JWS_BAD_SIGNATURE] = "the signature does not fit the token",
    };

    return texts[verdict];
}

static size_t sign_ed25519(const struct jwk *key, struct slice text, unsigned char *signature)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    size_t len = JWS_SIGNATURE_MAX;
    bool good =
        EVP_DigestSignInit(context, NULL, NULL, NULL, key->key) == 1 &&
        EVP_DigestSign(context, signature, &len, (const unsigned char *)text.at, text.len) == 1;

    EVP_MD_CTX_free(context);
    return good ? len : 0;
}

static size_t sign_hash(const struct jwk *key, struct slice text, unsigned char *signature)
{
    const struct jws_algorithm *algorithm = jws_algorithm(key->alg);
    EVP_PKEY_CTX *context = kept_context(key, key->alg, true);
    unsigned char hash[DIGEST_MAX];
    size_t len = JWS_SIGNATURE_MAX;
    size_t hash_len = digest(algorithm->hash, text, hash);

    if (context == NULL || EVP_PKEY_sign(context, signature, &len, hash, hash_len) != 1)
        return 0;
    if (algorithm->kty != 'E')
        return len;
    unsigned char der[ECDSA_DER_MAX];

    if (len > sizeof(der))
        return 0;
    memcpy(der, signature, len);
    return ecdsa_from_der(slice_make((const char *)der, len), algorithm->size, signature)
               ? 2 * algorithm->size
               : 0;
}

/* Writes the signature, returns its length, 0 when the library fails. */
static size_t sign_text(const struct jwk *key, struct slice text, unsigned char *signature)
{
    switch (key->is_private && fits(key, key->alg) ? key->kty : 0) {
    case 's':
        return key->secret.len > 0
                   ? digest_hmac(jws_algorithm(key->alg)->hash, key->secret, text, signature)
                   : 0;
    case 'O':
        return sign_ed25519(key, text, signature);
    case 'E':
    case 'R':
        return sign_hash(key, text, signature);
    default:
        return 0;
    }
}

/* `header` is JSON. */
static struct slice sign_parts(struct arena *arena, const struct jwk *key, const struct buf *header,
                               struct slice payload)
{
    unsigned char signature[JWS_SIGNATURE_MAX];
    struct buf token = BUF_INIT(JWS_MAX);
    struct slice text = slice_none();

    buf_add_base64url(&token, buf_slice(header));
    buf_add_byte(&token, '.');
    buf_add_base64url(&token, payload);
    size_t len =
        buf_ok(header) && buf_ok(&token) ? sign_text(key, buf_slice(&token), signature) : 0;

    buf_add_byte(&token, '.');
    buf_add_base64url(&token, slice_make((const char *)signature, len));
    if (len > 0 && buf_ok(&token))
        text = arena_copy(arena, buf_slice(&token));
    else
        library_forget_errors();
    buf_release_secret(&token);
    return text;
}

struct slice jws_sign(struct arena *arena, const struct jwk *key, const char *typ,
                      struct slice payload)
{
    struct buf header = BUF_INIT(JWS_MAX);

    buf_printf(&header, "{\"alg\":\"%s\"", jws_alg_name(key->alg));
    if (slice_is_set(key->kid)) {
        buf_add_text(&header, ",\"kid\":");
        buf_add_json(&header, key->kid);
    }
    if (typ != NULL) {
        buf_add_text(&header, ",\"typ\":");
        buf_add_json(&header, slice_of(typ));
    }
    buf_add_byte(&header, '}');
    struct slice token = sign_parts(arena, key, &header, payload);

    buf_release(&header);
    return token;
}

struct slice jws_sign_with(struct arena *arena, const struct jwk *key, const json_t *members,
                           struct slice payload)
{
    static const char *const ours[] = { "alg", "crit", "b64" };
    struct buf header = BUF_INIT(JWS_MAX);
    json_t *whole = json_object();

    for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++)
        header.failed = header.failed || json_object_get(members, ours[i]) != NULL;
    json_object_set_new(whole, "alg", json_string(jws_alg_name(key->alg)));
    json_set_slice(whole, "kid", key->kid);
    json_object_update(whole, (json_t *)(uintptr_t)members);
    buf_add_json_value(&header, whole);
    json_decref(whole);
    struct slice token = sign_parts(arena, key, &header, payload);

    buf_release(&header);
    return token;
}

size_t jws_signature(const struct jwk *key, struct slice text,
                     unsigned char signature[JWS_SIGNATURE_MAX])
{
    size_t len = sign_text(key, text, signature);

    if (len == 0)
        library_forget_errors();
    return len;
}

struct slice jws_half_hash(struct arena *arena, enum jws_alg alg, struct slice text)
{
    const struct jws_algorithm *algorithm = jws_algorithm(alg);
    unsigned char hash[DIGEST_MAX];

    if (algorithm->kty == 0)
        return slice_none();
    size_t len = digest(algorithm->hash, text, hash);

    return base64url_encode(arena, slice_make((const char *)hash, len / 2));
}
