#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "net/address.h"
#include "net/http_client.h"
#include "net/tls.h"

#include <cmocka.h>
#include <netdb.h>
#include <signal.h>

#include "certificates.h"
#include "fake_server.h"

enum {
    PATIENCE_MS = 20000
};

static struct event_base *base;
static struct event *heartbeat;
static struct http_client *client;
static struct fake_server server;
static struct arena arena;
static struct certificate authority;

/* What a flow of one call leaves behind. */
struct result {
    bool ended;
    enum flow_end end;
    struct http_call call; /* its slices copied into the arena of the suite */
};

struct probe {
    struct flow flow;
    struct http_call call;
    struct result *result;
    void (*then)(void); /* called in the step behind the call */
    bool again;         /* one more call */
};

static void on_heartbeat(evutil_socket_t fd, short what, void *context)
{
    (void)fd;
    (void)what;
    (void)context;
}

#define WAIT(condition)                                                                            \
    do {                                                                                           \
        int64_t wait_end = clock_monotonic_ms() + PATIENCE_MS;                                     \
                                                                                                   \
        while (!(condition)) {                                                                     \
            if (clock_monotonic_ms() > wait_end)                                                   \
                fail_msg("in vain: %s", #condition);                                               \
            event_base_loop(base, EVLOOP_ONCE);                                                    \
        }                                                                                          \
    } while (0)

static enum step_result ask(struct flow *flow)
{
    struct probe *probe = (struct probe *)flow;

    http_call_start(client, flow, &probe->call);
    return STEP_WAIT;
}

static enum step_result ask_again(struct flow *flow)
{
    struct probe *probe = (struct probe *)flow;

    if (!probe->again)
        return STEP_NEXT;
    return ask(flow);
}

static enum step_result read_answer(struct flow *flow)
{
    struct probe *probe = (struct probe *)flow;
    struct http_call *copy = &probe->result->call;

    *copy = probe->call;
    copy->reply = arena_copy(&arena, copy->reply);
    copy->content_type = arena_copy(&arena, copy->content_type);
    if (copy->failure_text != NULL)
        copy->failure_text = arena_string(&arena, slice_of(copy->failure_text));
    copy->reply_headers =
        arena_zalloc(&arena, (copy->reply_header_count + 1) * sizeof(copy->reply_headers[0]));
    for (size_t i = 0; i < copy->reply_header_count; i++) {
        copy->reply_headers[i].name = arena_copy(&arena, probe->call.reply_headers[i].name);
        copy->reply_headers[i].value = arena_copy(&arena, probe->call.reply_headers[i].value);
    }
    if (probe->then != NULL)
        probe->then();
    return STEP_DONE;
}

static void on_probe_end(struct flow *flow, enum flow_end end)
{
    struct probe *probe = (struct probe *)flow;

    probe->result->ended = true;
    probe->result->end = end;
}

static const struct step probing[] = { STEP(ask), STEP(ask_again), STEP(read_answer), STEP_END };

static struct probe *probe_new(struct result *result, const struct http_call *call)
{
    struct probe *probe = (struct probe *)flow_new(sizeof(*probe), "probe", probing);

    *result = (struct result){ 0 };
    probe->flow.on_end = on_probe_end;
    probe->call = *call;
    probe->result = result;
    return probe;
}

static struct http_call call_to(const char *path)
{
    return (struct http_call){
        .url = arena_printf(&arena, "%s://localhost:%u%s", server.tls != NULL ? "https" : "http",
                            server.port, path),
        .inner_allowed = true,
    };
}

static struct http_call perform(struct http_call call)
{
    struct result result;

    flow_run(&probe_new(&result, &call)->flow);
    WAIT(result.ended);
    assert_int_equal(result.end, FLOW_DONE);
    assert_int_equal(flow_count(), 0);
    if (result.call.failure != HTTP_CALL_OK) {
        assert_non_null(result.call.failure_text);
        assert_int_equal(result.call.status, 0);
        assert_false(slice_is_set(result.call.reply));
    } else {
        assert_null(result.call.failure_text);
        assert_true(slice_is_set(result.call.reply));
    }
    return result.call;
}

static struct http_call get(const char *path)
{
    return perform(call_to(path));
}

static void assert_failure(const struct http_call *call, enum http_call_failure expected)
{
    if (call->failure != expected)
        fail_msg("%.*s: %d instead of %d: %s", SLICE_ARG(call->url), call->failure, expected,
                 call->failure_text != NULL ? call->failure_text : "none");
}

static void assert_fails(const char *path, enum http_call_failure expected)
{
    struct http_call call = get(path);

    assert_failure(&call, expected);
}

static void assert_reply(const struct http_call *call, int status, const char *reply)
{
    assert_failure(call, HTTP_CALL_OK);
    assert_int_equal(call->status, status);
    assert_string_equal(call->reply.at, reply);
}

static void assert_header(const struct http_call *call, const char *name, const char *value)
{
    struct slice found = http_call_header(call, name);

    assert_true(slice_is_set(found));
    assert_string_equal(found.at, value);
}

#define OK        "HTTP/1.1 200 OK\r\n"
#define LENGTH(n) OK "Content-Length: " #n "\r\n\r\n"
#define CHUNKED   OK "Transfer-Encoding: chunked\r\n\r\n"
#define TYPE      "Content-Type: Application/JSON; charset=x\r\n"
#define TWICE     "X-Twice: 1\r\nx-twice: 2\r\n"
#define HELLO     OK TYPE TWICE "X-Empty:\r\nSet-Cookie: a=b\r\nContent-Length: 5\r\n\r\nhello"
#define MOVED     "HTTP/1.1 302 Found\r\nLocation: /hello\r\nContent-Length: 0\r\n\r\n"
#define REFUSED   "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"

#define PACKED OK "Content-Encoding: gzip\r\n"
/* "hello", and 1001 times "x". */
#define GZIP_HELLO                                                                                 \
    PACKED "Content-Length: 25\r\n\r\n"                                                            \
           "\37\213\10\0\0\0\0\0\2\3\313\110\315\311\311\7\0\206\246\20\66\5\0\0\0"
#define GZIP_LONG                                                                                  \
    PACKED "Content-Length: 29\r\n\r\n"                                                            \
           "\37\213\10\0\0\0\0\0\2\3\253\250\30\5\243\140\24\14\173\0\0\7\20\216\305\351\3\0\0"

#define ANSWER(path, end, text)                                                                    \
    {                                                                                              \
        path, end, text, sizeof(text) - 1                                                          \
    }

static const struct fake_answer answers[] = {
    ANSWER("/hello", FAKE_KEEP, HELLO),
    ANSWER("/empty", FAKE_KEEP, "HTTP/1.1 204 No Content\r\n\r\n"),
    ANSWER("/error", FAKE_KEEP, "HTTP/1.1 500 Oh\r\nContent-Length: 2\r\n\r\nno"),
    ANSWER("/head", FAKE_KEEP, LENGTH(9999999)),
    ANSWER("/chunked", FAKE_KEEP, CHUNKED "5\r\nhello\r\n0\r\nX-Trailer: y\r\n\r\n"),
    ANSWER("/chunked-empty", FAKE_KEEP, CHUNKED "0\r\nX: y\r\n\r\n"),
    ANSWER("/old", FAKE_CLOSE, "HTTP/1.0 200 OK\r\n\r\nhello"),
    ANSWER("/interim", FAKE_KEEP,
           "HTTP/1.1 103 Early Hints\r\nX-Early: y\r\n\r\n" LENGTH(5) "hello"),
    ANSWER("/redirect", FAKE_KEEP, MOVED),
    ANSWER("/gzip", FAKE_KEEP, GZIP_HELLO),
    ANSWER("/gzip-long", FAKE_KEEP, GZIP_LONG),
    ANSWER("/gzip-broken", FAKE_KEEP, PACKED "Content-Length: 5\r\n\r\nhello"),
    ANSWER("/announced", FAKE_FLOOD, LENGTH(2000)),
    ANSWER("/flood", FAKE_FLOOD, OK "\r\n"),
    ANSWER("/flood-chunk", FAKE_FLOOD, CHUNKED "ffffff\r\n"),
    ANSWER("/flood-header", FAKE_FLOOD, OK "X: "),
    ANSWER("/drip", FAKE_DRIP, LENGTH(1000)),
    ANSWER("/drip-header", FAKE_DRIP, OK "X: "),
    ANSWER("/nothing", FAKE_CLOSE, ""),
    ANSWER("/garbage", FAKE_CLOSE, "hello hello hello\r\n\r\n"),
    ANSWER("/short", FAKE_CLOSE, LENGTH(10) "hello"),
    ANSWER("/short-chunk", FAKE_CLOSE, CHUNKED "ff\r\nhello"),
    ANSWER("/short-chunks", FAKE_CLOSE, CHUNKED "5\r\nhello\r\n"),
    ANSWER("/short-header", FAKE_CLOSE, OK "Content-Length: 1"),
    ANSWER("http://public.example/hello", FAKE_KEEP, LENGTH(5) "hello"),
    ANSWER("public.example:443", FAKE_CLOSE, REFUSED),
};

static void serve_these(void)
{
    server.answers = answers;
    server.answer_count = sizeof(answers) / sizeof(answers[0]);
}

static void serve_one(const struct fake_answer *answer)
{
    server.answers = answer;
    server.answer_count = 1;
}

static struct http_client_settings default_settings(void)
{
    return (struct http_client_settings){ .ca_file = authority.file,
                                          .connect_timeout_ms = 5000,
                                          .timeout_ms = PATIENCE_MS,
                                          .response_limit = 1000,
                                          .user_agent = "cardea/test" };
}

static void client_restart(const struct http_client_settings *settings)
{
    http_client_free(client);
    client = http_client_new(base, settings);
}

static int begin(void **state)
{
    struct http_client_settings settings = default_settings();
    struct timeval interval = { 0, 20000 };

    (void)state;
    signal(SIGPIPE, SIG_IGN);
    base = event_base_new();
    heartbeat = event_new(base, -1, EV_PERSIST, on_heartbeat, NULL);
    event_add(heartbeat, &interval);
    client = http_client_new(base, &settings);
    fake_server_open(&server, base, NULL, INADDR_LOOPBACK);
    serve_these();
    return 0;
}

/* The client's connections go with it, and the server's go with them. */
static int end(void **state)
{
    (void)state;
    http_client_free(client);
    WAIT(server.open == 0);
    fake_server_close(&server);
    SSL_CTX_free(server.tls);
    event_base_loop(base, EVLOOP_NONBLOCK);
    event_free(heartbeat);
    event_base_free(base);
    arena_release(&arena);
    arena_cache_release();
    return 0;
}

static void test_an_answer_comes_with_all_its_parts(void **state)
{
    struct http_call call = get("/hello");

    (void)state;
    assert_reply(&call, 200, "hello");
    assert_string_equal(call.content_type.at, "application/json");
    assert_int_equal(call.reply_header_count, 6);
    assert_header(&call, "CONTENT-TYPE", "Application/JSON; charset=x");
    assert_header(&call, "X-Twice", "1");
    assert_header(&call, "X-Empty", "");
    assert_string_equal(call.reply_headers[2].name.at, "x-twice");
    assert_false(slice_is_set(http_call_header(&call, "X-Absent")));
}

static void test_only_what_is_needed_is_sent(void **state)
{
    char expected[200];

    (void)state;
    get("/hello");
    snprintf(expected, sizeof(expected),
             "GET /hello HTTP/1.1\r\nHost: localhost:%u\r\nUser-Agent: cardea/test\r\n"
             "Accept: */*\r\nAccept-Encoding: identity\r\n\r\n",
             server.port);
    assert_string_equal(server.last, expected);
}

static void test_answers_of_all_kinds_are_answers(void **state)
{
    struct http_call call = get("/empty");

    (void)state;
    assert_reply(&call, 204, "");
    assert_false(slice_is_set(call.content_type));
    call = get("/error");
    assert_reply(&call, 500, "no");
    call = get("/chunked");
    assert_reply(&call, 200, "hello");
    assert_false(slice_is_set(http_call_header(&call, "X-Trailer")));
    call = get("/chunked-empty");
    assert_reply(&call, 200, "");
    call = get("/old");
    assert_reply(&call, 200, "hello");
    call = get("/interim");
    assert_reply(&call, 200, "hello");
    assert_false(slice_is_set(http_call_header(&call, "X-Early")));
}

static void test_a_redirect_is_not_followed(void **state)
{
    struct http_call call = get("/redirect");

    (void)state;
    assert_reply(&call, 302, "");
    assert_header(&call, "Location", "/hello");
    assert_int_equal(server.requests, 1);
}

/* Some providers pack every answer, asked or not. */
static void test_what_nobody_asked_to_be_packed_is_unpacked_within_the_limit(void **state)
{
    struct http_call call = get("/gzip");

    (void)state;
    assert_reply(&call, 200, "hello");
    assert_fails("/gzip-long", HTTP_CALL_TOO_LONG);
    assert_fails("/gzip-broken", HTTP_CALL_BROKEN);
}

static void test_cookies_are_not_kept(void **state)
{
    (void)state;
    get("/hello");
    get("/hello");
    assert_null(strcasestr(server.last, "Cookie"));
}

static void test_a_form_is_posted(void **state)
{
    struct http_header headers[] = {
        { SL("Content-Type"), SL("application/x-www-form-urlencoded") },
        { SL("Authorization"), SL("Basic YTpi") },
        { SL("X-Empty"), SL("") },
        { SL("User-Agent"), SL("another") },
    };
    struct http_call call = call_to("/hello");

    (void)state;
    call.body = SL("grant_type=authorization_code&code=a\0b");
    call.headers = headers;
    call.header_count = 4;
    call = perform(call);
    assert_reply(&call, 200, "hello");
    assert_int_equal(strncmp(server.last, "POST /hello HTTP/1.1\r\n", 22), 0);
    assert_non_null(strstr(server.last, "\r\nContent-Length: 38\r\n"));
    assert_non_null(strstr(server.last, "\r\nContent-Type: application/x-www-form-urlencoded\r\n"));
    assert_non_null(strstr(server.last, "\r\nAuthorization: Basic YTpi\r\n"));
    assert_non_null(strstr(server.last, "\r\nX-Empty:\r\n"));
    assert_non_null(strstr(server.last, "\r\nUser-Agent: another\r\n"));
    assert_non_null(strstr(server.last, "\r\n\r\ngrant_type=authorization_code&code=a"));
    assert_null(strstr(server.last, "Expect"));
    assert_null(strstr(server.last, "cardea/test"));
}

static void assert_sent(const char *method, struct slice body, const char *start,
                        const char *length)
{
    struct http_call call = call_to("/hello");

    call.method = slice_of(method);
    call.body = body;
    call = perform(call);
    assert_reply(&call, 200, "hello");
    assert_int_equal(strncmp(server.last, start, strlen(start)), 0);
    if (length != NULL)
        assert_non_null(strstr(server.last, length));
    else
        assert_null(strstr(server.last, "Content-Length"));
    assert_null(strstr(server.last, "Content-Type"));
}

static void test_methods_are_sent_as_asked_for(void **state)
{
    struct http_call call = call_to("/head");

    (void)state;
    assert_sent(NULL, slice_none(), "GET ", NULL);
    assert_sent("GET", slice_none(), "GET ", NULL);
    assert_sent(NULL, SL(""), "POST ", "\r\nContent-Length: 0\r\n");
    assert_sent("POST", slice_none(), "POST ", "\r\nContent-Length: 0\r\n");
    assert_sent("PUT", SL("x"), "PUT ", "\r\nContent-Length: 1\r\n");
    assert_sent("PATCH", SL("xy"), "PATCH ", "\r\nContent-Length: 2\r\n");
    assert_sent("DELETE", slice_none(), "DELETE ", NULL);
    assert_sent("GET", SL("xyz"), "GET ", "\r\nContent-Length: 3\r\n");
    call.method = SL("HEAD");
    call = perform(call);
    assert_reply(&call, 200, "");
    assert_header(&call, "Content-Length", "9999999");
}

static void test_a_large_body_is_sent_without_waiting(void **state)
{
    char body[60000];
    struct http_call call = call_to("/hello");

    (void)state;
    memset(body, 'b', sizeof(body));
    call.body = slice_make(body, sizeof(body));
    call = perform(call);
    assert_reply(&call, 200, "hello");
    assert_int_equal(strlen(strstr(server.last, "\r\n\r\n")), sizeof(body) + 4);
}

static void test_headers_that_are_none_are_refused(void **state)
{
    static const struct http_header bad[] = {
        { SLICE("X"), SLICE("a\r\nY: b") },
        { SLICE("X"), SLICE("a\nb") },
        { SLICE("X"), SLICE("a\0b") },
        { SLICE("X: a\r\nY"), SLICE("b") },
        { SLICE("X Y"), SLICE("b") },
        { SLICE(""), SLICE("b") },
        { SLICE("Host"), SLICE("b") },
        { SLICE("content-length"), SLICE("0") },
        { SLICE("Transfer-Encoding"), SLICE("chunked") },
        { SLICE("Accept-Encoding"), SLICE("gzip") },
        { SLICE("Connection"), SLICE("close") },
        { SLICE("Expect"), SLICE("x") },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct http_header header = bad[i];
        struct http_call call = call_to("/hello");

        call.headers = &header;
        call.header_count = 1;
        call = perform(call);
        assert_failure(&call, HTTP_CALL_FORBIDDEN);
    }
    struct http_call call = call_to("/hello");

    call.method = SL("GET / HTTP/1.1\r\nX:");
    call = perform(call);
    assert_failure(&call, HTTP_CALL_FORBIDDEN);
    assert_int_equal(server.connections, 0);
}

static void test_connections_are_reused(void **state)
{
    (void)state;
    for (int i = 0; i < 5; i++)
        get("/hello");
    assert_int_equal(server.requests, 5);
    assert_int_equal(server.connections, 1);
}

static void test_a_body_beyond_the_limit_ends_the_call(void **state)
{
    static char exact[1100];
    struct fake_answer answer = { "/exact", FAKE_KEEP, exact, 0 };
    struct http_call call;

    (void)state;
    assert_fails("/announced", HTTP_CALL_TOO_LONG);
    assert_fails("/flood", HTTP_CALL_TOO_LONG);
    assert_fails("/flood-chunk", HTTP_CALL_TOO_LONG);
    int len = snprintf(exact, sizeof(exact), "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n");

    memset(exact + len, 'x', 1000);
    serve_one(&answer);
    call = get("/exact");
    assert_failure(&call, HTTP_CALL_OK);
    assert_int_equal(call.reply.len, 1000);
    call = call_to("/exact");
    call.response_limit = 999;
    call = perform(call);
    assert_failure(&call, HTTP_CALL_TOO_LONG);
    WAIT(server.open <= 1);
}

static const char *with_headers(int count, const char *line)
{
    static char text[200000];
    int len = snprintf(text, sizeof(text), "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n");

    for (int i = 0; i < count; i++)
        len += snprintf(text + len, sizeof(text) - (size_t)len, "%s", line);
    snprintf(text + len, sizeof(text) - (size_t)len, "\r\nhello");
    return text;
}

static void test_headers_have_a_limit(void **state)
{
    struct fake_answer answer = { "/headers", FAKE_KEEP, NULL, 0 };
    struct http_call call;

    (void)state;
    assert_fails("/flood-header", HTTP_CALL_BROKEN);
    answer.bytes = with_headers(99, "X: y\r\n");
    serve_one(&answer);
    call = get("/headers");
    assert_reply(&call, 200, "hello");
    assert_int_equal(call.reply_header_count, 100);
    answer.bytes = with_headers(100, "X: y\r\n");
    assert_fails("/headers", HTTP_CALL_BROKEN);
    answer.bytes = with_headers(90, "X: 0123456789abcdef0123456789abcdef0123456789abcdef0123456789"
                                    "abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456"
                                    "789abcdef\r\n");
    call = get("/headers");
    assert_reply(&call, 200, "hello");
}

static void test_a_long_header_block_is_broken(void **state)
{
    char line[1000];
    struct fake_answer answer = { "/headers", FAKE_KEEP, NULL, 0 };

    (void)state;
    memset(line, 'x', sizeof(line));
    memcpy(line, "X: ", 3);
    memcpy(line + sizeof(line) - 3, "\r\n", 3);
    answer.bytes = with_headers(70, line);
    serve_one(&answer);
    assert_fails("/headers", HTTP_CALL_BROKEN);
}

static void test_a_slow_server_meets_the_total_deadline(void **state)
{
    static const char *const slow[] = { "/silent", "/drip", "/drip-header" };

    (void)state;
    for (size_t i = 0; i < sizeof(slow) / sizeof(slow[0]); i++) {
        struct http_call call = call_to(slow[i]);
        int64_t began = clock_monotonic_ms();

        call.timeout_ms = 300;
        call = perform(call);
        assert_failure(&call, HTTP_CALL_TIMEOUT);
        assert_true(clock_monotonic_ms() - began >= 290);
        assert_true(clock_monotonic_ms() - began < 5000);
    }
    WAIT(server.open == 0);
}

static void test_what_is_cut_off_or_no_http_is_broken(void **state)
{
    static const char *const broken[] = { "/nothing",     "/garbage",      "/short",
                                          "/short-chunk", "/short-chunks", "/short-header" };

    (void)state;
    for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++)
        assert_fails(broken[i], HTTP_CALL_BROKEN);
}

