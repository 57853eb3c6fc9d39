#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "net/http_parse.h"

#include <cmocka.h>

static const struct http_limits limits = {
    .head = 2048, .target = 512, .headers = 20, .body = 1000
};

static struct arena arena;
static struct http_head head;
static const char *why;

static int release_arena(void **state)
{
    (void)state;
    arena_release(&arena);
    return 0;
}

/* An exact copy, so that a sanitizer sees a read beyond the end. */
static int read_exactly(struct slice bytes)
{
    struct slice copy = arena_copy(&arena, bytes);

    why = NULL;
    return http_head_read(&arena, copy, &limits, &head, &why);
}

static int status_of(struct slice bytes)
{
    size_t line = 0;
    int status = read_exactly(bytes);

    if (http_head_end(bytes, &line) != bytes.len)
        fail_msg("ends elsewhere: %.*s", SLICE_ARG(bytes));
    if (status != 0)
        assert_non_null(why);
    return status;
}

static void assert_status(struct slice bytes, int expected)
{
    int status = status_of(bytes);

    if (status != expected)
        fail_msg("%d instead of %d for: %.*s", status, expected, SLICE_ARG(bytes));
}

/* A request whose head is good but for these header lines. */
static struct slice with_headers(const char *lines)
{
    return arena_printf(&arena, "POST /t HTTP/1.1\r\nHost: a\r\n%s\r\n", lines);
}

static void assert_headers(const char *lines, int expected)
{
    assert_status(with_headers(lines), expected);
}

static void assert_line(const char *request_line, int expected)
{
    assert_status(arena_printf(&arena, "%s\r\nHost: a\r\n\r\n", request_line), expected);
}

static void assert_slice(struct slice slice, const char *expected)
{
    assert_true(slice_is_set(slice));
    assert_string_equal(arena_string(&arena, slice), expected);
}

static void test_a_plain_request_is_read(void **state)
{
    (void)state;
    assert_status(SL("GET /oauth2/authorize?a=b&c=%20d HTTP/1.1\r\nHost: id.example.com:8443\r\n"
                     "Accept:  text/html \t\r\nX-Empty:\r\nCookie: a=\"b\"; c=d\r\n\r\n"),
                  0);
    assert_int_equal(head.method, HTTP_GET);
    assert_slice(head.target, "/oauth2/authorize?a=b&c=%20d");
    assert_slice(head.path, "/oauth2/authorize");
    assert_slice(head.query, "a=b&c=%20d");
    assert_int_equal(head.minor, 1);
    assert_slice(head.host, "id.example.com:8443");
    assert_int_equal(head.header_count, 4);
    assert_slice(http_header(&head, "accept"), "text/html");
    assert_slice(http_header(&head, "x-empty"), "");
    assert_slice(http_header(&head, "COOKIE"), "a=\"b\"; c=d");
    assert_false(slice_is_set(http_header(&head, "authorization")));
    assert_int_equal(head.body, HTTP_BODY_NONE);
    assert_true(head.keep_alive);
    assert_false(head.expects_continue);
}

static void test_an_absent_query_differs_from_an_empty_one(void **state)
{
    (void)state;
    assert_line("GET / HTTP/1.1", 0);
    assert_false(slice_is_set(head.query));
    assert_line("GET /? HTTP/1.1", 0);
    assert_slice(head.query, "");
    assert_line("GET /?a?b HTTP/1.1", 0);
    assert_slice(head.query, "a?b");
}

static void test_methods_are_told_apart_by_case(void **state)
{
    static const char *const names[] = {
        "GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"
    };

    (void)state;
    for (unsigned i = 0; i < 7; i++) {
        assert_line(arena_printf(&arena, "%s / HTTP/1.1", names[i]).at, 0);
        assert_int_equal(head.method, 1U << i);
        assert_string_equal(http_method_name(head.method), names[i]);
    }
    assert_line("get / HTTP/1.1", 0);
    assert_int_equal(head.method, HTTP_METHOD_OTHER);
    assert_line("BREW / HTTP/1.1", 0);
    assert_int_equal(head.method, HTTP_METHOD_OTHER);
    assert_string_equal(http_method_name(head.method), "OTHER");
}

