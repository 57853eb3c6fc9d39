#include "crypto/algorithm.h"
#include "crypto/jwk_kind.h"
#include "crypto/library.h"

#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/pem.h>

static const struct {
    const char *group;
    enum jws_alg alg;
} curves[] = {
    { "prime256v1", ALG_ES256 },
    { "secp384r1", ALG_ES384 },
    { "secp521r1", ALG_ES512 },
};

/* Without this OpenSSL asks on the terminal. */
static int no_password(char *buffer, int size, int writing, void *context)
{
    (void)buffer, (void)size, (void)writing, (void)context;
    return -1;
}

static EVP_PKEY *decode(struct slice pem)
{
    BIO *bio = BIO_new_mem_buf(pem.at, (int)pem.len);
    EVP_PKEY *key = PEM_read_bio_PrivateKey_ex(bio, NULL, no_password, NULL, NULL, NULL);

    BIO_free(bio);
    return key;
}

static const char *check_rsa_key(EVP_PKEY *pkey)
{
    unsigned char modulus[1024];
    unsigned char exponent[8];
    BIGNUM *n = NULL;
    BIGNUM *e = NULL;
    const char *wrong = "has an RSA modulus or exponent that is too long";

    if (EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_RSA_N, &n) == 1 &&
        EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_RSA_E, &e) == 1 &&
        BN_num_bytes(n) <= (int)sizeof(modulus) && BN_num_bytes(e) <= (int)sizeof(exponent))
        wrong = jwk_check_rsa(slice_make((const char *)modulus, (size_t)BN_bn2bin(n, modulus)),
                              slice_make((const char *)exponent, (size_t)BN_bn2bin(e, exponent)));
    BN_free(n);
    BN_free(e);
    return wrong;
}

/*
 * OpenSSL has names of its own for the curves. A key that spells its curve out is refused even when
 * the curve is one of ours: such parameters are made to deceive (CVE-2020-0601, CVE-2022-0778).
 */
static enum jws_alg alg_of_group(EVP_PKEY *pkey)
{
    char group[64];
    size_t len;
    int spelt_out = 0;

    if (EVP_PKEY_get_int_param(pkey, OSSL_PKEY_PARAM_EC_DECODED_FROM_EXPLICIT_PARAMS, &spelt_out) !=
            1 ||
        spelt_out != 0 || EVP_PKEY_get_group_name(pkey, group, sizeof(group), &len) != 1)
        return ALG_NONE;
    for (size_t i = 0; i < sizeof(curves) / sizeof(curves[0]); i++) {
        if (strcmp(group, curves[i].group) == 0)
            return curves[i].alg;
    }
    return ALG_NONE;
}

static const char *classify(struct jwk *key)
{
    if (EVP_PKEY_is_a(key->key, "RSA"))
        key->alg = ALG_RS256;
    else if (EVP_PKEY_is_a(key->key, "ED25519"))
        key->alg = ALG_EDDSA;
    else if (EVP_PKEY_is_a(key->key, "EC"))
        key->alg = alg_of_group(key->key);
    key->kty = jws_algorithm(key->alg)->kty;
    if (key->alg == ALG_NONE)
        return "is no RSA, P-256, P-384, P-521 or Ed25519 key";
    return key->kty == 'R' ? check_rsa_key(key->key) : NULL;
}

/* Fails too when there is no private half at all. */
static const char *check_pair(const struct jwk *key)
{
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_pkey(NULL, key->key, NULL);
    bool good = context != NULL && EVP_PKEY_pairwise_check(context) == 1;

    EVP_PKEY_CTX_free(context);
    return good ? NULL : "has a private part that does not belong to its public part";
}

const char *jwk_read_pem(struct arena *arena, struct slice pem, struct jwk *key_r)
{
    struct jwk key = { .is_private = true };
    const char *wrong = NULL;

    if (pem.len > JWK_PEM_MAX)
        return "is longer than 32 kB";
    key.key = decode(pem);
    if (key.key == NULL)
        wrong = "is no private key in PEM, or an encrypted one";
    if (wrong == NULL)
        wrong = classify(&key);
    if (wrong == NULL)
        wrong = check_pair(&key);
    if (wrong != NULL) {
        library_forget_errors();
        jwk_release(&key);
        return wrong;
    }
    jwk_complete(arena, &key);
    *key_r = key;
    return NULL;
}

/* DER of the certificate, to be freed by OpenSSL; its length, or 0. */
static int certificate_of(struct slice pem, const struct jwk *key, unsigned char **der)
{
    BIO *bio = BIO_new_mem_buf(pem.at, (int)pem.len);
    X509 *certificate = PEM_read_bio_X509(bio, NULL, no_password, NULL);
    int len = 0;

    if (certificate != NULL && EVP_PKEY_eq(X509_get0_pubkey(certificate), key->key) == 1)
        len = i2d_X509(certificate, der);
    X509_free(certificate);
    BIO_free(bio);
    library_forget_errors();
    return len > 0 ? len : 0;
}

struct slice jwk_pem_certificate(struct arena *arena, struct slice pem, const struct jwk *key)
{
    unsigned char *der = NULL;
    int len = pem.len <= JWK_PEM_MAX && key->key != NULL ? certificate_of(pem, key, &der) : 0;
    struct slice hash = slice_none();

    if (len > 0)
        hash = sha256_text(arena, slice_make((const char *)der, (size_t)len));
    OPENSSL_free(der);
    return hash;
}

struct slice jwk_write_pem(struct arena *arena, const struct jwk *key)
{
    BIO *bio = BIO_new(BIO_s_mem());
    struct slice pem = slice_none();
    char *text = NULL;

    if (key->is_private && key->key != NULL &&
        PEM_write_bio_PKCS8PrivateKey(bio, key->key, NULL, NULL, 0, NULL, NULL) == 1) {
        long len = BIO_get_mem_data(bio, &text);

        pem = arena_copy(arena, slice_make(text, (size_t)len));
    }
    BIO_free(bio);
    library_forget_errors();
    return pem;
}