static void test_nobody_there_is_unreachable(void **state)
{
    struct http_call call = call_to("/hello");
    struct fake_server gone;

    (void)state;
    fake_server_open(&gone, base, NULL, INADDR_LOOPBACK);
    fake_server_close(&gone);
    call.url = arena_printf(&arena, "http://127.0.0.1:%u/", gone.port);
    call = perform(call);
    assert_failure(&call, HTTP_CALL_UNREACHABLE);
}

static void test_what_a_stranger_names_must_not_lead_inside(void **state)
{
    static const char *const urls[] = {
        "https://127.0.0.1:%u/hello",
        "https://localhost:%u/hello",
        "https://LOCALHOST:%u/hello",
        "https://localhost.:%u/hello",
        "https://a.localhost:%u/hello",
        "https://[::1]:%u/hello",
        "https://[::ffff:127.0.0.1]:%u/hello",
        "https://[::]:%u/hello",
        "https://0.0.0.0:%u/hello",
        "https://10.0.0.1:%u/hello",
        "https://169.254.169.254:%u/latest/meta-data",
        "https://[fd00::1]:%u/",
        "https://[64:ff9b::7f00:1]:%u/",
        "https://2130706433:%u/hello",
        "https://0x7f000001:%u/hello",
        "https://0177.0.0.1:%u/hello",
        "https://127.1:%u/hello",
        "https://127.0.0.1.:%u/hello",
        "http://public.example:%u/",
        "http://127.0.0.1:%u/hello",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
        struct slice pattern = slice_of(urls[i]);
        size_t at = slice_find_text(pattern, SL("%u"));
        struct http_call call = { .url = arena_printf(&arena, "%.*s%u%s", (int)at, urls[i],
                                                      server.port, urls[i] + at + 2) };

        call = perform(call);
        assert_failure(&call, HTTP_CALL_FORBIDDEN);
    }
    assert_int_equal(server.connections, 0);
}