static void test_a_broken_request_line_is_refused(void **state)
{
    static const char *const broken[] = {
        "GET /",
        "GET",
        "",
        " GET / HTTP/1.1",
        "GET  / HTTP/1.1",
        "GET /  HTTP/1.1",
        "GET / HTTP/1.1 ",
        "GET\t/\tHTTP/1.1",
        "GET / /a HTTP/1.1",
        "GET / http/1.1",
        "GET / HTTP/1.1.1",
        "GET / HTTP/11",
        "GET / HTTP/1,1",
        "GET / HTTP/1.4294967297",
        "GET / HTTP/+1.1",
        "GET / HTP/1.1",
        "GE(T / HTTP/1.1",
        "G\x80T / HTTP/1.1",
        "GETGETGETGETGETGETGETGETGETGETGETGET / HTTP/1.1",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++)
        assert_line(broken[i], 400);
}

static void test_other_versions_are_refused(void **state)
{
    (void)state;
    assert_line("GET / HTTP/0.9", 505);
    assert_line("GET / HTTP/1.2", 505);
    assert_line("GET / HTTP/2.0", 505);
    assert_line("GET / HTTP/9.9", 505);
    assert_status(SL("PRI * HTTP/2.0\r\n\r\n"), 505);
    assert_status(SL("GET /\r\n\r\n"), 400);
}

static void test_only_origin_form_is_a_target(void **state)
{
    static const char *const bad[] = {
        "GET http://other.example/ HTTP/1.1",
        "GET id.example.com HTTP/1.1",
        "CONNECT id.example.com:443 HTTP/1.1",
        "GET * HTTP/1.1",
        "GET ?a=b HTTP/1.1",
        "GET /a#b HTTP/1.1",
        "GET /a\x7f HTTP/1.1",
        "GET /a\x80 HTTP/1.1",
        "GET /a\tb HTTP/1.1",
        "GET /a\vb HTTP/1.1",
        "OPTIONS ** HTTP/1.1",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_line(bad[i], 400);
    assert_line("OPTIONS * HTTP/1.1", 0);
    assert_slice(head.path, "*");
    assert_line("GET //evil.example/ HTTP/1.1", 0);
    assert_slice(head.path, "//evil.example/");
    assert_line("GET /a[b]{c}|\\^`\"<>' HTTP/1.1", 0);
}

static void test_nul_is_refused_everywhere(void **state)
{
    (void)state;
    assert_int_equal(read_exactly(SL("GET /a\0b HTTP/1.1\r\nHost: a\r\n\r\n")), 400);
    assert_int_equal(read_exactly(SL("GE\0T / HTTP/1.1\r\nHost: a\r\n\r\n")), 400);
    assert_int_equal(read_exactly(SL("GET / HTTP/1.1\r\nHost: a\0b\r\n\r\n")), 400);
    assert_int_equal(read_exactly(SL("GET / HTTP/1.1\r\nHost: a\r\nX: a\0b\r\n\r\n")), 400);
    assert_int_equal(read_exactly(SL("GET / HTTP/1.1\r\nHost: a\r\nX\0Y: a\r\n\r\n")), 400);
}

static void test_two_lengths_are_refused_even_when_equal(void **state)
{
    (void)state;
    assert_headers("Content-Length: 0\r\nContent-Length: 5\r\n", 400);
    assert_headers("Content-Length: 5\r\nContent-Length: 5\r\n", 400);
    assert_headers("Content-Length: 5, 5\r\n", 400);
}

static void test_a_length_is_digits_and_nothing_else(void **state)
{
    static const char *const odd[] = {
        "+5", "-1", "0x5", "5 5", "", "05", "5.0", "5;", "\x35\x80"
    };

    (void)state;
    for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++)
        assert_headers(arena_printf(&arena, "Content-Length: %s\r\n", odd[i]).at, 400);
    assert_headers("Content-Length: 1000\r\n", 0);
    assert_int_equal(head.body, HTTP_BODY_LENGTH);
    assert_int_equal(head.content_length, 1000);
    assert_headers("Content-Length: 0\r\n", 0);
    assert_int_equal(head.body, HTTP_BODY_LENGTH);
}

