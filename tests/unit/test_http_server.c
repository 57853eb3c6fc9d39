#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "http_fixture.h"

/* One request on a connection of its own, until the server closes: what it says. */
static const char *answer_to(struct slice request)
{
    struct client client;

    client_open(&client);
    client_say(&client, request);
    WAIT(client.eof || client.error);
    const char *text = client_text(&client);

    assert_true(client.eof);
    client_close(&client);
    return text;
}

static int count_of(const char *text, const char *part)
{
    int count = 0;

    for (const char *at = text; (at = strstr(at, part)) != NULL; at += strlen(part))
        count++;
    return count;
}

static void assert_starts(const char *text, const char *start)
{
    if (strncmp(text, start, strlen(start)) != 0)
        fail_msg("%s", text);
}

static void assert_has(const char *text, const char *part)
{
    if (strstr(text, part) == NULL)
        fail_msg("no %s in: %s", part, text);
}

static void assert_lacks(const char *text, const char *part)
{
    if (strstr(text, part) != NULL)
        fail_msg("%s in: %s", part, text);
}

static void assert_answer(const char *request, const char *start, const char *end)
{
    const char *text = answer_to(slice_of(request));

    assert_starts(text, start);
    if (!slice_ends(slice_of(text), slice_of(end)))
        fail_msg("%s", text);
}

static void test_an_answer_has_the_headers_it_needs(void **state)
{
    struct client client;

    (void)state;
    client_open(&client);
    SAY(&client, "GET /now?a=b HTTP/1.1\r\nHost: a\r\n\r\n");
    WAIT(client_hears(&client, "[] none"));
    const char *text = client_text(&client);

    assert_starts(text, "HTTP/1.1 200 OK\r\nDate: ");
    assert_has(text, " GMT\r\n");
    assert_has(text, "\r\nContent-Length: 20\r\n");
    assert_has(text, "\r\nContent-Type: text/plain\r\n");
    assert_has(text, "\r\n\r\nGET /now?a=b [] none");
    assert_lacks(text, "Connection");
    client_close(&client);
}

