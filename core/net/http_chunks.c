#include "net/http_parse.h"

enum {
    CHUNK_LINE_MAX = 256, /* a size and its extensions, which nobody uses */
    CHUNK_DIGITS_MAX = 16,
    TRAILER_MAX = 4096
};

/* size [;extension] CRLF data CRLF ... 0 CRLF trailers CRLF; the order of the states matters. */
enum {
    CHUNK_SIZE,
    CHUNK_EXTENSION,
    CHUNK_SIZE_LF,
    CHUNK_DATA,
    CHUNK_DATA_CR,
    CHUNK_DATA_LF,
    TRAILER_START,
    TRAILER_NAME,
    TRAILER_VALUE,
    TRAILER_LF,
    CHUNKS_END_LF,
    CHUNKS_END,
    CHUNKS_BROKEN /* a byte that cannot stand where it stood */
};

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static int take_size(struct http_chunks *chunks, char c)
{
    int digit = hex_digit(c);

    if (digit >= 0 && chunks->digits < CHUNK_DIGITS_MAX) {
        chunks->left = chunks->left << 4 | (unsigned)digit;
        chunks->digits++;
        return CHUNK_SIZE;
    }
    if (chunks->digits == 0)
        return CHUNKS_BROKEN;
    return c == ';' ? CHUNK_EXTENSION : c == '\r' ? CHUNK_SIZE_LF : CHUNKS_BROKEN;
}

/* What nobody reads, up to its CR. */
static int skip_line(char c, int state, int after)
{
    if (c == '\r')
        return after;
    return http_value_is_valid(slice_make(&c, 1)) ? state : CHUNKS_BROKEN;
}

static int take_trailer(int state, char c)
{
    if (state == TRAILER_START && c == '\r')
        return CHUNKS_END_LF;
    if (state == TRAILER_VALUE)
        return skip_line(c, TRAILER_VALUE, TRAILER_LF);
    if (state == TRAILER_NAME && c == ':')
        return TRAILER_VALUE;
    return http_token_is_valid(slice_make(&c, 1)) ? TRAILER_NAME : CHUNKS_BROKEN;
}

static int after_size(struct http_chunks *chunks)
{
    chunks->digits = 0;
    chunks->line = 0;
    return chunks->left > 0 ? CHUNK_DATA : TRAILER_START;
}

/* One byte that is not data. */
static int take_byte(struct http_chunks *chunks, char c)
{
    switch (chunks->state) {
    case CHUNK_SIZE:
        return take_size(chunks, c);
    case CHUNK_EXTENSION:
        return skip_line(c, CHUNK_EXTENSION, CHUNK_SIZE_LF);
    case CHUNK_SIZE_LF:
        return c == '\n' ? after_size(chunks) : CHUNKS_BROKEN;
    case CHUNK_DATA_CR:
        return c == '\r' ? CHUNK_DATA_LF : CHUNKS_BROKEN;
    case CHUNK_DATA_LF:
        return c == '\n' ? CHUNK_SIZE : CHUNKS_BROKEN;
    case TRAILER_LF:
        return c == '\n' ? TRAILER_START : CHUNKS_BROKEN;
    case CHUNKS_END_LF:
        return c == '\n' ? CHUNKS_END : CHUNKS_BROKEN;
    default:
        return take_trailer(chunks->state, c);
    }
}

static size_t take_data(struct http_chunks *chunks, struct slice bytes, struct buf *body)
{
    struct slice data = slice_sub(bytes, 0, chunks->left);

    buf_add(body, data);
    chunks->left -= data.len;
    if (chunks->left == 0)
        chunks->state = CHUNK_DATA_CR;
    return data.len;
}

static int judge(const struct http_chunks *chunks, const struct buf *body, const char **why_r)
{
    if (chunks->state == CHUNK_DATA && chunks->left > body->limit - body->len) {
        *why_r = "has too long a body";
        return 413;
    }
    if (chunks->state == CHUNKS_BROKEN)
        *why_r = "has a broken chunk";
    else if (chunks->line > CHUNK_LINE_MAX || chunks->trailer > TRAILER_MAX)
        *why_r = "has too long a chunk header or trailer";
    else
        return 0;
    return 400;
}

int http_chunks_take(struct http_chunks *chunks, struct slice bytes, struct buf *body,
                     size_t *used_r, const char **why_r)
{
    size_t at = 0;
    int status;

    while (at < bytes.len && chunks->state != CHUNKS_END) {
        if (chunks->state == CHUNK_DATA) {
            at += take_data(chunks, slice_from(bytes, at), body);
            continue;
        }
        chunks->line += chunks->state < CHUNK_DATA;
        chunks->trailer += chunks->state >= TRAILER_START;
        chunks->state = take_byte(chunks, bytes.at[at++]);
        if ((status = judge(chunks, body, why_r)) != 0)
            return status;
    }
    *used_r = at;
    return chunks->state == CHUNKS_END;
}
