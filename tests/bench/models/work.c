#include "tests/bench/models/work.h"

#include "base/codec.h"
#include "base/random.h"

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rsa.h>

enum {
    CLAIMS = 400
};

void work_hash(struct slice text, char hash[32])
{
    static EVP_MD *md;
    static EVP_MD_CTX *context;

    if (md == NULL) {
        md = EVP_MD_fetch(NULL, "SHA256", NULL);
        context = EVP_MD_CTX_new();
    }
    EVP_DigestInit_ex2(context, md, NULL);
    EVP_DigestUpdate(context, text.at, text.len);
    EVP_DigestFinal_ex(context, (unsigned char *)hash, NULL);
}

void work_mac(struct slice text, char mac[32])
{
    static const unsigned char key[32] = "any key";
    static EVP_MAC_CTX *context;
    size_t len;

    if (context == NULL) {
        char digest[] = "SHA256";
        const OSSL_PARAM params[] = { OSSL_PARAM_construct_utf8_string("digest", digest, 0),
                                      OSSL_PARAM_construct_end() };

        context = EVP_MAC_CTX_new(EVP_MAC_fetch(NULL, "HMAC", NULL));
        EVP_MAC_CTX_set_params(context, params);
    }
    EVP_MAC_init(context, key, sizeof(key), NULL);
    EVP_MAC_update(context, (const unsigned char *)text.at, text.len);
    EVP_MAC_final(context, (unsigned char *)mac, &len, 32);
}

/* Into a buffer that is kept. */
static struct slice base64url(struct slice bytes)
{
    static struct buf text = BUF_INIT(4096);

    buf_reset(&text);
    buf_add_base64url(&text, bytes);
    return buf_slice(&text);
}

void work_random(char text[44])
{
    char bytes[32];

    random_bytes(bytes, sizeof(bytes));
    memcpy(text, base64url(slice_make(bytes, sizeof(bytes))).at, 44);
}

static EVP_PKEY_CTX *signing_context(bool rsa)
{
    static EVP_PKEY_CTX *contexts[2];

    if (contexts[rsa] != NULL)
        return contexts[rsa];
    EVP_PKEY *key = rsa ? EVP_RSA_gen(2048) : EVP_EC_gen("P-256");

    contexts[rsa] = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
    EVP_PKEY_sign_init(contexts[rsa]);
    EVP_PKEY_CTX_set_signature_md(contexts[rsa], EVP_sha256());
    return contexts[rsa];
}

size_t work_sign(bool rsa, char *token, size_t size)
{
    static struct buf text = BUF_INIT(4096);
    static const char claims[CLAIMS] = "{";
    unsigned char signature[512];
    size_t len = sizeof(signature);
    char hash[32];

    buf_reset(&text);
    buf_add_base64url(&text, SL("{\"alg\":\"ES256\",\"kid\":\"0123456789012345678901\"}"));
    buf_add_byte(&text, '.');
    buf_add_base64url(&text, slice_make(claims, sizeof(claims)));
    work_hash(buf_slice(&text), hash);
    if (EVP_PKEY_sign(signing_context(rsa), signature, &len, (unsigned char *)hash, 32) != 1)
        abort();
    buf_add_byte(&text, '.');
    buf_add_base64url(&text, slice_make((char *)signature, len));
    len = text.len < size ? text.len : size;
    memcpy(token, text.at, len);
    return len;
}
