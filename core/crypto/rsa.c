#include "crypto/rsa.h"

#include "crypto/library.h"

#include <openssl/evp.h>

struct slice rsa_sign(struct arena *arena, const struct jwk *key, enum digest hash,
                      struct slice text)
{
    struct slice made = slice_none();

    if (key->kty != 'R' || !key->is_private)
        return made;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    size_t len = (size_t)EVP_PKEY_get_size(key->key);
    unsigned char *signature = arena_alloc(arena, len);

    library_must(context != NULL, "RSA");
    if (EVP_DigestSignInit_ex(context, NULL, digest_name(hash), NULL, NULL, key->key, NULL) == 1 &&
        EVP_DigestSign(context, signature, &len, (const unsigned char *)text.at, text.len) == 1)
        made = slice_make((const char *)signature, len);
    else
        library_forget_errors();
    EVP_MD_CTX_free(context);
    return made;
}

bool rsa_verify(const struct jwk *key, enum digest hash, struct slice text, struct slice signature)
{
    if (key->kty != 'R' || signature.len == 0)
        return false;
    EVP_MD_CTX *context = EVP_MD_CTX_new();

    library_must(context != NULL, "RSA");
    bool good = EVP_DigestVerifyInit_ex(context, NULL, digest_name(hash), NULL, NULL, key->key,
                                        NULL) == 1 &&
                EVP_DigestVerify(context, (const unsigned char *)signature.at, signature.len,
                                 (const unsigned char *)text.at, text.len) == 1;

    if (!good)
        library_forget_errors();
    EVP_MD_CTX_free(context);
    return good;
}
