#include "net/http_parse.h"

#include "base/codec.h"

#include <arpa/inet.h>

enum {
    METHOD_MAX = 32,                    /* longer is nobody's method */
    REQUEST_LINE_REST = METHOD_MAX + 11 /* all of a request line but its target */
};

/* What a byte may be part of. */
enum {
    IN_TOKEN = 1,  /* RFC 9110, 5.6.2 */
    IN_TARGET = 2, /* visible but '#': browsers escape less than RFC 3986 asks for */
    IN_VALUE = 4,  /* RFC 9110, 5.5 */
    IN_HOST = 8
};

#define IN_SIGN  (IN_TARGET | IN_VALUE)
#define IN_MARK  (IN_TOKEN | IN_TARGET | IN_VALUE)
#define IN_ALNUM (IN_MARK | IN_HOST)

static const unsigned char classes[256] = {
    ['\t'] = IN_VALUE,
    [' '] = IN_VALUE,
    ['!'] = IN_MARK,
    ['"'] = IN_SIGN,
    ['#'] = IN_TOKEN | IN_VALUE,
    ['$' ... '\''] = IN_MARK,
    ['('] = IN_SIGN,
    [')'] = IN_SIGN,
    ['*'] = IN_MARK,
    ['+'] = IN_MARK,
    [','] = IN_SIGN,
    ['-'] = IN_ALNUM,
    ['.'] = IN_ALNUM,
    ['/'] = IN_SIGN,
    ['0' ... '9'] = IN_ALNUM,
    [':' ... '@'] = IN_SIGN,
    ['A' ... 'Z'] = IN_ALNUM,
    ['[' ... ']'] = IN_SIGN,
    ['^'] = IN_MARK,
    ['_'] = IN_ALNUM,
    ['`'] = IN_MARK,
    ['a' ... 'z'] = IN_ALNUM,
    ['{'] = IN_SIGN,
    ['|'] = IN_MARK,
    ['}'] = IN_SIGN,
    ['~'] = IN_MARK,
    [0x80 ... 0xff] = IN_VALUE,
};

static bool is_in(char c, unsigned class)
{
    return (classes[(unsigned char)c] & class) != 0;
}

static bool all_in(struct slice s, unsigned class)
{
    for (size_t i = 0; i < s.len; i++) {
        if (!is_in(s.at[i], class))
            return false;
    }
    return true;
}

bool http_value_is_valid(struct slice value)
{
    return all_in(value, IN_VALUE);
}

bool http_token_is_valid(struct slice token)
{
    return token.len > 0 && all_in(token, IN_TOKEN);
}

static int refuse(int status, const char *why, const char **why_r)
{
    *why_r = why;
    return status;
}

static const struct {
    struct slice name;
    enum http_method method;
} methods[] = {
    { SLICE("GET"), HTTP_GET },       { SLICE("HEAD"), HTTP_HEAD },
    { SLICE("POST"), HTTP_POST },     { SLICE("PUT"), HTTP_PUT },
    { SLICE("DELETE"), HTTP_DELETE }, { SLICE("OPTIONS"), HTTP_OPTIONS },
    { SLICE("PATCH"), HTTP_PATCH },
};

enum {
    METHODS = sizeof(methods) / sizeof(methods[0])
};

const char *http_method_name(enum http_method method)
{
    for (size_t i = 0; i < METHODS; i++) {
        if (methods[i].method == method)
            return methods[i].name.at;
    }
    return "OTHER";
}

size_t http_head_end(struct slice bytes, size_t *line)
{
    size_t at = *line;

    while (at < bytes.len) {
        const char *lf = memchr(bytes.at + at, '\n', bytes.len - at);

        if (lf == NULL)
            break;
        size_t end = (size_t)(lf - bytes.at) + 1;
        bool empty = end - at == 1 || (end - at == 2 && bytes.at[at] == '\r');

        if (empty && end != 2)
            return end;
        at = end;
    }
    *line = at;
    return 0;
}

