#include "crypto/seal.h"

#include "base/codec.h"
#include "base/memory.h"
#include "base/random.h"
#include "crypto/library.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

enum {
    VERSION = 1,
    KEY_SIZE = 32,
    NAME_SIZE = 4,
    NONCE_SIZE = 12,
    TAG_SIZE = 16,
    HEAD_SIZE = 1 + NAME_SIZE
};

/* As HKDF writes it: one output, the key and then its name. */
struct seal_key {
    unsigned char key[KEY_SIZE];
    unsigned char name[NAME_SIZE];
};

struct key_ring {
    size_t count;
    struct seal_key keys[];
};

/* A sealed text taken apart, or one to be written. */
struct box {
    unsigned char *head;
    unsigned char *nonce;
    unsigned char *text;
    unsigned char *tag;
    int len; /* of `text` */
};

static void derive(EVP_KDF_CTX *hkdf, struct slice secret, const char *purpose,
                   struct seal_key *key)
{
    char digest[] = "SHA256";
    char salt[] = "cardea seal 1";
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, (void *)(uintptr_t)secret.at,
                                          secret.len),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SALT, salt, sizeof(salt) - 1),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, (void *)(uintptr_t)purpose,
                                          strlen(purpose)),
        OSSL_PARAM_construct_end(),
    };

    EVP_KDF_CTX_reset(hkdf); /* info is appended to what is there */
    library_must(EVP_KDF_derive(hkdf, (unsigned char *)key, sizeof(*key), params) == 1, "HKDF");
}

static size_t ring_size(size_t count)
{
    return sizeof(struct key_ring) + count * sizeof(struct seal_key);
}

struct key_ring *key_ring_new(const struct slice *secrets, size_t count, const char *purpose)
{
    struct key_ring *ring = mem_locked_alloc(ring_size(count));
    EVP_KDF *kdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
    EVP_KDF_CTX *hkdf = EVP_KDF_CTX_new(kdf);

    library_must(hkdf != NULL, "HKDF");
    ring->count = count;
    for (size_t i = 0; i < count; i++)
        derive(hkdf, secrets[i], purpose, &ring->keys[i]);
    EVP_KDF_CTX_free(hkdf);
    EVP_KDF_free(kdf);
    return ring;
}

void key_ring_free(struct key_ring *ring)
{
    if (ring != NULL)
        mem_locked_free(ring, ring_size(ring->count));
}

/*
 * One context for all: it is reset after each use, because it holds the expanded key in ordinary
 * memory as long as it holds one. That costs 0.3 microseconds, and only locked pages keep keys.
 */
static EVP_CIPHER_CTX *cipher_begin(const struct seal_key *key, struct slice context,
                                    const struct box *box, bool sealing)
{
    static EVP_CIPHER *cipher;
    static EVP_CIPHER_CTX *kept;
    int ignored;

    if (cipher == NULL) {
        cipher = EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL);
        kept = EVP_CIPHER_CTX_new();
    }
    library_must(context.len <= SEAL_MAX &&
                     EVP_CipherInit_ex2(kept, cipher, key->key, box->nonce, sealing, NULL) == 1 &&
                     EVP_CipherUpdate(kept, NULL, &ignored, box->head, HEAD_SIZE) == 1 &&
                     (context.len == 0 ||
                      EVP_CipherUpdate(kept, NULL, &ignored, (const unsigned char *)context.at,
                                       (int)context.len) == 1),
                 "AES-256-GCM");
    return kept;
}

static void box_seal(const struct seal_key *key, struct slice context, struct slice plain,
                     struct box *box)
{
    EVP_CIPHER_CTX *cipher = cipher_begin(key, context, box, true);
    int len = 0;
    bool good = plain.len == 0 || EVP_EncryptUpdate(cipher, box->text, &len,
                                                    (const unsigned char *)plain.at, box->len) == 1;

    library_must(good && EVP_EncryptFinal_ex(cipher, box->tag, &len) == 1 &&
                     EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_AEAD_GET_TAG, TAG_SIZE, box->tag) == 1,
                 "AES-256-GCM");
    EVP_CIPHER_CTX_reset(cipher);
}