static void test_what_is_no_http_url_is_refused_whoever_names_it(void **state)
{
    static const char *const urls[] = {
        "file:///etc/passwd",
        "gopher://127.0.0.1/",
        "dict://127.0.0.1/",
        "ftp://127.0.0.1/",
        "unix:/tmp/x",
        "localhost/hello",
        "",
        "http://",
        "http://a@127.0.0.1/",
        "http://127.0.0.1\\@evil.example/",
        "http://127.0.0.1/\r\nX: y",
        "http://127.0.0.1/a b",
        "http://127.0.0.1:0/",
        "http://127.0.0.1:99999/",
        "javascript:alert(1)",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
        struct http_call call = { .url = slice_of(urls[i]), .inner_allowed = true };

        call = perform(call);
        assert_failure(&call, HTTP_CALL_FORBIDDEN);
    }
}

/* A name of this machine that does not look like one but leads to an inner address, or NULL. */
static const char *inner_name(void)
{
    static char host[256];
    const char *const candidates[] = { host, "localhost.localdomain" };

    gethostname(host, sizeof(host) - 1);
    for (size_t i = 0; i < 2; i++) {
        struct addrinfo hints = { .ai_family = AF_INET, .ai_socktype = SOCK_STREAM };
        struct addrinfo *found;
        struct address address = { 0 };

        if (getaddrinfo(candidates[i], NULL, &hints, &found) != 0)
            continue;
        memcpy(&address.sockaddr, found->ai_addr, found->ai_addrlen);
        address.len = found->ai_addrlen;
        freeaddrinfo(found);
        if (address_is_inner(&address) && strcmp(candidates[i], "localhost") != 0)
            return candidates[i];
    }
    return NULL;
}