static void test_a_body_beyond_the_limit_is_refused_by_its_length(void **state)
{
    (void)state;
    assert_headers("Content-Length: 1001\r\n", 413);
    assert_headers("Expect: 100-continue\r\nContent-Length: 99999999999\r\n", 413);
    assert_headers("Content-Length: 18446744073709551616\r\n", 413);
    assert_headers("Content-Length: 99999999999999999999999999999999\r\n", 413);
}

static void test_a_length_with_a_coding_is_refused(void **state)
{
    (void)state;
    assert_headers("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", 400);
    assert_headers("Transfer-Encoding: chunked\r\nContent-Length: 0\r\n", 400);
}

static void test_chunked_is_the_only_coding(void **state)
{
    (void)state;
    assert_headers("Transfer-Encoding: chunked\r\n", 0);
    assert_int_equal(head.body, HTTP_BODY_CHUNKED);
    assert_headers("transfer-encoding:Chunked\r\n", 0);
    assert_headers("Transfer-Encoding: xchunked\r\n", 501);
    assert_headers("Transfer-Encoding: gzip, chunked\r\n", 501);
    assert_headers("Transfer-Encoding: chunked, identity\r\n", 501);
    assert_headers("Transfer-Encoding: chunked, chunked\r\n", 501);
    assert_headers("Transfer-Encoding: identity\r\n", 501);
    assert_headers("Transfer-Encoding: \"chunked\"\r\n", 501);
    assert_headers("Transfer-Encoding:\r\n", 501);
    assert_headers("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", 400);
    assert_headers("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n", 400);
}

static void test_odd_white_space_around_a_coding_is_refused(void **state)
{
    (void)state;
    assert_headers("Transfer-Encoding : chunked\r\n", 400);
    assert_headers("Transfer-Encoding:  chunked\r\n", 400);
    assert_headers("Transfer-Encoding:\tchunked\r\n", 400);
    assert_headers("Transfer-Encoding: chunked \r\n", 400);
    assert_headers("Transfer-Encoding:\vchunked\r\n", 400);
    assert_headers(" Transfer-Encoding: chunked\r\n", 400);
    assert_headers("X: y\r\n chunked\r\n", 400);
}

static void test_old_requests_have_no_chunks_and_end_their_connection(void **state)
{
    (void)state;
    assert_status(SL("GET / HTTP/1.0\r\n\r\n"), 0);
    assert_int_equal(head.minor, 0);
    assert_false(head.keep_alive);
    assert_false(slice_is_set(head.host));
    assert_status(SL("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"), 0);
    assert_false(head.keep_alive);
    assert_status(SL("POST / HTTP/1.0\r\nContent-Length: 3\r\n\r\n"), 0);
    assert_status(SL("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"), 400);
    assert_status(SL("POST / HTTP/1.0\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n"), 0);
    assert_false(head.expects_continue);
}

static void test_broken_header_lines_are_refused(void **state)
{
    static const char *const broken[] = {
        ": x\r\n",      "X : y\r\n",    "X\t: y\r\n",     "X\r\n",
        "X Y: z\r\n",   "X(: y\r\n",    "X: a\rb\r\n",    "X: a\r\r\n",
        "X: a\x7f\r\n", "X: a\x01\r\n", "X: y\r\n z\r\n", "X: y\r\n\tz\r\n",
        "\x80: y\r\n",  "X: y\n\r\n",   "X: y\nZ: a\r\n", "X:y\r\n:\r\n",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
        struct slice bytes = with_headers(broken[i]);
        size_t line = 0;
        size_t end = http_head_end(bytes, &line);

        if (read_exactly(slice_sub(bytes, 0, end)) != 400)
            fail_msg("accepted: %s", broken[i]);
    }
    assert_headers("X: caf\xc3\xa9\r\nX-Tab: a\tb\r\n", 0);
}

