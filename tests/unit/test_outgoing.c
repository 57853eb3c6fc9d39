#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "upstream/outgoing.h"

static struct arena arena;
static struct outgoing request;

static int begin(void **state)
{
    (void)state;
    outgoing_begin(&request, &arena, "GET", SL("https://p.test/a"));
    return 0;
}

static int end(void **state)
{
    (void)state;
    arena_release(&arena);
    return 0;
}

#define OUTGOING(function) cmocka_unit_test_setup_teardown(function, begin, end)

static void assert_text(struct slice s, const char *expected)
{
    assert_true(slice_is_set(s));
    assert_string_equal(arena_string(&arena, s), expected);
}

static struct slice filled(char c, size_t len)
{
    return slice_make(memset(arena_alloc(&arena, len), c, len), len);
}

/* ---- headers ---- */

static bool set(const char *name, const char *value)
{
    return outgoing_header(&request, slice_of(name), slice_of(value));
}

static void test_a_header_is_set_once_whatever_its_case(void **state)
{
    (void)state;
    assert_true(set("Accept", "text/plain"));
    assert_true(set("ACCEPT", "text/html"));
    assert_int_equal(request.header_count, 1);
    assert_text(request.headers[0].value, "text/html");
    assert_true(outgoing_has_header(&request, SL("accept")));
    assert_false(outgoing_has_header(&request, SL("accep")));
}

static void test_an_absent_value_removes_a_header(void **state)
{
    (void)state;
    set("A", "1");
    set("B", "2");
    set("C", "3");
    assert_true(set("b", NULL));
    assert_int_equal(request.header_count, 2);
    assert_false(outgoing_has_header(&request, SL("B")));
    assert_true(outgoing_has_header(&request, SL("A")) && outgoing_has_header(&request, SL("C")));
    assert_true(set("nothing", NULL));
    assert_int_equal(request.header_count, 2);
}

static void test_the_headers_of_the_connection_are_the_clients_own(void **state)
{
    static const char *const own[] = { "Host", "content-length", "Transfer-Encoding",
                                       "CONNECTION" };

    (void)state;
    for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++) {
        assert_false(set(own[i], "x"));
        assert_false(set(own[i], NULL));
    }
    assert_int_equal(request.header_count, 0);
}

static void test_what_could_split_a_request_is_no_header(void **state)
{
    static const char *const names[] = { "",         "A B", "A:",    "A\r\nB", "A\tB",
                                         "\xc3\xa4", "A\"", "A(b)c", "{a}" };
    static const char *const values[] = { "a\r\nB: c", "a\nb", "a\rb", "\x01", "a\x7f" };

    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        assert_false(set(names[i], "x"));
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
        assert_false(set("A", values[i]));
    assert_false(outgoing_header(&request, SL("A"), SL("a\0b")));
    assert_false(outgoing_header(&request, SL("A\0B"), SL("x")));
    assert_int_equal(request.header_count, 0);
}

static void test_there_is_an_end_to_headers(void **state)
{
    (void)state;
    for (int i = 0; i < OUTGOING_HEADERS; i++)
        assert_true(outgoing_header(&request, arena_printf(&arena, "X-%d", i), SL("y")));
    assert_false(set("One-More", "y"));
    assert_true(set("x-3", "changed"));
    assert_true(set("X-0", NULL));
    assert_true(set("One-More", "y"));
}

/* ---- the URL ---- */

static void test_the_query_goes_behind_what_the_url_has_already(void **state)
{
    (void)state;
    assert_text(outgoing_url(&request, &arena, slice_none()), "https://p.test/a");
    params_set(&request.query, SL("b"), SL("1 2&\xc3\xa4"));
    assert_text(outgoing_url(&request, &arena, slice_none()), "https://p.test/a?b=1%202%26%C3%A4");
    request.url = SL("https://p.test/a?x=y");
    assert_text(outgoing_url(&request, &arena, slice_none()),
                "https://p.test/a?x=y&b=1%202%26%C3%A4");
}

static void test_a_fragment_stands_at_the_end_and_a_given_one_wins(void **state)
{
    (void)state;
    request.url = SL("https://p.test/a#own");
    params_set(&request.query, SL("b"), SL("c"));
    assert_text(outgoing_url(&request, &arena, slice_none()), "https://p.test/a?b=c#own");
    assert_text(outgoing_url(&request, &arena, SL("given")), "https://p.test/a?b=c#given");
}