static void test_a_name_that_leads_inside_is_judged_at_the_socket(void **state)
{
    const char *name = inner_name();
    struct http_call call = { 0 };

    (void)state;
    if (name == NULL)
        skip();
    call.url = arena_printf(&arena, "https://%s:%u/hello", name, server.port);
    call = perform(call);
    assert_failure(&call, HTTP_CALL_FORBIDDEN);
    assert_non_null(strstr(call.failure_text, "inner address"));
    assert_int_equal(server.connections, 0);
}

static void serve_tls(const struct certificate *certificate, in_addr_t where)
{
    const char *why = NULL;

    fake_server_close(&server);
    SSL_CTX *tls =
        tls_server_context(&arena, certificate->file, certificate->key_file, false, &why);

    if (tls == NULL)
        fail_msg("%s", why);
    fake_server_open(&server, base, tls, where);
    serve_these();
}

/* A connection that was allowed to be made must not serve a call that might not make it. */
static void test_a_connection_to_the_inside_is_not_shared(void **state)
{
    const char *name = inner_name();
    struct http_call call = { .inner_allowed = true };

    (void)state;
    if (name == NULL)
        skip();
    struct certificate good = certificate_make(
        "good", &(struct certificate_wish){ .name = name,
                                            .alternatives = arena_printf(&arena, "DNS:%s", name).at,
                                            .issuer = &authority });

    serve_tls(&good, INADDR_ANY);
    call.url = arena_printf(&arena, "https://%s:%u/hello", name, server.port);
    call = perform(call);
    assert_reply(&call, 200, "hello");
    assert_int_equal(server.open, 1);
    call = (struct http_call){ .url = call.url };
    call = perform(call);
    assert_failure(&call, HTTP_CALL_FORBIDDEN);
    assert_int_equal(server.requests, 1);
    certificate_release(&good);
}