static void test_bodies_come_whole(void **state)
{
    (void)state;
    assert_answer(
        "POST /now HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\n", "POST /now [hello] body");
    assert_answer("POST /now HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
                  "HTTP/1.1 200 OK\r\n", "POST /now [] body");
    assert_answer("POST /now HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
                  "HTTP/1.1 200 OK\r\n", "POST /now [] none");
    assert_answer(
        "POST /now HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
        "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6\r\n world\r\n0\r\nX: y\r\n\r\n",
        "HTTP/1.1 200 OK\r\n", "POST /now [hello world] body");
    assert_answer("POST /now HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
                  "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                  "HTTP/1.1 200 OK\r\n", "POST /now [] body");
}

static void say_bytewise(struct client *client, struct slice bytes)
{
    for (size_t i = 0; i < bytes.len; i++) {
        client_say(client, slice_sub(bytes, i, 1));
        WAIT(client_has_said(client));
    }
}

static void test_requests_may_come_byte_by_byte(void **state)
{
    static const struct slice requests =
        SLICE("GET /now?1 HTTP/1.1\r\nHost: a\r\n\r\n"
              "POST /now?2 HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello"
              "\r\nPOST /now?3 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
              "3\r\nabc\r\n0\r\n\r\n");
    struct client client;

    (void)state;
    client_open(&client);
    say_bytewise(&client, requests);
    WAIT(client_hears(&client, "?3 [abc] body"));
    assert_has(client_text(&client), "?1 [] none");
    assert_has(client_text(&client), "?2 [hello] body");
    assert_int_equal(world.served, 3);
    client_close(&client);
}

static void test_bodies_of_the_greatest_length_pass(void **state)
{
    struct buf request = BUF_INIT(20000);

    (void)state;
    buf_add_text(&request, "POST /now HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
                           "Content-Length: 8192\r\n\r\n");
    for (int i = 0; i < 1024; i++)
        buf_add_text(&request, "abcdefgh");
    const char *text = answer_to(buf_slice(&request));

    assert_starts(text, "HTTP/1.1 200 OK\r\n");
    assert_true(strlen(text) > 8192);
    buf_reset(&request);
    buf_add_text(&request, "POST /now HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
                           "Transfer-Encoding: chunked\r\n\r\n2000\r\n");
    for (int i = 0; i < 1024; i++)
        buf_add_text(&request, "abcdefgh");
    buf_add_text(&request, "\r\n0\r\n\r\n");
    text = answer_to(buf_slice(&request));
    assert_starts(text, "HTTP/1.1 200 OK\r\n");
    assert_true(strlen(text) > 8192);
    buf_release(&request);
}

static void test_head_is_answered_without_a_body(void **state)
{
    struct client client;

    (void)state;
    client_open(&client);
    SAY(&client, "HEAD /now HTTP/1.1\r\nHost: a\r\n\r\n"
                 "GET /now HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    WAIT(client.eof);
    const char *text = client_text(&client);

    assert_has(text, "\r\nContent-Length: 17\r\n");
    assert_int_equal(count_of(text, "[] none"), 1);
    assert_has(text, "\r\n\r\nHTTP/1.1 200 OK");
    client_close(&client);
}

static void test_an_empty_answer_has_no_length(void **state)
{
    const char *text = answer_to(SL("GET /empty HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"));

    (void)state;
    assert_starts(text, "HTTP/1.1 204 No Content\r\n");
    assert_lacks(text, "Content-Length");
    assert_lacks(text, "ignored");
}

static void test_connections_are_kept_until_somebody_ends_them(void **state)
{
    struct client client;

    (void)state;
    client_open(&client);
    for (int i = 0; i < 3; i++) {
        client_forget(&client);
        SAY(&client, "GET /now HTTP/1.1\r\nHost: a\r\n\r\n");
        WAIT(client_hears(&client, "none"));
        assert_lacks(client_text(&client), "Connection");
    }
    client_forget(&client);
    SAY(&client, "GET /now HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    WAIT(client.eof);
    assert_has(client_text(&client), "\r\nConnection: close\r\n");
    assert_int_equal(world.served, 4);
    client_close(&client);
}

static void test_an_old_client_gets_one_answer(void **state)
{
    const char *text = answer_to(SL("GET /now HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"));

    (void)state;
    assert_starts(text, "HTTP/1.1 200 OK\r\n");
    assert_has(text, "\r\nConnection: close\r\n");
}

static void test_a_connection_ends_after_its_last_request(void **state)
{
    struct http_server_settings settings = default_settings();
    struct client client;

    (void)state;
    settings.requests_per_connection = 3;
    world_restart(&settings);
    client_open(&client);
    for (int i = 0; i < 10; i++)
        SAY(&client, "GET /now HTTP/1.1\r\nHost: a\r\n\r\n");
    WAIT(client.eof);
    assert_false(client.error);
    assert_int_equal(count_of(client_text(&client), "HTTP/1.1 200 OK"), 3);
    assert_int_equal(count_of(client_text(&client), "Connection: close"), 1);
    assert_int_equal(world.served, 3);
    client_close(&client);
}

static void test_pipelined_requests_are_answered_in_order(void **state)
{
    struct client client;

    (void)state;
    client_open(&client);
    SAY(&client, "GET /later HTTP/1.1\r\nHost: a\r\n\r\n"
                 "GET /now?2 HTTP/1.1\r\nHost: a\r\n\r\n"
                 "GET /later HTTP/1.1\r\nHost: a\r\n\r\n"
                 "GET /now?4 HTTP/1.1\r\nHost: a\r\n\r\n");
    WAIT(later_first() != NULL);
    pass_time(50);
    assert_int_equal(world.opened, 1);
    later_answer("<1>");
    WAIT(later_first() != NULL);
    assert_int_equal(world.opened, 3);
    later_answer("<3>");
    WAIT(client_hears(&client, "?4"));
    const char *text = client_text(&client);

    assert_true(strstr(text, "<1>") < strstr(text, "?2"));
    assert_true(strstr(text, "?2") < strstr(text, "<3>"));
    assert_true(strstr(text, "<3>") < strstr(text, "?4"));
    assert_int_equal(world.abandoned, 0);
    client_close(&client);
}

static void test_one_request_may_answer_another(void **state)
{
    struct client one;
    struct client two;

    (void)state;
    client_open(&one);
    client_open(&two);
    SAY(&one, "GET /later HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    WAIT(later_first() != NULL);
    SAY(&two, "GET /other HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    WAIT(one.eof && two.eof);
    assert_has(client_text(&one), "by another");
    assert_has(client_text(&two), "GET /other");
    assert_int_equal(world.abandoned, 0);
    client_close(&one);
    client_close(&two);
}

struct refusal {
    const char *request;
    const char *start;
};

/* Each is followed by what would be a second request if the first were understood otherwise. */
static void assert_refused(const struct refusal *refusals, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct arena arena = { 0 };
        struct slice bytes =
            arena_printf(&arena, "%sGET /now HTTP/1.1\r\nHost: a\r\n\r\n", refusals[i].request);
        const char *text = answer_to(bytes);

        if (strncmp(text, refusals[i].start, strlen(refusals[i].start)) != 0)
            fail_msg("%s\n%s", refusals[i].request, text);
        assert_int_equal(count_of(text, "HTTP/1.1 "), 1);
        assert_has(text, "\r\nConnection: close\r\n");
        assert_has(text, "\r\nX-Error: yes\r\n");
        assert_has(text, "\r\nContent-Type: text/plain\r\n");
        arena_release(&arena);
    }
    assert_int_equal(world.served, 0);
    assert_int_equal(http_server_connections(world.server), 0);
}

#define POST "POST /now HTTP/1.1\r\nHost: a\r\n"

static void test_ambiguous_framing_is_refused_and_nothing_behind_it_is_read(void **state)
{
    static const struct refusal refusals[] = {
        { POST "Content-Length: 0\r\nContent-Length: 5\r\n\r\n", "HTTP/1.1 400 " },
        { POST "Content-Length: 5\r\nContent-Length: 0\r\n\r\nhello", "HTTP/1.1 400 " },
        { POST "Content-Length: 5, 5\r\n\r\nhello", "HTTP/1.1 400 " },
        { POST "Content-Length: +5\r\n\r\nhello", "HTTP/1.1 400 " },
        { POST "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
          "HTTP/1.1 400 " },
        { POST "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
          "HTTP/1.1 400 " },
        { POST "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", "HTTP/1.1 501 " },
        { POST "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", "HTTP/1.1 501 " },
        { POST "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n", "HTTP/1.1 501 " },
        { POST "Transfer-Encoding:  chunked\r\n\r\n0\r\n\r\n", "HTTP/1.1 400 " },
        { POST "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n", "HTTP/1.1 400 " },
        { "POST /now HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "HTTP/1.1 400 " },
    };

    (void)state;
    assert_refused(refusals, sizeof(refusals) / sizeof(refusals[0]));
}

#define CHUNKED POST "Transfer-Encoding: chunked\r\n\r\n"

static void test_odd_chunks_are_refused_and_nothing_behind_them_is_read(void **state)
{
    static const struct refusal refusals[] = {
        { CHUNKED "0x5\r\nhello\r\n0\r\n\r\n", "HTTP/1.1 400 " },
        { CHUNKED "+5\r\nhello\r\n0\r\n\r\n", "HTTP/1.1 400 " },
        { CHUNKED " 5\r\nhello\r\n0\r\n\r\n", "HTTP/1.1 400 " },
        { CHUNKED "5 junk\r\nhello\r\n0\r\n\r\n", "HTTP/1.1 400 " },
        { CHUNKED "10000000000000000\r\nhello\r\n", "HTTP/1.1 400 " },
        { CHUNKED "ffffffffffffffff\r\nhello\r\n", "HTTP/1.1 413 " },
        { CHUNKED "5\r\nhello0\r\n\r\n", "HTTP/1.1 400 " },
        { CHUNKED "5\nhello\n0\n\n", "HTTP/1.1 400 " },
        { CHUNKED "5\r\nhello\r\n2000\r\n", "HTTP/1.1 413 " },
        { CHUNKED "0\r\n X: y\r\n\r\n", "HTTP/1.1 400 " },
    };

    (void)state;
    assert_refused(refusals, sizeof(refusals) / sizeof(refusals[0]));
    assert_int_equal(world.abandoned, 10);
}

static void test_what_is_no_http_1_is_refused(void **state)
{
    static const struct refusal refusals[] = {
        { "GET /now HTTP/1.1\nHost: a\n\n", "HTTP/1.1 400 " },
        { "GET /now HTTP/1.1\r\nHost: a\r\nX: a\rb\r\n\r\n", "HTTP/1.1 400 " },
        { "GET /now HTTP/1.1\r\nHost: a\r\nX: a\r\n b\r\n\r\n", "HTTP/1.1 400 " },
        { "GET /now HTTP/1.1\r\nHost: a\r\n: b\r\n\r\n", "HTTP/1.1 400 " },
        { "GET /now HTTP/1.1\r\nHost: a\r\nX : b\r\n\r\n", "HTTP/1.1 400 " },
        { "GET /now HTTP/1.1\r\n\r\n", "HTTP/1.1 400 " },
        { "GET /now HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", "HTTP/1.1 400 " },
        { "GET /now HTTP/1.1\r\nHost: a@b\r\n\r\n", "HTTP/1.1 400 " },
        { "GET http://b/now HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 400 " },
        { "GET /now HTTP/9.9\r\nHost: a\r\n\r\n", "HTTP/1.1 505 " },
        { "GET /now HTTP/1.4294967297\r\nHost: a\r\n\r\n", "HTTP/1.1 400 " },
        { "GET /now\r\n\r\n", "HTTP/1.1 400 " },
        { "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "HTTP/1.1 505 " },
        { "PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n\r\n", "HTTP/1.1 400 " },
        { POST "Expect: 200-ok\r\n\r\n", "HTTP/1.1 417 " },
        { POST "Content-Encoding: gzip\r\nContent-Length: 5\r\n\r\nhello", "HTTP/1.1 415 " },
    };
    const char *text = answer_to(SL("GET /now HTTP/1.1\r\nHost: a\r\nX: a\0b\r\n\r\n"));

    (void)state;
    assert_starts(text, "HTTP/1.1 400 Bad Request\r\n");
    assert_refused(refusals, sizeof(refusals) / sizeof(refusals[0]));
}

static void test_an_upgrade_is_passed_over(void **state)
{
    (void)state;
    assert_answer("GET /now HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings, close\r\n"
                  "Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n",
                  "HTTP/1.1 200 OK\r\n", "GET /now [] none");
}

/* Without an end, so that only an early judgement can answer. */
static void assert_refused_early(const char *beginning, size_t len, const char *start)
{
    struct buf request = BUF_INIT(len + 100);

    buf_add_text(&request, beginning);
    while (request.len < len)
        buf_add_byte(&request, 'a');
    assert_starts(answer_to(buf_slice(&request)), start);
    buf_release(&request);
}

static void test_what_is_too_long_is_refused_before_it_ends(void **state)
{
    (void)state;
    assert_refused_early("", 1000000, "HTTP/1.1 400 ");
    assert_refused_early("GET /", 200000, "HTTP/1.1 414 ");
    assert_refused_early("GET /now HTTP/1.1\r\nX: ", 200000, "HTTP/1.1 431 ");
    assert_refused_early(POST "Content-Length: 8193\r\n\r\n", 0, "HTTP/1.1 413 ");
    assert_refused_early(CHUNKED "2001\r\n", 0, "HTTP/1.1 413 ");
    assert_int_equal(world.served, 0);
}

static void test_too_many_headers_are_refused(void **state)
{
    struct buf request = BUF_INIT(4000);

    (void)state;
    buf_add_text(&request, "GET /now HTTP/1.1\r\nHost: a\r\n");
    for (int i = 0; i < 30; i++)
        buf_add_text(&request, "X: y\r\n");
    buf_add_text(&request, "\r\n");
    assert_starts(answer_to(buf_slice(&request)), "HTTP/1.1 431 ");
    buf_release(&request);
}

static void test_a_body_is_asked_for_when_the_client_waits(void **state)
{
    struct client client;

    (void)state;
    client_open(&client);
    SAY(&client, POST "Expect: 100-continue\r\nContent-Length: 5\r\nConnection: close\r\n\r\n");
    WAIT(client_hears(&client, "\r\n\r\n"));
    assert_string_equal(client_text(&client), "HTTP/1.1 100 Continue\r\n\r\n");
    assert_int_equal(world.served, 0);
    SAY(&client, "hello");
    WAIT(client.eof);
    assert_has(client_text(&client), "POST /now [hello] body");
    client_close(&client);
}

static void test_a_body_too_long_is_not_asked_for(void **state)
{
    const char *text =
        answer_to(SL(POST "Expect: 100-continue\r\nContent-Length: 99999999999\r\n\r\n"));

    (void)state;
    assert_starts(text, "HTTP/1.1 413 ");
    assert_lacks(text, "100 Continue");
}

static void test_a_body_that_comes_unasked_needs_no_asking(void **state)
{
    const char *text = answer_to(
        SL(POST "Expect: 100-continue\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello"));

    (void)state;
    assert_starts(text, "HTTP/1.1 200 OK");
    assert_has(text, "[hello]");
}

static void test_large_answers_arrive_and_the_next_request_waits(void **state)
{
    struct client client;

    (void)state;
    client_open(&client);
    SAY(&client, "GET /big HTTP/1.1\r\nHost: a\r\n\r\n"
                 "GET /now HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    WAIT(world.served == 1);
    WAIT(client.eof);
    assert_true(client_heard(&client) > BIG_SIZE);
    assert_true(client_hears(&client, "GET /now [] none"));
    client_close(&client);
}

static void test_unix_sockets_are_served(void **state)
{
    struct http_server_settings settings = default_settings();
    struct arena arena = { 0 };
    struct client client;

    assert_int_equal(world_end(state), 0);
    world_start_at(&settings, arena_printf(&arena, "unix:/tmp/cardea-test-%d", getpid()).at);
    client_open(&client);
    SAY(&client, "GET /later HTTP/1.1\r\nHost: localhost\r\n\r\n");
    WAIT(later_first() != NULL);
    struct slice peer = address_text(&arena, &later_first()->exchange.peer);

    assert_true(slice_is(peer, "unix:"));
    later_answer("good");
    WAIT(client_hears(&client, "good"));
    client_close(&client);
    arena_release(&arena);
}

static void test_the_peer_is_known(void **state)
{
    struct arena arena = { 0 };
    struct client client;

    (void)state;
    client_open(&client);
    SAY(&client, "GET /later HTTP/1.1\r\nHost: a\r\n\r\n");
    WAIT(later_first() != NULL);
    assert_true(slice_is(address_host_text(&arena, &later_first()->exchange.peer), "127.0.0.1"));
    assert_false(later_first()->exchange.tls);
    assert_null(http_exchange_certificate(&later_first()->exchange));
    later_answer("good");
    client_close(&client);
    arena_release(&arena);
}

static void test_headers_cannot_be_split(void **state)
{
    static const struct slice bad[] = { SLICE("a\r\nSet-Cookie: b"), SLICE("a\n"), SLICE("a\0b"),
                                        SLICE("\r") };
    struct buf headers = BUF_INIT(200);

    (void)state;
    http_add_header(&headers, "Location", SL("https://a/\xc3\xa9?b c"));
    assert_true(buf_ok(&headers));
    assert_string_equal(headers.at, "Location: https://a/\xc3\xa9?b c\r\n");
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        buf_reset(&headers);
        http_add_header(&headers, "Location", bad[i]);
        assert_false(buf_ok(&headers));
        assert_int_equal(headers.len, 0);
    }
    buf_release(&headers);
}

static void test_statuses_have_names(void **state)
{
    (void)state;
    assert_string_equal(http_status_text(200), "OK");
    assert_string_equal(http_status_text(505), "HTTP Version Not Supported");
    assert_string_equal(http_status_text(299), "");
}

static int make_big(void **state)
{
    (void)state;
    world.big = mem_alloc(BIG_SIZE);
    memset(world.big, 'b', BIG_SIZE);
    return 0;
}

static int free_big(void **state)
{
    (void)state;
    mem_free(world.big);
    return 0;
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, world_begin, world_end)
    const struct CMUnitTest tests[] = {
        TEST(test_an_answer_has_the_headers_it_needs),
        TEST(test_bodies_come_whole),
        TEST(test_requests_may_come_byte_by_byte),
        TEST(test_bodies_of_the_greatest_length_pass),
        TEST(test_head_is_answered_without_a_body),
        TEST(test_an_empty_answer_has_no_length),
        TEST(test_connections_are_kept_until_somebody_ends_them),
        TEST(test_an_old_client_gets_one_answer),
        TEST(test_a_connection_ends_after_its_last_request),
        TEST(test_pipelined_requests_are_answered_in_order),
        TEST(test_one_request_may_answer_another),
        TEST(test_ambiguous_framing_is_refused_and_nothing_behind_it_is_read),
        TEST(test_odd_chunks_are_refused_and_nothing_behind_them_is_read),
        TEST(test_what_is_no_http_1_is_refused),
        TEST(test_an_upgrade_is_passed_over),
        TEST(test_what_is_too_long_is_refused_before_it_ends),
        TEST(test_too_many_headers_are_refused),
        TEST(test_a_body_is_asked_for_when_the_client_waits),
        TEST(test_a_body_too_long_is_not_asked_for),
        TEST(test_a_body_that_comes_unasked_needs_no_asking),
        TEST(test_large_answers_arrive_and_the_next_request_waits),
        TEST(test_unix_sockets_are_served),
        TEST(test_the_peer_is_known),
        TEST(test_headers_cannot_be_split),
        TEST(test_statuses_have_names),
    };

    return cmocka_run_group_tests(tests, make_big, free_big);
}
