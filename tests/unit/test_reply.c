#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "vectors.h"

#include "protocol/reply.h"

/* Reads, and writes what was read; a sentence in brackets when it cannot be read. */
static const char *reading(enum reply_type type, const char *content_type, struct slice body)
{
    struct buf out = BUF_INIT(100000);
    const char *why = NULL;
    json_t *value = reply_read(&arena, type, slice_of(content_type), body, &why);

    if (value == NULL) {
        assert_non_null(why);
        return arena_printf(&arena, "(%s)", why).at;
    }
    assert_null(why);
    buf_add_json_value(&out, value);
    json_decref(value);
    const char *text = arena_string(&arena, buf_slice(&out));

    buf_release(&out);
    return text;
}

static void reads(const char *content_type, const char *body, const char *expected)
{
    assert_string_equal(reading(REPLY_AUTO, content_type, slice_of(body)), expected);
}

static void refuses(enum reply_type type, const char *content_type, const char *body)
{
    const char *read = reading(type, content_type, slice_of(body));

    if (read[0] != '(')
        fail_msg("%s reads as %s", body, read);
}

static void test_what_looks_like_json_is_json_whatever_its_type_says(void **state)
{
    (void)state;
    reads("application/json", "{\"a\":1}", "{\"a\":1}");
    reads("text/html", "[1,{\"a\":\"b=c\"}]", "[1,{\"a\":\"b=c\"}]");
    reads("application/x-www-form-urlencoded", " \r\n{\"a\":\"x\"}\r\n", "{\"a\":\"x\"}");
    reads(NULL, "\xef\xbb\xbf{\"a\":true}", "{\"a\":true}");
}

static void test_what_looks_like_a_form_is_an_object_of_texts(void **state)
{
    (void)state;
    reads("text/plain", "access_token=a%20b&expires_in=3600&x=",
          "{\"access_token\":\"a b\",\"expires_in\":\"3600\",\"x\":\"\"}");
    reads("text/html", "a=1\n", "{\"a\":\"1\"}");
    assert_string_equal(reading(REPLY_FORM, NULL, SL("a")), "{\"a\":\"\"}");
}

static void test_a_page_is_no_form(void **state)
{
    (void)state;
    refuses(REPLY_AUTO, "text/html", "<html lang=en>Bad Gateway</html>");
    refuses(REPLY_AUTO, "text/html", "Service unavailable");
    refuses(REPLY_AUTO, NULL, "");
    refuses(REPLY_AUTO, NULL, " \r\n\t ");
}

static void test_an_announced_json_is_not_read_as_a_form(void **state)
{
    (void)state;
    refuses(REPLY_AUTO, "application/json", "a=1");
    refuses(REPLY_AUTO, "application/problem+json", "a=1");
}

static void test_json_inside_a_call_is_unwrapped(void **state)
{
    (void)state;
    reads("text/html", "callback( {\"client_id\":\"1\",\"openid\":\"X\"} );\n",
          "{\"client_id\":\"1\",\"openid\":\"X\"}");
    reads(NULL, "a.b_$1([1])", "[1]");
    assert_string_equal(reading(REPLY_JSONP, NULL, SL("cb({\"a\":\")\"}) ;")), "{\"a\":\")\"}");
    assert_string_equal(reading(REPLY_JSONP, NULL, SL("{\"a\":1}")), "{\"a\":1}");
}

static void test_what_is_no_call_is_not_unwrapped(void **state)
{
    static const char *const bad[] = { "({\"a\":1})",
                                       "cb({\"a\":1}",
                                       "cb{\"a\":1})",
                                       "cb({\"a\":1});;",
                                       "cb({\"a\":1});x()",
                                       "c-b({\"a\":1})",
                                       "cb()",
                                       "cb(",
                                       "cb(;",
                                       "cb({\"a\":1})({})",
                                       "for(;;);{\"a\":1}",
                                       "(" };

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        refuses(REPLY_AUTO, NULL, bad[i]);
        refuses(REPLY_JSONP, NULL, bad[i]);
    }
}

static void test_a_bare_value_is_refused(void **state)
{
    static const char *const bad[] = { "null", "true", "42", "\"text\"", "cb(null)", "cb(7)" };

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        refuses(REPLY_AUTO, "application/json", bad[i]);
        refuses(REPLY_JSONP, NULL, bad[i]);
        refuses(REPLY_JSON, NULL, bad[i]);
    }
}

static void test_what_could_be_read_in_two_ways_is_refused(void **state)
{
    (void)state;
    refuses(REPLY_AUTO, NULL, "{\"a\":1,\"a\":2}");
    refuses(REPLY_AUTO, NULL, "{\"a\":1}{\"a\":2}");
    refuses(REPLY_FORM, NULL, "a=1&a=2");
    refuses(REPLY_FORM, NULL, "a=%zz");
    refuses(REPLY_FORM, NULL, "");
    refuses(REPLY_FORM, NULL, "=");
    refuses(REPLY_JSON, NULL, "access_token=a");
}