static void test_a_bare_lf_ends_a_head_and_is_refused(void **state)
{
    static const struct slice bare[] = {
        SLICE("GET / HTTP/1.1\nHost: a\n\n"),
        SLICE("GET / HTTP/1.1\r\nHost: a\r\n\n"),
        SLICE("GET / HTTP/1.1\r\nHost: a\n\r\n"),
        SLICE("\n\n"),
        SLICE("\n"),
    };

    (void)state;
    for (size_t i = 0; i < sizeof(bare) / sizeof(bare[0]); i++) {
        size_t line = 0;
        size_t end = http_head_end(bare[i], &line);

        assert_true(end > 0);
        assert_int_equal(read_exactly(slice_sub(bare[i], 0, end)), 400);
    }
}

static void test_there_is_one_host(void **state)
{
    (void)state;
    assert_status(SL("GET / HTTP/1.1\r\n\r\n"), 400);
    assert_status(SL("GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n"), 400);
    assert_status(SL("GET / HTTP/1.1\r\nHost: a\r\nhost: b\r\n\r\n"), 400);
    assert_status(SL("GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n"), 400);
}

static void test_a_host_is_a_host_and_a_port(void **state)
{
    static const char *const good[] = {
        "a",          "A-b.c_d",        "127.0.0.1",  "127.0.0.1:80",         "[::1]",
        "[::1]:8080", "localhost:8080", "id.example", "xn--bcher-kva.example"
    };
    static const char *const bad[] = {
        "",         "a@b",     "user:pw@b",
        "a/b",      "a:",      "a:b",
        "a:65536",  "a:80:80", "a b",
        "a,b",      "[::1",    "::1",
        "[::1]x",   "[::1]:",  "[g]",
        "[]",       "a?b",     "a#b",
        "a%41",     "a\\b",    "\xc3\xa9",
        "http://a", ":80",     "[0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0001]"
    };

    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        assert_status(arena_printf(&arena, "GET / HTTP/1.1\r\nHost: %s\r\n\r\n", good[i]), 0);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_status(arena_printf(&arena, "GET / HTTP/1.1\r\nHost: %s\r\n\r\n", bad[i]), 400);
}

static void test_close_is_heard_in_any_list(void **state)
{
    (void)state;
    assert_headers("Connection: close\r\n", 0);
    assert_false(head.keep_alive);
    assert_headers("Connection: Upgrade , CLOSE\r\nUpgrade: h2c\r\n", 0);
    assert_false(head.keep_alive);
    assert_headers("Connection: TE\r\nConnection: close\r\n", 0);
    assert_false(head.keep_alive);
    assert_headers("Connection: keep-alive, closed\r\n", 0);
    assert_true(head.keep_alive);
}

static void test_only_continue_may_be_expected(void **state)
{
    (void)state;
    assert_headers("Expect: 100-Continue\r\nContent-Length: 3\r\n", 0);
    assert_true(head.expects_continue);
    assert_headers("Expect: 200-ok\r\n", 417);
    assert_headers("Expect:\r\n", 417);
}

static void test_a_coded_body_is_refused(void **state)
{
    (void)state;
    assert_headers("Content-Encoding: gzip\r\nContent-Length: 3\r\n", 415);
    assert_headers("Content-Length: 3\r\nContent-Encoding: br\r\n", 415);
    assert_headers("Content-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n", 415);
    assert_headers("Content-Encoding: gzip\r\n", 0);
}

