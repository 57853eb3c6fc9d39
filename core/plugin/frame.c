#include "plugin/frame.h"

void frame_write(struct buf *buf, const json_t *json)
{
    size_t start = buf->len;

    buf_add(buf, slice_make("\0\0\0\0", FRAME_HEAD));
    buf_add_json_value(buf, json);
    size_t len = buf->len - start - FRAME_HEAD;

    if (!buf_ok(buf) || len > FRAME_MAX) {
        buf->failed = true;
        return;
    }
    for (int i = 0; i < FRAME_HEAD; i++)
        buf->at[start + (size_t)i] = (char)(len >> (24 - 8 * i) & 0xff);
}

ssize_t frame_read(struct slice bytes, json_t **json_r, const char **why_r)
{
    struct arena arena = { 0 };
    size_t len = 0;

    if (bytes.len < FRAME_HEAD)
        return 0;
    for (int i = 0; i < FRAME_HEAD; i++)
        len = len << 8 | (unsigned char)bytes.at[i];
    if (len > FRAME_MAX) {
        *why_r = "a frame is longer than 4 MiB";
        return -1;
    }
    if (bytes.len < FRAME_HEAD + len)
        return 0;
    *json_r = json_read_object(&arena, slice_sub(bytes, FRAME_HEAD, len), FRAME_MAX, why_r);
    arena_release(&arena);
    if (*json_r != NULL && json_member(*json_r, "type").len > 0)
        return (ssize_t)(FRAME_HEAD + len);
    if (*json_r != NULL)
        json_decref(*json_r);
    *why_r = "a frame holds no typed object";
    return -1;
}

bool frame_is(const json_t *frame, const char *type)
{
    return slice_is(json_member(frame, "type"), type);
}