/* `plain` has one byte more than the text: for the NUL, and so that it is never empty. */
static bool box_open(const struct seal_key *key, struct slice context, struct box *box,
                     unsigned char *plain)
{
    EVP_CIPHER_CTX *cipher = cipher_begin(key, context, box, false);
    int len = 0;
    bool good =
        (box->len == 0 || EVP_DecryptUpdate(cipher, plain, &len, box->text, box->len) == 1) &&
        EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_AEAD_SET_TAG, TAG_SIZE, box->tag) == 1 &&
        EVP_DecryptFinal_ex(cipher, plain + box->len, &len) == 1;

    EVP_CIPHER_CTX_reset(cipher);
    return good;
}

static struct box box_over(struct slice sealed)
{
    unsigned char *at = (unsigned char *)(uintptr_t)sealed.at;

    return (struct box){ .head = at,
                         .nonce = at + HEAD_SIZE,
                         .text = at + HEAD_SIZE + NONCE_SIZE,
                         .tag = at + sealed.len - TAG_SIZE,
                         .len = (int)(sealed.len - SEAL_OVERHEAD) };
}

struct slice seal(const struct key_ring *ring, struct arena *arena, struct slice context,
                  struct slice plain)
{
    library_must(ring->count > 0 && plain.len <= SEAL_MAX, "sealing without a key, or too much");
    struct slice sealed = { arena_alloc(arena, plain.len + SEAL_OVERHEAD + 1),
                            plain.len + SEAL_OVERHEAD };
    struct box box = box_over(sealed);

    box.head[0] = VERSION;
    memcpy(box.head + 1, ring->keys[0].name, NAME_SIZE);
    random_bytes(box.nonce, NONCE_SIZE);
    box_seal(&ring->keys[0], context, plain, &box);
    box.tag[TAG_SIZE] = '\0';
    return sealed;
}

/* The place of the key a sealed text names, at or behind `from`; ring->count when there is none. */
static size_t find_key(const struct key_ring *ring, struct slice sealed, size_t from)
{
    if (sealed.len < SEAL_OVERHEAD || sealed.len > SEAL_MAX + SEAL_OVERHEAD ||
        sealed.at[0] != VERSION)
        return ring->count;
    while (from < ring->count && memcmp(ring->keys[from].name, sealed.at + 1, NAME_SIZE) != 0)
        from++;
    return from;
}

bool seal_open(const struct key_ring *ring, struct arena *arena, struct slice context,
               struct slice sealed, struct slice *plain_r)
{
    size_t i = find_key(ring, sealed, 0);

    if (i == ring->count)
        return false;
    struct box box = box_over(sealed);
    char *plain = arena_alloc(arena, (size_t)box.len + 1);

    /* Two secrets may have one name: once in four thousand million pairs. */
    for (; i < ring->count; i = find_key(ring, sealed, i + 1)) {
        if (box_open(&ring->keys[i], context, &box, (unsigned char *)plain)) {
            plain[box.len] = '\0';
            *plain_r = slice_make(plain, (size_t)box.len);
            return true;
        }
    }
    mem_wipe(plain, (size_t)box.len); /* decrypted, but nobody vouches for it */
    library_forget_errors();
    return false;
}

struct slice seal_text(const struct key_ring *ring, struct arena *arena, struct slice context,
                       struct slice plain)
{
    return base64url_encode(arena, seal(ring, arena, context, plain));
}

bool seal_open_text(const struct key_ring *ring, struct arena *arena, struct slice context,
                    struct slice text, struct slice *plain_r)
{
    struct slice sealed;

    return text.len <= (size_t)SEAL_MAX * 2 && base64url_decode(arena, text, &sealed) &&
           seal_open(ring, arena, context, sealed, plain_r);
}

bool seal_is_known(const struct key_ring *ring, struct slice sealed)
{
    return find_key(ring, sealed, 0) < ring->count;
}

bool seal_is_old(const struct key_ring *ring, struct slice sealed)
{
    size_t i = find_key(ring, sealed, 0);

    return i > 0 && i < ring->count;
}