static void test_the_environment_says_nothing(void **state)
{
    static const char *const names[] = { "http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy",
                                         "ALL_PROXY" };
    char home[] = "/tmp/cardea-home-XXXXXX";
    char netrc[64];
    const char *old_home = getenv("HOME");

    (void)state;
    assert_non_null(mkdtemp(home));
    snprintf(netrc, sizeof(netrc), "%s/.netrc", home);
    FILE *file = fopen(netrc, "w");

    fputs("machine localhost login a password b\n", file);
    fclose(file);
    setenv("HOME", home, 1);
    for (size_t i = 0; i < 5; i++)
        setenv(names[i], "http://127.0.0.1:1/", 1);
    struct http_call call = get("/hello");

    for (size_t i = 0; i < 5; i++)
        unsetenv(names[i]);
    if (old_home != NULL)
        setenv("HOME", old_home, 1);
    unlink(netrc);
    rmdir(home);
    assert_reply(&call, 200, "hello");
    assert_null(strstr(server.last, "Authorization"));
}

static void test_the_proxy_of_the_settings_is_used(void **state)
{
    struct http_client_settings settings = default_settings();
    struct http_call call = { .url = SL("http://public.example/hello"), .inner_allowed = true };
    static const char *const inner[] = { "https://127.0.0.1/", "https://localhost./",
                                         "https://0x7f.1/", "https://[::1]/" };

    (void)state;
    settings.proxy = arena_printf(&arena, "http://127.0.0.1:%u", server.port).at;
    client_restart(&settings);
    setenv("no_proxy", "*", 1);
    call = perform(call);
    unsetenv("no_proxy");
    assert_reply(&call, 200, "hello");
    assert_int_equal(strncmp(server.last, "GET http://public.example/hello HTTP/1.1\r\n", 42), 0);
    call = (struct http_call){ .url = SL("https://public.example/hello") };
    call = perform(call);
    assert_failure(&call, HTTP_CALL_UNREACHABLE);
    assert_int_equal(strncmp(server.last, "CONNECT public.example:443 HTTP/1.1\r\n", 37), 0);
    call = get("/hello"); /* our own loopback is reached directly */
    assert_reply(&call, 200, "hello");
    assert_int_equal(strncmp(server.last, "GET /hello HTTP/1.1\r\n", 21), 0);
    for (size_t i = 0; i < 4; i++) {
        call = (struct http_call){ .url = slice_of(inner[i]) };
        call = perform(call);
        assert_failure(&call, HTTP_CALL_FORBIDDEN);
    }
    assert_int_equal(server.requests, 3);
}