static void test_a_head_has_limits(void **state)
{
    struct buf buf = BUF_INIT(10000);

    (void)state;
    buf_add_text(&buf, "GET /");
    for (int i = 0; i < 512; i++)
        buf_add_byte(&buf, 'a');
    buf_add_text(&buf, " HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_status(buf_slice(&buf), 414);

    buf_reset(&buf);
    buf_add_text(&buf, "GET / HTTP/1.1\r\nHost: a\r\n");
    for (int i = 0; i < 19; i++)
        buf_add_text(&buf, "X: y\r\n");
    struct slice good = arena_join(&arena, buf_slice(&buf), SL("\r\n"));

    assert_status(good, 0);
    assert_int_equal(http_header_count(&head, "x"), 19);
    buf_add_text(&buf, "X: y\r\n\r\n");
    assert_status(buf_slice(&buf), 431);

    buf_reset(&buf);
    buf_add_text(&buf, "GET / HTTP/1.1\r\nHost: a\r\nX: ");
    while (buf.len < limits.head - 4)
        buf_add_byte(&buf, 'x');
    assert_status(arena_join(&arena, buf_slice(&buf), SL("\r\n\r\n")), 0);
    assert_status(arena_join(&arena, buf_slice(&buf), SL("x\r\n\r\n")), 431);
    buf_release(&buf);
}

static void test_an_unfinished_head_is_judged_early(void **state)
{
    struct buf buf = BUF_INIT(10000);

    (void)state;
    assert_int_equal(http_head_check_part(SL("GE"), &limits, &why), 0);
    assert_int_equal(http_head_check_part(SL("GET / HTTP/1.1\r\nHost: "), &limits, &why), 0);
    for (int i = 0; i < 33; i++)
        buf_add_byte(&buf, 'G');
    assert_int_equal(http_head_check_part(buf_slice(&buf), &limits, &why), 400);
    buf_reset(&buf);
    buf_add_text(&buf, "GET /");
    while (buf.len < 600)
        buf_add_byte(&buf, 'a');
    assert_int_equal(http_head_check_part(buf_slice(&buf), &limits, &why), 414);
    buf_reset(&buf);
    buf_add_text(&buf, "GET / HTTP/1.1\r\nX: ");
    while (buf.len < limits.head)
        buf_add_byte(&buf, 'a');
    assert_int_equal(http_head_check_part(buf_slice(&buf), &limits, &why), 431);
    assert_int_equal(
        http_head_check_part(slice_sub(buf_slice(&buf), 0, limits.head - 1), &limits, &why), 0);
    buf_release(&buf);
}

static void test_the_end_is_found_however_the_bytes_come(void **state)
{
    static const struct slice bytes =
        SLICE("\r\nGET / HTTP/1.1\r\nHost: a\r\nX: y\r\n\r\nGET /next HTTP/1.1\r\n\r\n");
    size_t expected = slice_find_text(bytes, SL("\r\n\r\n")) + 4;
    size_t line = 0;
    size_t end = 0;

    (void)state;
    assert_int_equal(http_head_end(bytes, &line), expected);
    for (size_t len = 1; end == 0; len++)
        end = http_head_end(slice_sub(bytes, 0, len), &line);
    assert_int_equal(end, expected);
    assert_int_equal(read_exactly(slice_sub(bytes, 0, end)), 0);
    assert_int_equal(head.header_count, 2);
}

static void test_one_empty_line_in_front_is_allowed(void **state)
{
    size_t line = 0;

    (void)state;
    assert_status(SL("\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"), 0);
    assert_int_equal(http_head_end(SL("\r\n"), &line), 0);
    line = 0;
    assert_int_equal(http_head_end(SL("\r\n\r\nGET / HTTP/1.1\r\n"), &line), 4);
    assert_status(SL("\r\n\r\n"), 400);
}

static void test_doubled_headers_are_counted(void **state)
{
    (void)state;
    assert_headers("Cookie: a\r\ncookie: b\r\nX-Cookie: c\r\n", 0);
    assert_int_equal(http_header_count(&head, "Cookie"), 2);
    assert_int_equal(http_header_count(&head, "Accept"), 0);
    assert_slice(http_header(&head, "Cookie"), "a");
}

static void test_two_of_what_says_who_asks_and_what_for_are_refused(void **state)
{
    (void)state;
    assert_headers("Authorization: a\r\nauthorization: b\r\n", 400);
    assert_headers("Authorization: a\r\nX: b\r\nAuthorization: a\r\n", 400);
    assert_headers("Content-Type: a\r\nContent-Type: b\r\n", 400);
    assert_headers("Authorization: a\r\nX-Authorization: b\r\nContent-Type: c\r\n", 0);
}

static int take_all(struct slice bytes, size_t step, struct buf *body, size_t *used_r)
{
    struct http_chunks chunks = { 0 };
    int status = 0;

    *used_r = 0;
    while (status == 0 && *used_r < bytes.len) {
        size_t used = 0;

        status = http_chunks_take(&chunks, slice_sub(bytes, *used_r, step), body, &used, &why);
        if (status <= 1)
            *used_r += used;
    }
    return status;
}

/* In one piece, and byte by byte. */
static void assert_chunks(struct slice bytes, int expected, const char *expected_body,
                          size_t expected_used)
{
    for (size_t step = 1; step <= bytes.len; step += bytes.len - 1) {
        struct buf body = BUF_INIT(limits.body);
        size_t used;
        int status = take_all(bytes, step, &body, &used);

        if (status != expected)
            fail_msg("%d instead of %d for: %.*s", status, expected, SLICE_ARG(bytes));
        if (expected == 1) {
            assert_string_equal(body.at != NULL ? body.at : "", expected_body);
            assert_int_equal(used, expected_used);
        }
        buf_release(&body);
    }
}

static void test_chunks_are_joined(void **state)
{
    (void)state;
    assert_chunks(SL("5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n"), 1, "hello world", 26);
    assert_chunks(SL("0\r\n\r\nGET / HTTP/1.1\r\n"), 1, "", 5);
    assert_chunks(SL("a\r\n0123456789\r\nA\r\nabcdefghij\r\n000\r\n\r\n"), 1,
                  "0123456789abcdefghij", 37);
    assert_chunks(SL("00000005\r\nhello\r\n0\r\n\r\n"), 1, "hello", 22);
    assert_chunks(SL("2\r\n\r\n\r\n0\r\n\r\n"), 1, "\r\n", 12);
}

static void test_extensions_and_trailers_are_passed_over(void **state)
{
    (void)state;
    assert_chunks(SL("5;a=b;c=\"d e\"\r\nhello\r\n0;x\r\n\r\n"), 1, "hello", 29);
    assert_chunks(SL("5\r\nhello\r\n0\r\nX: y\r\nZ:\r\n\r\n"), 1, "hello", 25);
}

static void test_an_unfinished_body_wants_more(void **state)
{
    static const struct slice bytes = SLICE("5;x\r\nhello\r\n0\r\nX: y\r\n\r\n");

    (void)state;
    for (size_t len = 2; len < bytes.len; len++)
        assert_chunks(slice_sub(bytes, 0, len), 0, NULL, 0);
    assert_chunks(bytes, 1, "hello", bytes.len);
}

static void test_odd_chunks_are_refused(void **state)
{
    static const struct slice odd[] = {
        SLICE("0x5\r\nhello\r\n0\r\n\r\n"),
        SLICE("+5\r\nhello\r\n"),
        SLICE(" 5\r\nhello\r\n"),
        SLICE("5 junk\r\nhello\r\n"),
        SLICE("5 \r\nhello\r\n"),
        SLICE("5 ;a=b\r\nhello\r\n"),
        SLICE("-1\r\nhello\r\n"),
        SLICE("\r\nhello\r\n"),
        SLICE(";a\r\nhello\r\n"),
        SLICE("g\r\nhello\r\n"),
        SLICE("5\nhello\r\n"),
        SLICE("5\rhello\r\n"),
        SLICE("5\r\nhello0\r\n\r\n"),
        SLICE("5\r\nhello\n0\r\n\r\n"),
        SLICE("5\r\nhello\r0\r\n"),
        SLICE("5\r\nhelloworld\r\n"),
        SLICE("5;a\nhello\r\n"),
        SLICE("5;a\x01\r\nhello\r\n"),
        SLICE("5;a\0\r\nhello\r\n"),
        SLICE("00000000000000005\r\nhello\r\n"),
        SLICE("0\r\n\n"),
        SLICE("0\r\n\rX"),
        SLICE("0\r\n X: y\r\n\r\n"),
        SLICE("0\r\nX y\r\n\r\n"),
        SLICE("0\r\n: y\r\n\r\n"),
        SLICE("0\r\nX: y\n\r\n"),
        SLICE("0\r\nX: y\r\n\tz\r\n\r\n"),
        SLICE("0\r\nX\r\n\r\n"),
        SLICE("0\n\n"),
        SLICE("5,5\r\nhello\r\n"),
    };

    (void)state;
    for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++)
        assert_chunks(odd[i], 400, NULL, 0);
}