static void test_bytes_that_are_no_text_become_text(void **state)
{
    (void)state;
    assert_string_equal(reading(REPLY_FORM, NULL, SL("a=%ff&b=x")),
                        "{\"a\":\"\xef\xbf\xbd\",\"b\":\"x\"}");
    /* A name with a NUL can be no member. */
    assert_string_equal(reading(REPLY_FORM, NULL, SL("a%00b=1&b=x")), "{\"b\":\"x\"}");
}

struct judgement {
    const char *root, *error, *error_ok, *error_text;
};

/* The value that was found as JSON, or "code: text". */
static const char *judging(const char *reply, const struct judgement *rule)
{
    json_t *top = from_json(reply);
    struct buf out = BUF_INIT(1000);
    struct slice code;
    struct slice text;
    json_t *value = reply_judge(&arena, top, slice_of(rule->root), slice_of(rule->error),
                                slice_of(rule->error_ok), slice_of(rule->error_text), &code, &text);

    if (value != NULL) {
        assert_false(slice_is_set(code));
        assert_false(slice_is_set(text));
        buf_add_json_value(&out, value);
    } else {
        assert_true(slice_is_set(code));
        buf_printf(&out, "%.*s: %.*s", SLICE_ARG(code), SLICE_ARG(text));
    }
    const char *result = arena_string(&arena, buf_slice(&out));

    buf_release(&out);
    json_decref(top);
    return result;
}

static void test_a_reply_without_an_error_is_taken_at_its_root(void **state)
{
    static const struct judgement plain = { NULL, "/error", NULL, "/error_description" };
    static const struct judgement inside = { "/data/0", NULL, NULL, NULL };

    (void)state;
    assert_string_equal(judging("{\"a\":1}", &plain), "{\"a\":1}");
    assert_string_equal(judging("{\"data\":[{\"a\":1}]}", &inside), "{\"a\":1}");
    assert_string_equal(judging("{\"data\":[]}", &inside),
                        "no_value: the reply has nothing at /data/0");
    assert_string_equal(judging("{\"data\":[null]}", &inside),
                        "no_value: the reply has nothing at /data/0");
}

static void test_an_error_is_told_in_the_providers_words(void **state)
{
    static const struct judgement plain = { NULL, "/error", NULL, "/error_description" };
    static const struct judgement deep = { "/data", "/error/code", NULL, "/error/message" };

    (void)state;
    assert_string_equal(
        judging("{\"error\":\"bad_code\",\"error_description\":\"It is old.\"}", &plain),
        "bad_code: It is old.");
    assert_string_equal(judging("{\"error\":{\"code\":190,\"message\":\"No.\"}}", &deep),
                        "190: No.");
    assert_string_equal(judging("{\"error\":{\"message\":\"No.\"},\"data\":7}", &deep), "7");
    assert_string_equal(judging("{\"error\":{\"a\":1}}", &plain), "error: ");
    assert_string_equal(judging("{\"error\":true}", &plain), "true: ");
    assert_string_equal(judging("{\"error\":0}", &plain), "0: ");
}

static void test_an_error_that_says_nothing_is_none(void **state)
{
    static const struct judgement plain = { NULL, "/error", NULL, NULL };
    static const char *const nothing[] = { "null", "false", "\"\"", "[]", "{}" };

    (void)state;
    for (size_t i = 0; i < sizeof(nothing) / sizeof(nothing[0]); i++) {
        const char *reply = arena_printf(&arena, "{\"error\":%s}", nothing[i]).at;

        assert_string_equal(judging(reply, &plain), reply);
    }
}

static void test_one_value_may_mean_that_all_is_well(void **state)
{
    static const struct judgement rule = { NULL, "/ret", "0", "/msg" };

    (void)state;
    assert_string_equal(judging("{\"ret\":0,\"a\":1}", &rule), "{\"ret\":0,\"a\":1}");
    assert_string_equal(judging("{\"ret\":\"0\"}", &rule), "{\"ret\":\"0\"}");
    assert_string_equal(judging("{\"ret\":100030,\"msg\":\"no\"}", &rule), "100030: no");
    assert_string_equal(judging("{\"ret\":\"00\"}", &rule), "00: ");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_what_looks_like_json_is_json_whatever_its_type_says),
        TEST(test_what_looks_like_a_form_is_an_object_of_texts),
        TEST(test_a_page_is_no_form),
        TEST(test_an_announced_json_is_not_read_as_a_form),
        TEST(test_json_inside_a_call_is_unwrapped),
        TEST(test_what_is_no_call_is_not_unwrapped),
        TEST(test_a_bare_value_is_refused),
        TEST(test_what_could_be_read_in_two_ways_is_refused),
        TEST(test_bytes_that_are_no_text_become_text),
        TEST(test_a_reply_without_an_error_is_taken_at_its_root),
        TEST(test_an_error_is_told_in_the_providers_words),
        TEST(test_an_error_that_says_nothing_is_none),
        TEST(test_one_value_may_mean_that_all_is_well),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