static void test_a_good_certificate_is_accepted_and_its_connection_reused(void **state)
{
    struct certificate good = certificate_make(
        "good", &(struct certificate_wish){ .name = "x",
                                            .alternatives = "DNS:localhost,IP:127.0.0.1",
                                            .issuer = &authority });
    struct http_call call;

    (void)state;
    serve_tls(&good, INADDR_LOOPBACK);
    call = get("/hello");
    assert_reply(&call, 200, "hello");
    call = get("/hello");
    assert_reply(&call, 200, "hello");
    assert_int_equal(server.connections, 1);
    call.url = arena_printf(&arena, "https://127.0.0.1:%u/hello", server.port);
    call = perform(call);
    assert_reply(&call, 200, "hello");
    certificate_release(&good);
}

static void test_bad_certificates_are_refused(void **state)
{
    const struct certificate_wish wishes[] = {
        { .name = "localhost", .alternatives = "DNS:localhost" }, /* self-signed */
        { .name = "localhost", .alternatives = "DNS:other.example", .issuer = &authority },
        { .name = "localhost", .issuer = &authority }, /* a common name only */
        { .name = "x",
          .alternatives = "DNS:localhost",
          .from = -7200,
          .until = -3600,
          .issuer = &authority },
        { .name = "x",
          .alternatives = "DNS:localhost",
          .from = 3600,
          .until = 7200,
          .issuer = &authority },
        { .name = "x",
          .alternatives = "DNS:localhost",
          .usage = "clientAuth",
          .issuer = &authority },
        { .name = "x", .alternatives = "DNS:local*", .issuer = &authority },
        { .name = "x", .alternatives = "DNS:*", .issuer = &authority },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(wishes) / sizeof(wishes[0]); i++) {
        struct certificate bad = certificate_make("bad", &wishes[i]);
        SSL_CTX *before = server.tls;

        serve_tls(&bad, INADDR_LOOPBACK);
        SSL_CTX_free(before);
        struct http_call call = get("/hello");

        certificate_release(&bad);
        if (call.failure != HTTP_CALL_UNREACHABLE)
            fail_msg("certificate %zu was accepted", i);
        assert_int_equal(server.requests, 0);
    }
}

