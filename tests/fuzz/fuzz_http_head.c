/*
 * A head from a stranger: whatever it is, what is read lies inside it, and what is accepted could
 * be understood in one way only.
 */
#include "net/http_parse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct http_limits limits = {
    .head = 4096, .target = 512, .headers = 30, .body = 999
};

static void expect(bool condition)
{
    if (!condition)
        abort();
}

static void expect_inside(struct slice part, struct slice whole)
{
    expect(part.at >= whole.at && part.at + part.len <= whole.at + whole.len);
}

static void check_framing(const struct http_head *head)
{
    size_t lengths = http_header_count(head, "Content-Length");
    size_t codings = http_header_count(head, "Transfer-Encoding");
    enum http_body_kind expected = lengths > 0   ? HTTP_BODY_LENGTH
                                   : codings > 0 ? HTTP_BODY_CHUNKED
                                                 : HTTP_BODY_NONE;

    expect(lengths + codings <= 1 && head->body == expected);
    expect(head->content_length <= limits.body);
    expect(http_header_count(head, "Host") == 1 || (head->minor == 0 && head->host.at == NULL));
    expect(head->minor == 1 || !head->keep_alive);
}

static void check_head(struct arena *arena, const struct http_head *head, struct slice bytes)
{
    expect_inside(head->target, bytes);
    expect_inside(head->path, head->target);
    expect(head->header_count <= limits.headers);
    for (size_t i = 0; i < head->header_count; i++) {
        expect_inside(head->headers[i].name, bytes);
        expect_inside(head->headers[i].value, bytes);
        expect(http_token_is_valid(head->headers[i].name));
        expect(http_value_is_valid(head->headers[i].value));
    }
    check_framing(head);
    struct slice path = http_path_decode(arena, head->path);

    if (slice_is_set(path)) {
        expect(path.at[0] == '/' && !slice_has(path, '\0'));
        expect(slice_find_text(path, SL("//")) == path.len);
        expect(slice_find_text(path, SL("/../")) == path.len && !slice_ends(path, SL("/..")));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice bytes = slice_make((const char *)data, size);
    struct arena arena = { 0 };
    struct http_head head;
    const char *why = NULL;
    size_t line = 0;
    size_t end = http_head_end(bytes, &line);
    size_t line_bytewise = 0;
    size_t end_bytewise = 0;

    for (size_t len = 1; len <= size && end_bytewise == 0; len++)
        end_bytewise = http_head_end(slice_sub(bytes, 0, len), &line_bytewise);
    expect(end == end_bytewise && end <= size);
    if (end > 0) {
        bytes = slice_sub(bytes, 0, end);
        int status = http_head_read(&arena, bytes, &limits, &head, &why);

        expect(status == 0 || (status >= 400 && status <= 505 && why != NULL));
        if (status == 0)
            check_head(&arena, &head, bytes);
    } else if (http_head_check_part(bytes, &limits, &why) != 0) {
        expect(why != NULL);
    }
    arena_release(&arena);
    return 0;
}
