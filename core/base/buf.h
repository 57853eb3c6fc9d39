/*
 * A growing buffer, created with its limit.
 *
 * Every append can fail on the limit; a failed buffer stays failed and ignores what comes after, so
 * that a writer appends freely and asks `buf_ok()` once at the end. There is no append without a
 * limit in Cardea.
 */
#ifndef CARDEA_BASE_BUF_H
#define CARDEA_BASE_BUF_H

#include "base/slice.h"

#include <stdarg.h>

struct buf {
    char *at; /* always NUL-terminated once something was appended */
    size_t len;
    size_t capacity;
    size_t limit; /* `len` never passes it */
    bool failed;  /* an append would have passed the limit */
};

#define BUF_INIT(max)                                                                              \
    {                                                                                              \
        .limit = (max)                                                                             \
    }

void buf_init(struct buf *buf, size_t limit);
/* Frees. Accepts a zeroed struct. */
void buf_release(struct buf *buf);
/* Wipes what was written, then frees: for tokens and secrets. */
void buf_release_secret(struct buf *buf);
/* Empty again, with its memory and limit. */
void buf_reset(struct buf *buf);

void buf_add(struct buf *buf, struct slice s);
void buf_add_text(struct buf *buf, const char *text);
void buf_add_byte(struct buf *buf, char byte);
void buf_add_u64(struct buf *buf, uint64_t value);
void buf_printf(struct buf *buf, const char *format, ...) __attribute__((format(printf, 2, 3)));
void buf_vprintf(struct buf *buf, const char *format, va_list args)
    __attribute__((format(printf, 2, 0)));

/*
 * Room for `len` bytes more, to be written by the caller and then counted with buf_grew(). NULL,
 * and the buffer has failed, when they would pass the limit.
 */
char *buf_reserve(struct buf *buf, size_t len);
void buf_grew(struct buf *buf, size_t len);

static inline bool buf_ok(const struct buf *buf)
{
    return !buf->failed;
}

/* What was written; valid until the next append. Never absent. */
static inline struct slice buf_slice(const struct buf *buf)
{
    return slice_make(buf->at != NULL ? buf->at : "", buf->len);
}

#endif
