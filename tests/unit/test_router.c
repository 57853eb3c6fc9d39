#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/log.h"
#include "hub/router.h"
#include "protocol/errors.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <signal.h>
#include <unistd.h>

/* A server whose routes are those below, and one who asks it. Both live in one event base. */
static struct {
    struct event_base *base;
    struct settings settings;
    struct client_settings client;
    struct slice origin;
    struct cidr proxies[2];
    struct hub hub;
    struct router *router;
    struct http_server *server;
    struct address address;
    int listening;
    struct arena arena;
    struct op op; /* what a flow of /later waits for */
    int cancelled;
    int failed;
} world;

/* ---- routes ---- */

/* What was understood of the request. */
static enum step_result say_what_came(struct flow *flow)
{
    struct request *request = request_of(flow);
    struct slice text = arena_printf(
        &flow->arena, "%s path=%.*s segment=%.*s peer=%.*s trace=%.*s a=%.*s route=%s",
        http_method_name(request->exchange.head.method), SLICE_ARG(request->path),
        SLICE_ARG(request->segment), SLICE_ARG(request->peer), SLICE_ARG(request->traceparent),
        SLICE_ARG(request_param(request, "a")), request->route->path);

    return request_answer(request, 200, "text/plain", text);
}

static void op_cancelled(struct op *op)
{
    (void)op;
    world.cancelled++;
}

static enum step_result wait_for_ever(struct flow *flow)
{
    flow_op_started(flow, &world.op, op_cancelled);
    flow_set_deadline(flow, 1);
    return STEP_WAIT;
}

static enum step_result fail_telling(struct flow *flow)
{
    return flow_fail_telling(flow, &ERROR_INVALID_REQUEST, "not \"so\" \\ \n\xc3\xa4", "why");
}

static enum step_result set_too_many_lines(struct flow *flow)
{
    struct request *request = request_of(flow);

    request_add_header(request, "X-Bad", SL("a\r\nX-Smuggled: yes"));
    for (int i = 0; i < REQUEST_LINES + 4; i++)
        request_add_header(request, "X-Line", SL("v"));
    return request_answer(request, 200, NULL, SL(""));
}

static void fail_json(struct request *request)
{
    world.failed++;
    request_fail_json(request);
}

static const struct step echo_steps[] = { STEP(say_what_came), STEP_END };
static const struct step later_steps[] = { STEP(wait_for_ever), STEP_END };
static const struct step silent_steps[] = { STEP_END };
static const struct step telling_steps[] = { STEP(fail_telling), STEP_END };
static const struct step lines_steps[] = { STEP(set_too_many_lines), STEP_END };
static const struct flow_kind echo = { "echo", echo_steps, 0, fail_json };
static const struct flow_kind later = { "later", later_steps, 0, fail_json };
static const struct flow_kind silent = { "silent", silent_steps, 0, fail_json };
static const struct flow_kind telling = { "telling", telling_steps, 0, fail_json };
static const struct flow_kind bearer = { "bearer", telling_steps, 0, request_fail_bearer };
static const struct flow_kind lines = { "lines", lines_steps, 0, fail_json };

static const struct route first_table[] = {
    { HTTP_GET, "/", &echo, 0 },
    { HTTP_GET, "/both", &echo, ROUTE_CACHEABLE },
    { HTTP_POST, "/both", &echo, ROUTE_FORM | ROUTE_NO_QUERY },
    { HTTP_GET, "/begin/{name}", &echo, ROUTE_NO_HEAD },
    { HTTP_GET, "/.well-known/thing", &echo, ROUTE_CORS_ANY },
    { 0, NULL, NULL, 0 },
};
static const struct route second_table[] = {
    { HTTP_GET | HTTP_POST, "/shared", &echo, ROUTE_CORS },
    { HTTP_GET, "/later", &later, 0 },
    { HTTP_GET, "/silent", &silent, 0 },
    { HTTP_GET, "/telling", &telling, 0 },
    { HTTP_GET, "/bearer", &bearer, 0 },
    { HTTP_GET, "/lines", &lines, 0 },
    { 0, NULL, NULL, 0 },
};
static const struct route rest_table[] = {
    { HTTP_GET, "*", &echo, 0 },
    { 0, NULL, NULL, 0 },
};
static const struct route *const tables[] = { first_table, second_table, NULL };
static const struct route *const tables_with_rest[] = { first_table, rest_table, NULL };

