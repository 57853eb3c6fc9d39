#include "crypto/secret.h"

#include "base/codec.h"
#include "base/memory.h"
#include "crypto/digest.h"

#include <openssl/crypto.h>

static const struct slice hash_prefix = SLICE("sha256:");

bool secret_equal_bytes(const void *a, const void *b, size_t len)
{
    return CRYPTO_memcmp(a, b, len) == 0;
}

bool secret_equal(struct slice given, struct slice expected)
{
    unsigned char hashes[2][SHA256_SIZE];

    sha256(hashes[0], &given, 1);
    sha256(hashes[1], &expected, 1);
    bool equal = secret_equal_bytes(hashes[0], hashes[1], SHA256_SIZE);

    mem_wipe(hashes, sizeof(hashes));
    return equal && given.len > 0 && expected.len > 0;
}

const char *secret_name(struct slice secret)
{
    static char names[4][9];
    static unsigned next;
    /* Another text than the one by which records are found: a log line must not name the record. */
    const struct slice pieces[] = { SLICE("cardea log: "), secret };
    unsigned char hash[SHA256_SIZE];
    struct arena arena = { 0 };
    char *name = names[next++ % 4];

    sha256(hash, pieces, 2);
    memcpy(name, base64url_encode(&arena, slice_make((const char *)hash, 6)).at, 9);
    arena_release(&arena);
    return name;
}

struct slice secret_hash(struct arena *arena, struct slice secret)
{
    return arena_join(arena, hash_prefix, sha256_text(arena, secret));
}

const char *secret_hash_read(struct arena *arena, struct slice hash, struct slice *digest_r)
{
    struct slice bytes;

    if (!slice_starts(hash, hash_prefix))
        return "does not begin with \"sha256:\" (\"cardea secret\" makes such a hash)";
    if (hash.len > 64 || !base64url_decode(arena, slice_from(hash, hash_prefix.len), &bytes))
        return "is not base64url behind \"sha256:\"";
    if (bytes.len != SHA256_SIZE)
        return "does not have 32 bytes behind \"sha256:\"";
    *digest_r = bytes;
    return NULL;
}

struct slice secret_digest(struct arena *arena, struct slice secret)
{
    unsigned char hash[SHA256_SIZE];

    sha256(hash, &secret, 1);
    return arena_copy(arena, slice_make((const char *)hash, sizeof(hash)));
}

bool secret_matches(struct slice given, struct slice digest)
{
    unsigned char own[SHA256_SIZE];

    sha256(own, &given, 1);
    bool equal = digest.len == sizeof(own) && secret_equal_bytes(own, digest.at, sizeof(own));

    mem_wipe(own, sizeof(own));
    return equal && given.len > 0;
}
