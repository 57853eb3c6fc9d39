/*
 * Bytes from a jail that a plugin may have taken over. A frame that was read is the same after it
 * was written.
 */
#include "base/memory.h"
#include "plugin/frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void write_and_compare(const json_t *json)
{
    struct buf buf = BUF_INIT(8 * FRAME_MAX);
    const char *why;
    json_t *again;

    frame_write(&buf, json);
    if (!buf_ok(&buf) || frame_read(buf_slice(&buf), &again, &why) != (ssize_t)buf.len ||
        !json_equal(json, again))
        abort();
    json_decref(again);
    buf_release(&buf);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice rest = slice_make((const char *)data, size);
    const char *why = NULL;
    json_t *json;
    ssize_t len;

    while ((len = frame_read(rest, &json, &why)) > 0) {
        if ((size_t)len > rest.len || len <= FRAME_HEAD || !json_is_object(json))
            abort();
        write_and_compare(json);
        json_decref(json);
        rest = slice_from(rest, (size_t)len);
    }
    if (len < 0 && why == NULL)
        abort();
    return 0;
}