static void test_chunks_beyond_the_limit_are_refused_by_their_size(void **state)
{
    struct buf bytes = BUF_INIT(100000);

    (void)state;
    assert_chunks(SL("3e9\r\n"), 413, NULL, 0);
    assert_chunks(SL("ffffffffffffffff\r\n"), 413, NULL, 0);
    assert_chunks(SL("8000000000000000\r\n"), 413, NULL, 0);
    assert_chunks(SL("3e8\r\n"), 0, NULL, 0);
    for (int i = 0; i < 1000; i++)
        buf_add_text(&bytes, "1\r\nx\r\n");
    assert_chunks(buf_slice(&bytes), 0, NULL, 0);
    buf_add_text(&bytes, "1\r\nx\r\n");
    assert_chunks(buf_slice(&bytes), 413, NULL, 0);
    buf_release(&bytes);
}

static void test_endless_extensions_and_trailers_are_refused(void **state)
{
    struct buf bytes = BUF_INIT(100000);

    (void)state;
    buf_add_text(&bytes, "5;");
    while (bytes.len < 300)
        buf_add_byte(&bytes, 'x');
    assert_chunks(buf_slice(&bytes), 400, NULL, 0);
    buf_reset(&bytes);
    buf_add_text(&bytes, "0\r\n");
    while (bytes.len < 5000)
        buf_add_text(&bytes, "X: y\r\n");
    assert_chunks(buf_slice(&bytes), 400, NULL, 0);
    buf_release(&bytes);
}