/* ---- the world ---- */

static void start(const struct route *const *with, const char *base_path)
{
    static const struct http_server_settings settings = {
        .limits = { .head = 8192, .target = 4096, .headers = 50, .body = 8192 },
        .connections = 10,
        .idle_ms = 60000,
        .total_ms = 60000,
        .requests_per_connection = 100,
    };

    world.router = router_new(&world.hub, with, slice_of(base_path), false);
    struct http_handler handler = router_handler(world.router);

    world.server = http_server_new(world.base, &settings, &handler);
    assert_null(address_read_listen(SL("127.0.0.1:0"), &world.address));
    world.listening = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(
        bind(world.listening, (struct sockaddr *)&world.address.sockaddr, world.address.len), 0);
    assert_int_equal(listen(world.listening, 16), 0);
    world.address.len = sizeof(world.address.sockaddr);
    getsockname(world.listening, (struct sockaddr *)&world.address.sockaddr, &world.address.len);
    assert_true(http_server_listen(world.server, world.listening, NULL));
}

static void stop(void)
{
    http_server_free(world.server);
    router_free(world.router);
    close(world.listening);
}

static void start_again(const struct route *const *with, const char *base_path)
{
    stop();
    start(with, base_path);
}

static int begin(void **state)
{
    (void)state;
    signal(SIGPIPE, SIG_IGN);
    memset(&world, 0, sizeof(world));
    log_configure(LEVEL_AUDIT, FORMAT_JSON);
    world.base = event_base_new();
    world.settings.issuer = SL("https://id.example");
    world.origin = SL("https://app.example");
    world.client.cors_origins = (struct texts){ &world.origin, 1 };
    world.settings.clients = (struct many){ &world.client, 1 };
    world.hub.settings = &world.settings;
    world.hub.base = world.base;
    world.hub.common_headers = SL("X-Common: yes\r\n");
    start(tables, "");
    return 0;
}

static int end(void **state)
{
    (void)state;
    stop();
    event_base_free(world.base);
    arena_release(&world.arena);
    arena_release(&world.hub.arena);
    return flow_count() > 0;
}

#define ROUTER(function) cmocka_unit_test_setup_teardown(function, begin, end)

static void on_event(struct bufferevent *bev, short what, void *context)
{
    (void)bev;
    *(bool *)context = (what & (BEV_EVENT_EOF | BEV_EVENT_ERROR)) != 0;
}

/* All that is answered to these bytes, which say that the connection is to be closed. */
static const char *ask_bytes(struct slice bytes)
{
    struct bufferevent *bev = bufferevent_socket_new(world.base, -1, BEV_OPT_CLOSE_ON_FREE);
    int64_t late = clock_monotonic_ms() + 20000;
    bool over = false;
    char *text = arena_alloc(&world.arena, 16384);

    bufferevent_setcb(bev, NULL, NULL, on_event, &over);
    bufferevent_enable(bev, EV_READ | EV_WRITE);
    assert_int_equal(bufferevent_socket_connect(bev, (struct sockaddr *)&world.address.sockaddr,
                                                (int)world.address.len),
                     0);
    bufferevent_write(bev, bytes.at, bytes.len);
    do {
        event_base_loop(world.base, EVLOOP_ONCE);
        flow_check_deadlines();
    } while (!over && clock_monotonic_ms() < late);
    assert_true(over);
    ssize_t len = evbuffer_copyout(bufferevent_get_input(bev), text, 16383);

    text[len > 0 ? len : 0] = '\0';
    bufferevent_free(bev);
    event_base_loop(world.base, EVLOOP_NONBLOCK);
    return text;
}

/* A first line and perhaps further ones, each with its line break. */
static const char *ask(const char *what)
{
    return ask_bytes(
        arena_printf(&world.arena, "%s HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", what));
}

static const char *ask_with(const char *what, const char *headers)
{
    return ask_bytes(arena_printf(
        &world.arena, "%s HTTP/1.1\r\nHost: a\r\nConnection: close\r\n%s\r\n", what, headers));
}

static void assert_in(const char *answer, const char *wanted)
{
    if (strstr(answer, wanted) == NULL)
        fail_msg("\"%s\" is not in:\n%s", wanted, answer);
}

static void assert_not_in(const char *answer, const char *unwanted)
{
    if (strstr(answer, unwanted) != NULL)
        fail_msg("\"%s\" is in:\n%s", unwanted, answer);
}