static void test_a_wrong_authority_is_refused(void **state)
{
    struct http_client_settings settings = default_settings();
    struct certificate good = certificate_make(
        "good", &(struct certificate_wish){
                    .name = "x", .alternatives = "DNS:localhost", .issuer = &authority });

    (void)state;
    serve_tls(&good, INADDR_LOOPBACK);
    settings.ca_file = NULL;
    client_restart(&settings);
    assert_fails("/hello", HTTP_CALL_UNREACHABLE);
    settings.ca_file = "/nowhere/ca.pem";
    client_restart(&settings);
    assert_fails("/hello", HTTP_CALL_UNREACHABLE);
    certificate_release(&good);
}

static void test_a_call_can_be_cancelled_in_every_phase(void **state)
{
    static const char *const paths[] = { "/hello", "/silent",      "/drip-header",
                                         "/drip",  "/flood-chunk", "/short" };
    int cancelled = 0;

    (void)state;
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        for (int turns = 0; turns < 12; turns++) {
            struct http_call call = call_to(paths[i]);
            struct result result;
            struct flow *flow = &probe_new(&result, &call)->flow;

            flow_run(flow);
            for (int turn = 0; turn < turns && !result.ended; turn++)
                event_base_loop(base, EVLOOP_ONCE);
            if (!result.ended) {
                flow_cancel(flow, FLOW_GONE);
                assert_int_equal(result.end, FLOW_GONE);
                cancelled++;
            }
            assert_true(result.ended);
        }
    }
    assert_true(cancelled > 30);
    struct http_call call = get("/hello");

    assert_reply(&call, 200, "hello");
    WAIT(server.open <= 2); /* all but those kept for the next calls */
}

static void test_a_cancelled_call_lets_go_of_its_connection(void **state)
{
    struct http_call call = call_to("/silent");
    struct result result;
    struct flow *flow = &probe_new(&result, &call)->flow;

    (void)state;
    flow_run(flow);
    WAIT(server.requests == 1);
    flow_cancel(flow, FLOW_GONE);
    WAIT(server.open == 0);
}