static void test_a_url_that_would_be_too_long_is_none(void **state)
{
    (void)state;
    params_set(&request.query, SL("b"), filled('x', 65000));
    assert_int_equal(outgoing_url(&request, &arena, slice_none()).len, 65019);
    params_set(&request.query, SL("c"), filled('x', 1000));
    assert_false(slice_is_set(outgoing_url(&request, &arena, slice_none())));
    struct http_call call;

    assert_false(outgoing_to_call(&request, &arena, false, &call));
}

/* ---- the call ---- */

static const char *type_of(const struct http_call *call)
{
    for (size_t i = 0; i < call->header_count; i++) {
        if (slice_is_nocase(call->headers[i].name, "Content-Type"))
            return arena_string(&arena, call->headers[i].value);
    }
    return "none";
}

static void test_a_request_without_form_has_no_body(void **state)
{
    struct http_call call;

    (void)state;
    set("Accept", "x/y");
    assert_true(outgoing_to_call(&request, &arena, false, &call));
    assert_false(slice_is_set(call.body));
    assert_int_equal(call.header_count, 1);
    assert_text(call.method, "GET");
}

static void test_a_form_goes_as_the_provider_wants_it(void **state)
{
    struct http_call call;

    (void)state;
    params_set(&request.form, SL("a"), SL("1 2"));
    params_set(&request.form, SL("b"), SL("\"\xc3\xa4"));
    assert_true(outgoing_to_call(&request, &arena, false, &call));
    assert_text(call.body, "a=1%202&b=%22%C3%A4");
    assert_string_equal(type_of(&call), "application/x-www-form-urlencoded");
    assert_true(outgoing_to_call(&request, &arena, true, &call));
    assert_text(call.body, "{\"a\":\"1 2\",\"b\":\"\\\"\xc3\xa4\"}");
    assert_string_equal(type_of(&call), "application/json");
}

static void test_a_body_of_ones_own_stands_in_the_place_of_the_form(void **state)
{
    struct http_call call;

    (void)state;
    params_set(&request.form, SL("a"), SL("1"));
    request.body = SL("<x/>");
    request.body_type = SL("text/xml");
    assert_true(outgoing_to_call(&request, &arena, true, &call));
    assert_text(call.body, "<x/>");
    assert_string_equal(type_of(&call), "text/xml");
}

static void test_half_a_form_is_not_sent(void **state)
{
    struct http_call call;

    (void)state;
    params_set(&request.form, SL("a"), filled('x', 70000));
    assert_false(outgoing_to_call(&request, &arena, false, &call));
    assert_false(outgoing_to_call(&request, &arena, true, &call));
    /* what is one byte in the request may be three in the form */
    params_set(&request.form, SL("a"), filled('&', 30000));
    assert_false(outgoing_to_call(&request, &arena, false, &call));
    assert_true(outgoing_to_call(&request, &arena, true, &call));
}

/* ---- what hooks see and make of it ---- */

static void test_a_hook_that_changes_nothing_changes_nothing(void **state)
{
    (void)state;
    set("Accept", "text/plain");
    params_set(&request.query, SL("a"), SL("b c"));
    json_t *json = outgoing_to_json(&request);
    char *text = json_dumps(json, JSON_SORT_KEYS | JSON_COMPACT);

    assert_string_equal(text, "{\"headers\":{\"Accept\":\"text/plain\"},\"method\":\"GET\","
                              "\"params\":{\"a\":\"b c\"},\"url\":\"https://p.test/a\"}");
    free(text);
    assert_true(outgoing_from_json(&request, &arena, json));
    json_decref(json);
    assert_text(request.method, "GET");
    assert_text(request.url, "https://p.test/a");
    assert_text(params_get(&request.query, "a"), "b c");
    assert_true(outgoing_has_header(&request, SL("Accept")));
    assert_false(slice_is_set(request.body));
}

static void test_parameters_are_those_of_the_form_where_there_is_one(void **state)
{
    (void)state;
    params_set(&request.query, SL("q"), SL("1"));
    params_set(&request.form, SL("f"), SL("2"));
    json_t *json = outgoing_to_json(&request);

    assert_string_equal(json_string_value(json_object_get(json_object_get(json, "params"), "f")),
                        "2");
    assert_null(json_object_get(json_object_get(json, "params"), "q"));
    json_object_set_new(json_object_get(json, "params"), "g", json_string("3"));
    assert_true(outgoing_from_json(&request, &arena, json));
    json_decref(json);
    assert_text(params_get(&request.form, "g"), "3");
    assert_text(params_get(&request.query, "q"), "1");
}

