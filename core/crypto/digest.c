#include "crypto/digest.h"

#include "base/codec.h"
#include "crypto/library.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>

struct algorithm {
    const char *name;
    EVP_MD *md;
    EVP_MD_CTX *hash; /* kept: a new one costs as much as a short hash */
    EVP_MAC_CTX *mac;
};

static struct algorithm algorithms[] = {
    [DIGEST_SHA256] = { .name = "SHA256" }, [DIGEST_SHA384] = { .name = "SHA384" },
    [DIGEST_SHA512] = { .name = "SHA512" }, [DIGEST_SHA1] = { .name = "SHA1" },
    [DIGEST_MD5] = { .name = "MD5" },
};

static struct algorithm *for_hashing(enum digest which)
{
    struct algorithm *algorithm = &algorithms[which];

    if (algorithm->md == NULL) {
        algorithm->md = EVP_MD_fetch(NULL, algorithm->name, NULL);
        algorithm->hash = EVP_MD_CTX_new();
        library_must(algorithm->md != NULL && algorithm->hash != NULL, algorithm->name);
    }
    return algorithm;
}

static size_t hash_pieces(enum digest which, const struct slice *pieces, size_t count,
                          unsigned char *out)
{
    const struct algorithm *algorithm = for_hashing(which);
    unsigned len = 0;
    bool good = EVP_DigestInit_ex2(algorithm->hash, algorithm->md, NULL) == 1;

    for (size_t i = 0; good && i < count; i++)
        good = EVP_DigestUpdate(algorithm->hash, pieces[i].at, pieces[i].len) == 1;
    library_must(good && EVP_DigestFinal_ex(algorithm->hash, out, &len) == 1, algorithm->name);
    return len;
}

size_t digest(enum digest which, struct slice bytes, unsigned char out[DIGEST_MAX])
{
    return hash_pieces(which, &bytes, 1, out);
}

void sha256(unsigned char out[SHA256_SIZE], const struct slice *pieces, size_t count)
{
    hash_pieces(DIGEST_SHA256, pieces, count, out);
}

struct slice sha256_text(struct arena *arena, struct slice bytes)
{
    unsigned char out[SHA256_SIZE];

    sha256(out, &bytes, 1);
    return base64url_encode(arena, slice_make((const char *)out, sizeof(out)));
}

const char *digest_name(enum digest which)
{
    return algorithms[which].name;
}

static EVP_MAC_CTX *for_mac(enum digest which)
{
    static EVP_MAC *hmac;
    struct algorithm *algorithm = &algorithms[which];
    char name[16];

    if (algorithm->mac != NULL)
        return algorithm->mac;
    snprintf(name, sizeof(name), "%s", algorithm->name);
    const OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, name, 0),
        OSSL_PARAM_construct_end(),
    };

    if (hmac == NULL)
        hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    algorithm->mac = EVP_MAC_CTX_new(hmac);
    library_must(algorithm->mac != NULL && EVP_MAC_CTX_set_params(algorithm->mac, params) == 1,
                 "HMAC");
    return algorithm->mac;
}

size_t digest_hmac(enum digest which, struct slice key, struct slice bytes,
                   unsigned char out[DIGEST_MAX])
{
    static const unsigned char no_key[1];
    EVP_MAC_CTX *mac = for_mac(which);
    size_t len = 0;
    const unsigned char *at = key.len > 0 ? (const unsigned char *)key.at : no_key;

    library_must(EVP_MAC_init(mac, at, key.len, NULL) == 1 &&
                     EVP_MAC_update(mac, (const unsigned char *)bytes.at, bytes.len) == 1 &&
                     EVP_MAC_final(mac, out, &len, DIGEST_MAX) == 1,
                 "HMAC");
    /* The kept context holds its key until it gets another one. */
    library_must(EVP_MAC_init(mac, no_key, sizeof(no_key), NULL) == 1, "HMAC");
    return len;
}