static void assert_status(const char *answer, int status)
{
    assert_in(answer, arena_printf(&world.arena, "HTTP/1.1 %d ", status).at);
}

/* ---- which route ---- */

static void test_a_path_has_a_route_for_each_method(void **state)
{
    (void)state;
    assert_in(ask("GET /both?a=1"), "GET path=/both segment= peer=127.0.0.1 trace= a=1");
    assert_in(ask_with("POST /both", "Content-Length: 0\r\n"), "POST path=/both");
    assert_in(ask("GET /"), "path=/ ");
    assert_status(ask("HEAD /both"), 200);
    assert_not_in(ask("HEAD /both"), "path=");
}

static void test_the_last_part_of_a_path_may_be_a_name(void **state)
{
    (void)state;
    assert_in(ask("GET /begin/octo"), "segment=octo");
    assert_in(ask("GET /begin/a%20b"), "segment=a b");
    assert_status(ask("GET /begin/"), 404);
    assert_status(ask("GET /begin"), 404);
    assert_status(ask("GET /begin/a/b"), 404);
}

static void test_another_method_is_told_which_there_are(void **state)
{
    (void)state;
    assert_in(ask("DELETE /both"), "Allow: GET, HEAD, POST\r\n");
    assert_status(ask("DELETE /both"), 405);
    assert_in(ask("HEAD /begin/octo"), "Allow: GET\r\n");
    assert_in(ask_with("POST /begin/octo", "Content-Length: 0\r\n"), "Allow: GET\r\n");
    assert_status(ask("OPTIONS /both"), 405);
}

static void test_everything_else_may_have_a_route_too(void **state)
{
    (void)state;
    assert_status(ask("GET /nowhere/at/all"), 404);
    start_again(tables_with_rest, "");
    assert_in(ask("GET /nowhere/at/all"), "path=/nowhere/at/all");
    assert_in(ask("GET /both"), "route=/both");
    assert_in(ask("GET /begin/octo"), "route=/begin/{name}");
}

static void test_below_an_issuer_with_a_path_nothing_else_is_answered(void **state)
{
    (void)state;
    start_again(tables, "/sso");
    assert_in(ask("GET /sso/both?a=2"), "path=/both segment= peer=127.0.0.1 trace= a=2");
    assert_in(ask("GET /sso"), "path=/ ");
    assert_in(ask("GET /sso/"), "path=/ ");
    assert_status(ask("GET /both"), 404);
    assert_status(ask("GET /ssoboth"), 404);
    assert_status(ask("GET /sso/sso/both"), 404);
    assert_status(ask("GET /sso%2fboth"), 404);
    assert_status(ask("GET /SSO/both"), 404);
}

/* RFC 8414, 3.1. */
static void test_the_path_of_the_issuer_may_stand_behind_the_well_known_one(void **state)
{
    (void)state;
    start_again(tables, "/sso");
    assert_in(ask("GET /.well-known/thing/sso"), "path=/.well-known/thing ");
    assert_in(ask("GET /sso/.well-known/thing"), "path=/.well-known/thing ");
    assert_status(ask("GET /.well-known/thing"), 404);
    assert_status(ask("GET /.well-known/thing/other"), 404);
}

/* ---- parameters ---- */

static void test_a_form_is_read_and_nothing_else(void **state)
{
    static const char *const good[] = { "", "; charset=utf-8", ";charset=\"UTF-8\"" };
    static const char *const wrong[] = { "application/json", "text/plain",
                                         "application/x-www-form-urlencoded; charset=latin-1",
                                         "application/x-www-form-urlencodedx" };

    (void)state;
    for (size_t i = 0; i < 3; i++)
        assert_in(ask_bytes(arena_printf(
                      &world.arena,
                      "POST /both HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 3\r\n"
                      "Content-Type: application/x-www-form-urlencoded%s\r\n\r\na=7",
                      good[i])),
                  "a=7");
    for (size_t i = 0; i < 4; i++)
        assert_status(ask_bytes(arena_printf(&world.arena,
                                             "POST /both HTTP/1.1\r\nHost: a\r\n"
                                             "Connection: close\r\nContent-Length: 3\r\n"
                                             "Content-Type: %s\r\n\r\na=7",
                                             wrong[i])),
                      415);
    assert_status(ask_with("POST /both?a=7", "Content-Length: 0\r\n"), 400);
    assert_status(ask("GET /both?a=%00%"), 400);
}