static void test_values_and_tokens_are_judged(void **state)
{
    (void)state;
    assert_true(http_value_is_valid(SL("")));
    assert_true(http_value_is_valid(SL("a b\tc \x80\xff~")));
    assert_false(http_value_is_valid(SL("a\r\nSet-Cookie: b")));
    assert_false(http_value_is_valid(SL("a\nb")));
    assert_false(http_value_is_valid(SL("a\0b")));
    assert_false(http_value_is_valid(SL("a\x7f")));
    assert_true(http_token_is_valid(SL("X-Header_1!#$%&'*+.^`|~")));
    assert_false(http_token_is_valid(SL("")));
    assert_false(http_token_is_valid(SL("a b")));
    assert_false(http_token_is_valid(SL("a:b")));
    assert_false(http_token_is_valid(SL("a\x80")));
    for (const char *c = "\"(),/:;<=>?@[\\]{}"; *c != '\0'; c++)
        assert_false(http_token_is_valid(slice_make(c, 1)));
}

static void assert_path(struct slice path, const char *expected)
{
    struct slice decoded = http_path_decode(&arena, path);

    if (expected == NULL && slice_is_set(decoded))
        fail_msg("decoded: %.*s", SLICE_ARG(path));
    if (expected != NULL)
        assert_slice(decoded, expected);
}