int http_head_check_part(struct slice bytes, const struct http_limits *limits, const char **why_r)
{
    size_t space = slice_find(bytes, ' ');

    if (space > METHOD_MAX)
        return refuse(400, "begins with no method", why_r);
    if (!slice_has(bytes, '\n') && bytes.len > limits->target + REQUEST_LINE_REST)
        return refuse(414, "has too long a target", why_r);
    if (bytes.len >= limits->head)
        return refuse(431, "has too long a head", why_r);
    return 0;
}

/* Cuts a line without its CRLF off; false when it ends with a bare LF. */
static bool next_line(struct slice *rest, struct slice *line_r)
{
    size_t lf = slice_find(*rest, '\n');

    *line_r = slice_make(rest->at, lf);
    *rest = slice_from(*rest, lf + 1);
    if (lf == 0 || line_r->at[lf - 1] != '\r')
        return false;
    line_r->len--;
    return true;
}

static int read_version(struct slice version, struct http_head *head, const char **why_r)
{
    if (version.len != 8 || !slice_starts(version, SL("HTTP/")) || version.at[6] != '.' ||
        version.at[5] < '0' || version.at[5] > '9' || version.at[7] < '0' || version.at[7] > '9')
        return refuse(400, "has no HTTP version", why_r);
    if (version.at[5] != '1' || version.at[7] > '1')
        return refuse(505, "has another HTTP version than 1.0 and 1.1", why_r);
    head->minor = version.at[7] - '0';
    head->keep_alive = head->minor == 1;
    return 0;
}

static int read_target(struct slice target, size_t limit, struct http_head *head,
                       const char **why_r)
{
    if (target.len > limit)
        return refuse(414, "has too long a target", why_r);
    if (!(target.len > 0 && target.at[0] == '/' && all_in(target, IN_TARGET)) &&
        !(head->method == HTTP_OPTIONS && slice_is(target, "*")))
        return refuse(400, "has a target that is not in origin form", why_r);
    head->target = target;
    slice_cut(target, '?', &head->path, &head->query);
    return 0;
}

static int read_request_line(struct slice line, size_t target_limit, struct http_head *head,
                             const char **why_r)
{
    struct slice method;
    struct slice target;
    struct slice version;
    struct slice rest;

    slice_cut(line, ' ', &method, &rest);
    slice_cut(rest, ' ', &target, &version);
    if (method.len > METHOD_MAX || !http_token_is_valid(method))
        return refuse(400, "begins with no method", why_r);
    head->method = HTTP_METHOD_OTHER;
    for (size_t i = 0; i < METHODS; i++) {
        if (slice_equal(method, methods[i].name))
            head->method = methods[i].method;
    }
    int status = read_version(version, head, why_r);

    return status != 0 ? status : read_target(target, target_limit, head, why_r);
}

/* The headers that say where this request ends and the next one begins. */
struct framing {
    struct http_head *head;
    bool has_length;
    bool has_coding;
    bool has_content_coding;
    uint64_t body_limit;
};

static bool port_is_valid(struct slice port)
{
    uint64_t number;

    return slice_to_u64(port, 65535, &number);
}

static bool host_is_valid(struct slice host)
{
    unsigned char bytes[16];
    char text[INET6_ADDRSTRLEN];
    struct slice name;
    struct slice port;

    if (host.len == 0 || host.at[0] != '[') {
        bool has_port = slice_cut(host, ':', &name, &port);

        return name.len > 0 && all_in(name, IN_HOST) && (!has_port || port_is_valid(port));
    }
    size_t end = slice_find(host, ']');

    if (end == host.len || end > sizeof(text))
        return false;
    memcpy(text, host.at + 1, end - 1);
    text[end - 1] = '\0';
    port = slice_from(host, end + 1);
    return inet_pton(AF_INET6, text, bytes) == 1 &&
           (port.len == 0 || (port.at[0] == ':' && port_is_valid(slice_from(port, 1))));
}