static bool takes(const char *text)
{
    json_t *json = json_loads(text, 0, NULL);

    assert_non_null(json);
    bool good = outgoing_from_json(&request, &arena, json);

    json_decref(json);
    return good;
}

#define REQUEST "'method':'POST','url':'https://q.test/b'"

/* With single quotes for double ones. */
static bool takes_quoted(const char *text)
{
    char *json = arena_string(&arena, slice_of(text));

    for (char *quote = json; (quote = strchr(quote, '\'')) != NULL; quote++)
        *quote = '"';
    return takes(json);
}

static void test_what_a_hook_writes_is_taken(void **state)
{
    (void)state;
    set("Old", "x");
    assert_true(takes_quoted("{" REQUEST ",'params':{'a':'b'},'headers':{'New':'y'},"
                             "'body':'text','body_type':'text/plain'}"));
    assert_text(request.method, "POST");
    assert_text(request.url, "https://q.test/b");
    assert_text(request.body, "text");
    assert_text(request.body_type, "text/plain");
    assert_int_equal(request.header_count, 1);
    assert_text(request.headers[0].name, "New");
    assert_true(takes_quoted("{" REQUEST "}"));
    assert_int_equal(request.header_count, 0);
    assert_int_equal(request.query.count, 0);
}

static void test_what_is_no_request_is_not_taken(void **state)
{
    (void)state;
    assert_false(takes("{}"));
    assert_false(takes("[]"));
    assert_false(takes_quoted("{'method':'CONNECT','url':'https://q.test/'}"));
    assert_false(takes_quoted("{'method':'get','url':'https://q.test/'}"));
    assert_false(takes_quoted("{'method':'GET'}"));
    assert_false(takes_quoted("{'method':'GET','url':'file:///etc/passwd'}"));
    assert_false(takes_quoted("{'method':'GET','url':'//q.test/'}"));
    assert_false(takes_quoted("{" REQUEST ",'headers':{'Host':'evil.test'}}"));
    assert_false(takes_quoted("{" REQUEST ",'headers':{'A':'b\\r\\nC: d'}}"));
    assert_false(takes_quoted("{" REQUEST ",'headers':{'A':1}}"));
    assert_false(takes_quoted("{" REQUEST ",'params':{'a':1}}"));
    assert_false(takes_quoted("{" REQUEST ",'params':{'a':null}}"));
}

static void test_a_hook_cannot_write_parameters_without_end(void **state)
{
    json_t *params = json_object();
    char name[16];

    (void)state;
    for (int i = 0; i < PARAMS_MAX; i++) {
        snprintf(name, sizeof(name), "p%d", i);
        json_object_set_new(params, name, json_string("x"));
    }
    json_t *json =
        json_pack("{s:s, s:s, s:O}", "method", "GET", "url", "https://q.test/", "params", params);

    assert_true(outgoing_from_json(&request, &arena, json));
    assert_int_equal(request.query.count, PARAMS_MAX);
    json_object_set_new(params, "more", json_string("x"));
    assert_false(outgoing_from_json(&request, &arena, json));
    json_decref(json);
    json_decref(params);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        OUTGOING(test_a_header_is_set_once_whatever_its_case),
        OUTGOING(test_an_absent_value_removes_a_header),
        OUTGOING(test_the_headers_of_the_connection_are_the_clients_own),
        OUTGOING(test_what_could_split_a_request_is_no_header),
        OUTGOING(test_there_is_an_end_to_headers),
        OUTGOING(test_the_query_goes_behind_what_the_url_has_already),
        OUTGOING(test_a_fragment_stands_at_the_end_and_a_given_one_wins),
        OUTGOING(test_a_url_that_would_be_too_long_is_none),
        OUTGOING(test_a_request_without_form_has_no_body),
        OUTGOING(test_a_form_goes_as_the_provider_wants_it),
        OUTGOING(test_a_body_of_ones_own_stands_in_the_place_of_the_form),
        OUTGOING(test_half_a_form_is_not_sent),
        OUTGOING(test_a_hook_that_changes_nothing_changes_nothing),
        OUTGOING(test_parameters_are_those_of_the_form_where_there_is_one),
        OUTGOING(test_what_a_hook_writes_is_taken),
        OUTGOING(test_what_is_no_request_is_not_taken),
        OUTGOING(test_a_hook_cannot_write_parameters_without_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