static void test_paths_are_decoded_once(void **state)
{
    (void)state;
    assert_path(SL("/"), "/");
    assert_path(SL("/oauth2/authorize"), "/oauth2/authorize");
    assert_path(SL("/oauth2/%61uthorize"), "/oauth2/authorize");
    assert_path(SL("/%2561uthorize"), "/%61uthorize");
    assert_path(SL("/caf%C3%A9+x"), "/caf\xc3\xa9+x");
    assert_path(SL("/authorize;x"), "/authorize;x");
    assert_path(SL("/a/"), "/a/"); /* another one than "/a" */
    assert_path(SL("/.well-known/..x"), "/.well-known/..x");
    assert_path(SL("/%2525252e"), "/%25252e");
}

static void test_paths_that_could_be_others_are_none(void **state)
{
    static const struct slice bad[] = {
        SLICE(""),
        SLICE("*"),
        SLICE("authorize"),
        SLICE("//authorize"),
        SLICE("/./authorize"),
        SLICE("/x/../authorize"),
        SLICE("/x/.."),
        SLICE("/."),
        SLICE("/%2e/x"),
        SLICE("/x/%2E%2e"),
        SLICE("/.%2e/x"),
        SLICE("/authorize%2f"),
        SLICE("/a%2Fb"),
        SLICE("/authorize%00"),
        SLICE("/a%0a"),
        SLICE("/a%7f"),
        SLICE("/a%"),
        SLICE("/a%4"),
        SLICE("/a%zz"),
        SLICE("/a%ff"),
        SLICE("/a%c0%af"),
        SLICE("/a//b"),
        SLICE("//"),
        SLICE("/a%ed%a0%80"),
    };

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_path(bad[i], NULL);
}

int main(void)
{
#define TEST(function) cmocka_unit_test_teardown(function, release_arena)
    const struct CMUnitTest tests[] = {
        TEST(test_a_plain_request_is_read),
        TEST(test_an_absent_query_differs_from_an_empty_one),
        TEST(test_methods_are_told_apart_by_case),
        TEST(test_a_broken_request_line_is_refused),
        TEST(test_other_versions_are_refused),
        TEST(test_only_origin_form_is_a_target),
        TEST(test_nul_is_refused_everywhere),
        TEST(test_two_lengths_are_refused_even_when_equal),
        TEST(test_a_length_is_digits_and_nothing_else),
        TEST(test_a_body_beyond_the_limit_is_refused_by_its_length),
        TEST(test_a_length_with_a_coding_is_refused),
        TEST(test_chunked_is_the_only_coding),
        TEST(test_odd_white_space_around_a_coding_is_refused),
        TEST(test_old_requests_have_no_chunks_and_end_their_connection),
        TEST(test_broken_header_lines_are_refused),
        TEST(test_a_bare_lf_ends_a_head_and_is_refused),
        TEST(test_there_is_one_host),
        TEST(test_a_host_is_a_host_and_a_port),
        TEST(test_close_is_heard_in_any_list),
        TEST(test_only_continue_may_be_expected),
        TEST(test_a_coded_body_is_refused),
        TEST(test_a_head_has_limits),
        TEST(test_an_unfinished_head_is_judged_early),
        TEST(test_the_end_is_found_however_the_bytes_come),
        TEST(test_one_empty_line_in_front_is_allowed),
        TEST(test_doubled_headers_are_counted),
        TEST(test_two_of_what_says_who_asks_and_what_for_are_refused),
        TEST(test_chunks_are_joined),
        TEST(test_extensions_and_trailers_are_passed_over),
        TEST(test_an_unfinished_body_wants_more),
        TEST(test_odd_chunks_are_refused),
        TEST(test_chunks_beyond_the_limit_are_refused_by_their_size),
        TEST(test_endless_extensions_and_trailers_are_refused),
        TEST(test_values_and_tokens_are_judged),
        TEST(test_paths_are_decoded_once),
        TEST(test_paths_that_could_be_others_are_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
