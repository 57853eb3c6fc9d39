/*
 * HTTP/1.1 heads and bodies, read strictly (RFC 9112). Pure: bytes in, structs out.
 *
 * Whatever two readers could understand differently is refused: bare LF, a lone CR, obs-fold, white
 * space before a colon, NUL and other control characters, two Content-Length, Content-Length
 * together with Transfer-Encoding, any coding but a single "chunked", odd chunk sizes, no Host or
 * two, a Host that is not a plain host and port, two Authorization or Content-Type, a target that
 * is not in origin form, and any version but 1.0 and 1.1. 1.0 gets no chunked body and no
 * keep-alive.
 */
#ifndef CARDEA_NET_HTTP_PARSE_H
#define CARDEA_NET_HTTP_PARSE_H

#include "base/arena.h"
#include "base/buf.h"

enum http_method {
    HTTP_GET = 1,
    HTTP_HEAD = 2,
    HTTP_POST = 4,
    HTTP_PUT = 8,
    HTTP_DELETE = 16,
    HTTP_OPTIONS = 32,
    HTTP_PATCH = 64,
    HTTP_METHOD_OTHER = 128 /* a valid token that we do not serve */
};

/* "GET"; the name of one method, static. */
const char *http_method_name(enum http_method method);

struct http_header {
    struct slice name;
    struct slice value; /* without the white space around it */
};

enum http_body_kind {
    HTTP_BODY_NONE,
    HTTP_BODY_LENGTH,
    HTTP_BODY_CHUNKED
};

struct http_limits {
    size_t head;    /* bytes of request line and headers together */
    size_t target;  /* bytes of the request target */
    size_t headers; /* how many */
    size_t body;
};

struct http_head {
    enum http_method method;
    struct slice target; /* as sent: origin form, or "*" with OPTIONS */
    struct slice path;   /* the target before '?', still encoded */
    struct slice query;  /* behind it; absent when there is no '?' */
    int minor;           /* HTTP/1.minor */
    struct http_header *headers;
    size_t header_count;
    struct slice host; /* with its port; absent only in HTTP/1.0 */
    enum http_body_kind body;
    uint64_t content_length;
    bool keep_alive;
    bool expects_continue;
};

/*
 * Where the head ends (behind its empty line) in `bytes`, or 0 when it does not end yet. `*line` is
 * where the last unfinished line begins: 0 for a new head, then kept by the caller, so that a head
 * that comes byte by byte is not read again from its start each time. A line that ends with a bare
 * LF ends a head too, so that http_head_read() refuses it at once. One empty line in front is
 * allowed (RFC 9112, 2.2).
 */
size_t http_head_end(struct slice bytes, size_t *line);

/*
 * Judges the beginning of a head that has not ended yet: 0 while it may still become good, or the
 * status to refuse with (400, 414, 431) and a sentence.
 */
int http_head_check_part(struct slice bytes, const struct http_limits *limits, const char **why_r);

/*
 * Reads a complete head, `bytes` being exactly what http_head_end() measured; slices of the result
 * point into `bytes`, the header array lies in the arena. Returns 0, or the status to refuse with
 * (400, 413, 414, 415, 417, 431, 501, 505) and a sentence for the log in `*why_r` (static). 415 is
 * for a body in a content coding: what is small on the wire must not be large in memory.
 */
int http_head_read(struct arena *arena, struct slice bytes, const struct http_limits *limits,
                   struct http_head *head_r, const char **why_r);

/* The value of the header of that name; absent when there is none. `http_header_count` tells
 * doubles. */
struct slice http_header(const struct http_head *head, const char *name);
size_t http_header_count(const struct http_head *head, const char *name);

/* A chunked body on its way (RFC 9112, 7.1). Zeroed is the beginning. */
struct http_chunks {
    int state;
    unsigned digits; /* of the present chunk's size, so far */
    uint64_t left;   /* bytes of the present chunk still to come */
    size_t line;     /* bytes of the present line so far */
    size_t trailer;  /* bytes of trailers so far */
};

/*
 * Takes bytes of a chunked body: appends what they carry to `body` (whose limit is the limit of the
 * body) and tells in `*used_r` how many were used. Returns 0 for "more, please", 1 for "that was
 * the end", or the status to refuse with and a sentence.
 */
int http_chunks_take(struct http_chunks *chunks, struct slice bytes, struct buf *body,
                     size_t *used_r, const char **why_r);

/* Is that a value a header may have: visible ASCII, space, tab, and bytes from 0x80 on? */
bool http_value_is_valid(struct slice value);
/* Is that a token (RFC 9110, 5.6.2), as methods and names of headers are? */
bool http_token_is_valid(struct slice token);

/*
 * A request path, decoded once, for routing: absent when it has an escaped '/', NUL, or control
 * character, an empty, "." or ".." segment, or invalid UTF-8. All of these are answered with 404.
 */
struct slice http_path_decode(struct arena *arena, struct slice path);

#endif