/* ---- other origins ---- */

static void test_a_script_of_a_registered_origin_may_read(void **state)
{
    const char *answer = ask_with("GET /shared", "Origin: https://app.example\r\n");

    (void)state;
    assert_in(answer, "Access-Control-Allow-Origin: https://app.example\r\n");
    assert_in(answer, "Vary: Origin\r\n");
    assert_not_in(answer, "Access-Control-Allow-Credentials");
    answer = ask_with("GET /shared", "Origin: https://evil.example\r\n");
    assert_in(answer, "Vary: Origin\r\n");
    assert_not_in(answer, "Access-Control-Allow-Origin");
    assert_not_in(ask_with("GET /both", "Origin: https://app.example\r\n"), "Access-Control");
    assert_in(ask("GET /.well-known/thing"), "Access-Control-Allow-Origin: *\r\n");
}

static void test_a_browser_that_asks_beforehand_is_told(void **state)
{
    const char *answer = ask_with("OPTIONS /shared", "Origin: https://app.example\r\n"
                                                     "Access-Control-Request-Method: POST\r\n");

    (void)state;
    assert_status(answer, 204);
    assert_in(answer, "Access-Control-Allow-Methods: GET, POST\r\n");
    assert_in(answer, "Access-Control-Allow-Origin: https://app.example\r\n");
    answer = ask_with("OPTIONS /shared", "Origin: https://evil.example\r\n");
    assert_not_in(answer, "Access-Control-Allow-Origin");
}

/* ---- who asks ---- */

static void trust(const char *first, const char *second)
{
    assert_null(cidr_read(slice_of(first), &world.proxies[0]));
    assert_null(cidr_read(slice_of(second), &world.proxies[1]));
    world.settings.trusted_proxies = (struct many){ world.proxies, 2 };
}

static void comes_from(const char *headers, const char *peer)
{
    assert_in(ask_with("GET /both", headers), arena_printf(&world.arena, "peer=%s ", peer).at);
}

static void test_nobody_is_believed_who_is_no_proxy_of_ours(void **state)
{
    (void)state;
    comes_from("X-Forwarded-For: 192.0.2.7\r\n", "127.0.0.1");
}

static void test_the_nearest_address_that_is_no_proxy_is_who_asks(void **state)
{
    (void)state;
    trust("127.0.0.0/8", "10.0.0.0/8");
    comes_from("", "127.0.0.1");
    comes_from("X-Forwarded-For: 192.0.2.7\r\n", "192.0.2.7");
    comes_from("X-Forwarded-For: 192.0.2.9, 192.0.2.7\r\n", "192.0.2.7");
    comes_from("X-Forwarded-For: 192.0.2.7, 10.1.2.3\r\n", "192.0.2.7");
    comes_from("X-Forwarded-For: 192.0.2.7,10.1.2.3 , 10.0.0.1\r\n", "192.0.2.7");
    comes_from("X-Forwarded-For: 192.0.2.9\r\nX-Forwarded-For: 192.0.2.7\r\n", "192.0.2.7");
    comes_from("X-Forwarded-For: 192.0.2.7\r\nX-Forwarded-For: 10.0.0.1\r\n", "192.0.2.7");
    comes_from("X-Forwarded-For: 2001:db8::1\r\n", "2001:db8::1");
    comes_from("X-Forwarded-For: 10.0.0.2, 10.0.0.1\r\n", "10.0.0.2");
}

static void test_what_is_no_address_ends_the_list(void **state)
{
    (void)state;
    trust("127.0.0.0/8", "10.0.0.0/8");
    comes_from("X-Forwarded-For: rubbish\r\n", "127.0.0.1");
    comes_from("X-Forwarded-For: 192.0.2.7, rubbish, 10.0.0.1\r\n", "10.0.0.1");
    comes_from("X-Forwarded-For: 192.0.2.7, , 10.0.0.1\r\n", "10.0.0.1");
    comes_from("X-Forwarded-For: 192.0.2.7,\r\n", "127.0.0.1");
    comes_from("X-Forwarded-For: \r\n", "127.0.0.1");
    comes_from("X-Forwarded-For: 10.0.0.1.\r\n", "127.0.0.1");
}