static int read_host(struct framing *framing, struct slice value, const char **why_r)
{
    if (slice_is_set(framing->head->host))
        return refuse(400, "has two Host", why_r);
    if (!host_is_valid(value))
        return refuse(400, "has a Host that is no host and port", why_r);
    framing->head->host = value;
    return 0;
}

static int read_content_length(struct framing *framing, struct slice value, const char **why_r)
{
    if (framing->has_length)
        return refuse(400, "has two Content-Length", why_r);
    if (value.len == 0 || (value.len > 1 && value.at[0] == '0'))
        return refuse(400, "has an odd Content-Length", why_r);
    for (size_t i = 0; i < value.len; i++) {
        if (value.at[i] < '0' || value.at[i] > '9')
            return refuse(400, "has an odd Content-Length", why_r);
    }
    if (!slice_to_u64(value, framing->body_limit, &framing->head->content_length))
        return refuse(413, "has too long a body", why_r);
    framing->has_length = true;
    framing->head->body = HTTP_BODY_LENGTH;
    return 0;
}

static int read_transfer_encoding(struct framing *framing, struct slice value, const char **why_r)
{
    if (framing->has_coding)
        return refuse(400, "has two Transfer-Encoding", why_r);
    /* `value` is trimmed; what other readers see in odd white space is how requests are smuggled.
     */
    if (value.len > 0 && (value.at[value.len] != '\r' ||
                          (value.at[-1] != ':' && (value.at[-1] != ' ' || value.at[-2] != ':'))))
        return refuse(400, "has white space around its Transfer-Encoding", why_r);
    if (!slice_is_nocase(value, "chunked"))
        return refuse(501, "has another transfer coding than chunked", why_r);
    framing->has_coding = true;
    framing->head->body = HTTP_BODY_CHUNKED;
    return 0;
}

static int read_content_encoding(struct framing *framing, struct slice value, const char **why_r)
{
    (void)value;
    (void)why_r;
    framing->has_content_coding = true;
    return 0;
}

static int read_connection(struct framing *framing, struct slice value, const char **why_r)
{
    struct slice option;

    (void)why_r;
    while (slice_next(&value, ',', &option)) {
        if (slice_is_nocase(slice_trim(option), "close"))
            framing->head->keep_alive = false;
    }
    return 0;
}

static int read_expect(struct framing *framing, struct slice value, const char **why_r)
{
    if (framing->head->minor == 0)
        return 0; /* RFC 9110, 10.1.1: ignored there */
    if (!slice_is_nocase(value, "100-continue"))
        return refuse(417, "expects something else than 100-continue", why_r);
    framing->head->expects_continue = true;
    return 0;
}

static const struct {
    struct slice name;
    int (*read)(struct framing *framing, struct slice value, const char **why_r);
} framing_headers[] = {
    { SLICE("Host"), read_host },
    { SLICE("Content-Length"), read_content_length },
    { SLICE("Transfer-Encoding"), read_transfer_encoding },
    { SLICE("Content-Encoding"), read_content_encoding },
    { SLICE("Connection"), read_connection },
    { SLICE("Expect"), read_expect },
};

static int read_header(struct framing *framing, struct slice line, const char **why_r)
{
    struct http_head *head = framing->head;
    struct slice name;
    struct slice value;

    if (!slice_cut(line, ':', &name, &value) || !http_token_is_valid(name))
        return refuse(400, "has a line that is no header", why_r);
    if (!http_value_is_valid(value))
        return refuse(400, "has a control character in a header", why_r);
    value = slice_trim(value);
    head->headers[head->header_count++] = (struct http_header){ name, value };
    for (size_t i = 0; i < sizeof(framing_headers) / sizeof(framing_headers[0]); i++) {
        if (slice_equal_nocase(name, framing_headers[i].name))
            return framing_headers[i].read(framing, value, why_r);
    }
    return 0;
}

