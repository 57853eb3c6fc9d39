#include "base/buf.h"

#include "base/memory.h"

void buf_init(struct buf *buf, size_t limit)
{
    *buf = (struct buf)BUF_INIT(limit);
}

void buf_release(struct buf *buf)
{
    mem_free(buf->at);
    buf_init(buf, buf->limit);
}

void buf_release_secret(struct buf *buf)
{
    mem_wipe(buf->at, buf->capacity);
    buf_release(buf);
}

void buf_reset(struct buf *buf)
{
    buf->len = 0;
    buf->failed = false;
    if (buf->at != NULL)
        buf->at[0] = '\0';
}

char *buf_reserve(struct buf *buf, size_t len)
{
    if (buf->failed || len > buf->limit - buf->len) {
        buf->failed = true;
        return NULL;
    }
    if (buf->len + len + 1 > buf->capacity) {
        size_t capacity = buf->capacity > 0 ? buf->capacity : 256;

        while (capacity < buf->len + len + 1)
            capacity *= 2;
        /* Not realloc(): what it leaves behind could be half a token. */
        char *grown = mem_alloc(capacity);

        if (buf->at != NULL) {
            memcpy(grown, buf->at, buf->len);
            mem_wipe(buf->at, buf->capacity); /* behind `len` may be half a text (buf_vprintf()) */
            mem_free(buf->at);
        }
        buf->at = grown;
        buf->capacity = capacity;
    }
    return buf->at + buf->len;
}

void buf_grew(struct buf *buf, size_t len)
{
    buf->len += len;
    buf->at[buf->len] = '\0';
}

void buf_add(struct buf *buf, struct slice s)
{
    char *room = buf_reserve(buf, s.len);

    if (room == NULL)
        return;
    if (s.len > 0)
        memcpy(room, s.at, s.len);
    buf_grew(buf, s.len);
}

void buf_add_text(struct buf *buf, const char *text)
{
    buf_add(buf, slice_of(text));
}

void buf_add_byte(struct buf *buf, char byte)
{
    buf_add(buf, slice_make(&byte, 1));
}

void buf_add_u64(struct buf *buf, uint64_t value)
{
    char digits[20];
    size_t at = sizeof(digits);

    do {
        digits[--at] = (char)('0' + value % 10);
        value /= 10;
    } while (value > 0);
    buf_add(buf, slice_make(digits + at, sizeof(digits) - at));
}

/* Into the room there is; only what turns out not to fit is formatted a second time. */
void buf_vprintf(struct buf *buf, const char *format, va_list args)
{
    size_t room = buf->capacity - buf->len;
    char *end = room > 0 ? buf->at + buf->len : NULL;
    va_list again;

    va_copy(again, args);
    int len = vsnprintf(end, room, format, args);
    char *place = len >= 0 ? buf_reserve(buf, (size_t)len) : NULL;

    if (place != NULL && (size_t)len >= room)
        vsnprintf(place, (size_t)len + 1, format, again);
    va_end(again);
    if (place != NULL)
        buf_grew(buf, (size_t)len);
    else if (end != NULL)
        end[0] = '\0';
    buf->failed = buf->failed || len < 0;
}

void buf_printf(struct buf *buf, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    buf_vprintf(buf, format, args);
    va_end(args);
}
