/*
 * A chunked body from a stranger: the same in one piece and in pieces, and never beyond its limit.
 * The first byte says how long the pieces are.
 */
#include "net/http_parse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
    BODY_MAX = 600
};

static void expect(bool condition)
{
    if (!condition)
        abort();
}

struct outcome {
    int status;
    size_t used;
};

static struct outcome take(struct slice bytes, size_t step, struct buf *body)
{
    struct http_chunks chunks = { 0 };
    struct outcome outcome = { 0 };
    const char *why = NULL;

    while (outcome.status == 0 && outcome.used < bytes.len) {
        struct slice piece = slice_sub(bytes, outcome.used, step);
        size_t used = 0;

        outcome.status = http_chunks_take(&chunks, piece, body, &used, &why);
        if (outcome.status <= 1) {
            expect(used <= piece.len && (outcome.status == 1 || used == piece.len));
            outcome.used += used;
        } else {
            expect(why != NULL && (outcome.status == 400 || outcome.status == 413));
        }
    }
    expect(buf_ok(body) && body->len <= BODY_MAX);
    return outcome;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    struct slice bytes = slice_make((const char *)data + 1, size - 1);
    struct buf whole = BUF_INIT(BODY_MAX);
    struct buf parts = BUF_INIT(BODY_MAX);
    struct outcome at_once = take(bytes, bytes.len, &whole);
    struct outcome piecewise = take(bytes, 1 + data[0] % 16, &parts);

    expect(at_once.status == piecewise.status);
    expect(slice_equal(buf_slice(&whole), buf_slice(&parts)));
    if (at_once.status == 1)
        expect(at_once.used == piecewise.used);
    buf_release(&whole);
    buf_release(&parts);
    return 0;
}
