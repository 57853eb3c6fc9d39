/*
 * A sealed text (a cookie, a record) against a fixed ring, as bytes and as base64url. The good
 * seeds hold the same plain text: another one that opens would be a forgery.
 */
#include "crypto/seal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct slice secrets[] = {
    SLICE("the first secret, of forty-two characters!"),
    SLICE("the second secret is as long as it needs be"),
};

static void expect(struct slice plain)
{
    if (!slice_equal(plain, SL("sealed elsewhere")))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct key_ring *ring;
    struct arena arena = { 0 };
    struct slice text = slice_make((const char *)data, size);
    struct slice plain;

    if (ring == NULL)
        ring = key_ring_new(secrets, 2, "store");
    if (seal_open(ring, &arena, SL("session:1"), text, &plain))
        expect(plain);
    if (seal_open_text(ring, &arena, SL("session:1"), text, &plain))
        expect(plain);
    seal_is_old(ring, text);
    arena_release(&arena);
    return 0;
}