static void test_a_trace_is_passed_on_if_it_is_one(void **state)
{
    static const char *const bad[] = {
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0",
        "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736_00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e473g-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-02",
    };

    (void)state;
    assert_in(ask_with("GET /both",
                       "traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\r\n"),
              "trace=00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01 ");
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_in(
            ask_with("GET /both", arena_printf(&world.arena, "traceparent: %s\r\n", bad[i]).at),
            "trace= ");
}

/* ---- answers and ends ---- */

static void test_every_answer_has_the_common_lines_and_an_id(void **state)
{
    const char *answer = ask("GET /shared");

    (void)state;
    assert_in(answer, "X-Common: yes\r\n");
    assert_in(answer, "X-Request-Id: ");
    assert_in(answer, "Cache-Control: no-store\r\n");
    assert_not_in(ask("GET /both"), "Cache-Control");
    assert_in(ask("GET /nowhere"), "X-Common: yes\r\n");
}

static void test_a_flow_that_is_too_slow_is_ended_and_its_operation_with_it(void **state)
{
    (void)state;
    assert_status(ask("GET /later"), ERROR_TOO_LATE.status);
    assert_int_equal(world.cancelled, 1);
    assert_int_equal(world.failed, 1);
}

static void test_a_flow_that_ends_without_an_answer_is_a_bug_and_answered_as_one(void **state)
{
    (void)state;
    assert_status(ask("GET /silent"), 500);
    assert_int_equal(world.failed, 1);
}

/* RFC 6749, 5.2; RFC 6750, 3. */
static void test_words_for_strangers_have_only_characters_that_may_stand_there(void **state)
{
    (void)state;
    assert_in(ask("GET /telling"), "\"error_description\":\"not 'so' ' '''\"");
    assert_in(ask("GET /bearer"),
              "WWW-Authenticate: Bearer realm=\"https://id.example\", error=\"invalid_request\", "
              "error_description=\"not 'so' ' '''\"\r\n");
}

static void test_a_line_that_could_split_an_answer_is_dropped(void **state)
{
    const char *answer = ask("GET /lines");
    int count = 0;

    (void)state;
    assert_not_in(answer, "X-Smuggled");
    for (const char *at = answer; (at = strstr(at, "X-Line")) != NULL; at++)
        count++;
    assert_int_equal(count, REQUEST_LINES);
}

/* ---- names ---- */

static void test_routes_and_steps_have_names_for_the_metrics(void **state)
{
    const char *const *routes = router_route_names(&world.arena, tables);
    const char *const *steps = router_step_names(&world.arena, tables);
    size_t count = 0;

    (void)state;
    assert_string_equal(routes[0], "/");
    assert_string_equal(routes[5], "/shared");
    assert_null(routes[11]);
    for (; steps[count] != NULL; count++) {
        for (size_t i = 0; i < count; i++)
            assert_string_not_equal(steps[i], steps[count]);
    }
    assert_int_equal(count, 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ROUTER(test_a_path_has_a_route_for_each_method),
        ROUTER(test_the_last_part_of_a_path_may_be_a_name),
        ROUTER(test_another_method_is_told_which_there_are),
        ROUTER(test_everything_else_may_have_a_route_too),
        ROUTER(test_below_an_issuer_with_a_path_nothing_else_is_answered),
        ROUTER(test_the_path_of_the_issuer_may_stand_behind_the_well_known_one),
        ROUTER(test_a_form_is_read_and_nothing_else),
        ROUTER(test_a_script_of_a_registered_origin_may_read),
        ROUTER(test_a_browser_that_asks_beforehand_is_told),
        ROUTER(test_nobody_is_believed_who_is_no_proxy_of_ours),
        ROUTER(test_the_nearest_address_that_is_no_proxy_is_who_asks),
        ROUTER(test_what_is_no_address_ends_the_list),
        ROUTER(test_a_trace_is_passed_on_if_it_is_one),
        ROUTER(test_every_answer_has_the_common_lines_and_an_id),
        ROUTER(test_a_flow_that_is_too_slow_is_ended_and_its_operation_with_it),
        ROUTER(test_a_flow_that_ends_without_an_answer_is_a_bug_and_answered_as_one),
        ROUTER(test_words_for_strangers_have_only_characters_that_may_stand_there),
        ROUTER(test_a_line_that_could_split_an_answer_is_dropped),
        ROUTER(test_routes_and_steps_have_names_for_the_metrics),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