static void test_a_handshake_can_be_cancelled(void **state)
{
    struct http_call call = call_to("/hello");
    struct result result;
    struct flow *flow;

    (void)state;
    call.url = arena_printf(&arena, "https://localhost:%u/hello", server.port); /* it is plain */
    flow = &probe_new(&result, &call)->flow;
    flow_run(flow);
    WAIT(server.open == 1);
    assert_false(result.ended);
    flow_cancel(flow, FLOW_GONE);
    assert_true(result.ended);
    WAIT(server.open == 0);
}

static void cancel_all_others(void)
{
    flow_cancel_all(FLOW_GONE);
}

/* The others may have finished in the same turn of the loop, and be about to be told. */
static void test_one_completion_may_cancel_all_other_calls(void **state)
{
    enum {
        MANY = 30
    };
    struct result results[MANY];
    int done = 0;

    (void)state;
    for (int i = 0; i < MANY; i++) {
        struct http_call call = call_to("/hello");
        struct probe *probe = probe_new(&results[i], &call);

        probe->then = cancel_all_others;
        flow_run(&probe->flow);
    }
    WAIT(flow_count() == 0);
    for (int i = 0; i < MANY; i++) {
        assert_true(results[i].ended);
        done += results[i].call.status == 200;
    }
    assert_int_equal(done, 1);
    struct http_call call = get("/hello");

    assert_reply(&call, 200, "hello");
}

static void test_a_completion_may_start_the_next_call(void **state)
{
    struct http_call call = call_to("/hello");
    struct result result;
    struct probe *probe = probe_new(&result, &call);

    (void)state;
    probe->again = true;
    flow_run(&probe->flow);
    WAIT(result.ended);
    assert_reply(&result.call, 200, "hello");
    assert_int_equal(server.requests, 2);
    assert_int_equal(server.connections, 1);
}

static void test_many_calls_run_side_by_side(void **state)
{
    enum {
        MANY = 100
    };
    struct result *results = mem_zalloc(MANY, sizeof(*results));

    (void)state;
    for (int i = 0; i < MANY; i++) {
        struct http_call call = call_to(i % 2 ? "/hello" : "/chunked");

        flow_run(&probe_new(&results[i], &call)->flow);
    }
    WAIT(flow_count() == 0);
    for (int i = 0; i < MANY; i++)
        assert_reply(&results[i].call, 200, "hello");
    assert_int_equal(server.requests, MANY);
    mem_free(results);
}

static void test_a_client_without_calls_can_be_freed(void **state)
{
    struct http_client_settings settings = default_settings();

    (void)state;
    http_client_free(http_client_new(base, &settings));
    http_client_free(NULL);
}

static int begin_suite(void **state)
{
    (void)state;
    authority =
        certificate_make("authority", &(struct certificate_wish){ .name = "Test", .authority = 1 });
    return 0;
}

static int end_suite(void **state)
{
    (void)state;
    certificate_release(&authority);
    return 0;
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, begin, end)
    const struct CMUnitTest tests[] = {
        TEST(test_an_answer_comes_with_all_its_parts),
        TEST(test_only_what_is_needed_is_sent),
        TEST(test_answers_of_all_kinds_are_answers),
        TEST(test_a_redirect_is_not_followed),
        TEST(test_what_nobody_asked_to_be_packed_is_unpacked_within_the_limit),
        TEST(test_cookies_are_not_kept),
        TEST(test_a_form_is_posted),
        TEST(test_methods_are_sent_as_asked_for),
        TEST(test_a_large_body_is_sent_without_waiting),
        TEST(test_headers_that_are_none_are_refused),
        TEST(test_connections_are_reused),
        TEST(test_a_body_beyond_the_limit_ends_the_call),
        TEST(test_headers_have_a_limit),
        TEST(test_a_long_header_block_is_broken),
        TEST(test_a_slow_server_meets_the_total_deadline),
        TEST(test_what_is_cut_off_or_no_http_is_broken),
        TEST(test_nobody_there_is_unreachable),
        TEST(test_what_a_stranger_names_must_not_lead_inside),
        TEST(test_what_is_no_http_url_is_refused_whoever_names_it),
        TEST(test_a_name_that_leads_inside_is_judged_at_the_socket),
        TEST(test_a_connection_to_the_inside_is_not_shared),
        TEST(test_the_environment_says_nothing),
        TEST(test_the_proxy_of_the_settings_is_used),
        TEST(test_a_good_certificate_is_accepted_and_its_connection_reused),
        TEST(test_bad_certificates_are_refused),
        TEST(test_a_wrong_authority_is_refused),
        TEST(test_a_call_can_be_cancelled_in_every_phase),
        TEST(test_a_cancelled_call_lets_go_of_its_connection),
        TEST(test_a_handshake_can_be_cancelled),
        TEST(test_one_completion_may_cancel_all_other_calls),
        TEST(test_a_completion_may_start_the_next_call),
        TEST(test_many_calls_run_side_by_side),
        TEST(test_a_client_without_calls_can_be_freed),
    };

    return cmocka_run_group_tests(tests, begin_suite, end_suite);
}