/* What no header alone can be refused for. */
static int judge_framing(const struct framing *framing, const char **why_r)
{
    const struct http_head *head = framing->head;

    if (head->minor == 1 && !slice_is_set(head->host))
        return refuse(400, "has no Host", why_r);
    if (framing->has_length && framing->has_coding)
        return refuse(400, "has both Content-Length and Transfer-Encoding", why_r);
    if (framing->has_coding && head->minor == 0)
        return refuse(400, "is HTTP/1.0 with a chunked body", why_r);
    if (framing->has_content_coding && head->body != HTTP_BODY_NONE)
        return refuse(415, "has a body in a content coding", why_r);
    /* A proxy in front may have judged the one, and we the other. */
    if (http_header_count(head, "Authorization") > 1)
        return refuse(400, "has two Authorization", why_r);
    if (http_header_count(head, "Content-Type") > 1)
        return refuse(400, "has two Content-Type", why_r);
    return 0;
}

static size_t count_lines(struct slice bytes)
{
    size_t lines = 0;

    for (size_t at = 0; at < bytes.len; lines++)
        at += slice_find(slice_from(bytes, at), '\n') + 1;
    return lines;
}

int http_head_read(struct arena *arena, struct slice bytes, const struct http_limits *limits,
                   struct http_head *head_r, const char **why_r)
{
    struct framing framing = { .head = head_r, .body_limit = limits->body };
    struct slice rest = slice_starts(bytes, SL("\r\n")) ? slice_from(bytes, 2) : bytes;
    struct slice line;
    int status;

    *head_r = (struct http_head){ 0 };
    if (bytes.len > limits->head)
        return refuse(431, "has too long a head", why_r);
    if (!next_line(&rest, &line))
        return refuse(400, "has a line that does not end with CRLF", why_r);
    if ((status = read_request_line(line, limits->target, head_r, why_r)) != 0)
        return status;
    size_t lines = count_lines(rest);

    if (lines > limits->headers + 1)
        return refuse(431, "has too many headers", why_r);
    head_r->headers = arena_alloc(arena, lines * sizeof(head_r->headers[0]));
    while (rest.len > 0) {
        if (!next_line(&rest, &line))
            return refuse(400, "has a line that does not end with CRLF", why_r);
        if (line.len > 0 && (status = read_header(&framing, line, why_r)) != 0)
            return status;
    }
    return judge_framing(&framing, why_r);
}

struct slice http_header(const struct http_head *head, const char *name)
{
    struct slice wanted = slice_of(name);

    for (size_t i = 0; i < head->header_count; i++) {
        if (slice_equal_nocase(head->headers[i].name, wanted))
            return head->headers[i].value;
    }
    return slice_none();
}

size_t http_header_count(const struct http_head *head, const char *name)
{
    struct slice wanted = slice_of(name);
    size_t count = 0;

    for (size_t i = 0; i < head->header_count; i++)
        count += slice_equal_nocase(head->headers[i].name, wanted);
    return count;
}

static size_t count_bytes(struct slice s, char byte)
{
    size_t count = 0;

    for (size_t i = 0; i < s.len; i++)
        count += s.at[i] == byte;
    return count;
}

struct slice http_path_decode(struct arena *arena, struct slice path)
{
    struct slice decoded;
    struct slice segment;
    struct slice rest;

    if (path.len == 0 || path.at[0] != '/' || !percent_decode(arena, path, false, &decoded) ||
        !utf8_is_text(decoded) || count_bytes(decoded, '/') != count_bytes(path, '/'))
        return slice_none();
    rest = decoded.len > 1 ? slice_from(decoded, 1) : slice_none();
    while (slice_next(&rest, '/', &segment)) {
        /* A slash at the end is part of the path: "/a/" is another one than "/a". */
        if ((segment.len == 0 && slice_is_set(rest)) || slice_is(segment, ".") ||
            slice_is(segment, ".."))
            return slice_none();
    }
    return decoded;
}
