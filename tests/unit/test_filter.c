#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "vectors.h"

#include "plugin/filter.h"
#include "plugin/template.h"

static struct slice named(void *context, struct slice name)
{
    (void)context;
    (void)name;
    return slice_none();
}

/* What conditions read: {"yes": true, "no": false, "kind": "user", "count": 0}. */
static const json_t *document(void *context, struct slice source)
{
    return !slice_is_set(source) || slice_is(source, "token") ? context : NULL;
}

static struct slice key(void *context, struct slice name)
{
    (void)context;
    return slice_is(name, "client_secret") ? SL("key") : slice_none();
}

static bool source_exists(const void *context, struct slice source)
{
    (void)context;
    return slice_is(source, "token");
}

/* What a filter makes of a JSON value, as JSON; "(nothing)". */
static const char *filtered(const char *text, const char *json)
{
    json_t *reply = from_json("{\"yes\":true,\"no\":false,\"kind\":\"user\",\"count\":0}");
    const struct template_values values = { named, document, reply, key };
    json_t *value = from_json(arena_printf(&arena, "[%s]", json).at);
    struct slice rest = slice_of(text);
    struct filter filter;
    const char *instead;
    struct buf out = BUF_INIT(1 << 20);

    if (!filter_next(&rest, &filter) || rest.len > 0)
        fail_msg("%s cannot be read", text);
    if (filter_check(&filter, source_exists, NULL, &instead) != NULL)
        fail_msg("%s: %s", text, filter_check(&filter, source_exists, NULL, &instead));
    json_t *made = filter_apply(&arena, &filter, json_array_get(value, 0), &values);

    if (made != NULL)
        buf_add_json_value(&out, made);
    else
        buf_add_text(&out, "(nothing)");
    const char *result = arena_string(&arena, buf_slice(&out));

    buf_release(&out);
    json_decref(made);
    json_decref(value);
    json_decref(reply);
    return result;
}

struct expectation {
    const char *filter;
    const char *value;
    const char *expected;
};

static void hold(const struct expectation *expectations, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const char *found = filtered(expectations[i].filter, expectations[i].value);

        if (strcmp(found, expectations[i].expected) != 0)
            fail_msg("%s > %s is %s, not %s", expectations[i].value, expectations[i].filter, found,
                     expectations[i].expected);
    }
}

#define HOLD(...)                                                                                  \
    do {                                                                                           \
        static const struct expectation expectations[] = { __VA_ARGS__ };                          \
        hold(expectations, sizeof(expectations) / sizeof(expectations[0]));                        \
    } while (0)

#define NOTHING "(nothing)"

static void test_numbers_and_booleans_become_text(void **state)
{
    (void)state;
    HOLD({ "text", "7", "\"7\"" }, { "text", "9007199254740993", "\"9007199254740993\"" },
         { "text", "true", "\"true\"" }, { "text", "\"x\"", "\"x\"" }, { "text", "\"\"", NOTHING },
         { "text", "[1]", NOTHING }, { "text", "{}", NOTHING }, { "text", "null", NOTHING });
}

static void test_texts_become_numbers(void **state)
{
    (void)state;
    HOLD({ "number", "\"42\"", "42" }, { "number", "7", "7" }, { "number", "\" -3 \"", "-3" },
         { "number", "\"1.5\"", "1.5" }, { "number", "\"0x10\"", NOTHING },
         { "number", "\"1e999\"", NOTHING }, { "number", "\"NaN\"", NOTHING },
         { "number", "\"true\"", NOTHING }, { "number", "true", NOTHING },
         { "number", "\"\"", NOTHING }, { "number", "\"[1]\"", NOTHING });
}

static void test_what_means_yes_or_no_becomes_a_boolean(void **state)
{
    (void)state;
    HOLD({ "bool", "\"true\"", "true" }, { "bool", "\"False\"", "false" }, { "bool", "1", "true" },
         { "bool", "0", "false" }, { "bool", "\"1\"", "true" }, { "bool", "\"yes\"", "true" },
         { "bool", "\"N\"", "false" }, { "bool", "true", "true" }, { "bool", "false", "false" },
         { "bool", "2", NOTHING }, { "bool", "\"confirmed\"", NOTHING }, { "bool", "[]", NOTHING },
         { "bool", "\"\"", NOTHING }, { "not", "true", "false" }, { "not", "false", "true" },
         { "not", "\"true\"", NOTHING });
}

static void test_a_value_is_compared(void **state)
{
    (void)state;
    HOLD({ "is(confirmed)", "\"confirmed\"", "true" },
         { "is(confirmed)", "\"unconfirmed\"", "false" }, { "is(1)", "1", "true" },
         { "is(1)", "10", "false" }, { "is(true)", "true", "true" }, { "is(x)", "[]", "false" });
}

static void test_enumerations_are_mapped(void **state)
{
    (void)state;
    HOLD({ "map(1=male, 2=female)", "1", "\"male\"" },
         { "map(1=male, 2=female)", "\"2\"", "\"female\"" },
         { "map(1=male, 2=female)", "0", NOTHING }, { "map(m=male,*=other)", "\"x\"", "\"other\"" },
         { "map(m=male,*=other)", "\"m\"", "\"male\"" }, { "map(true=yes)", "true", "\"yes\"" },
         { "map(none=)", "\"none\"", NOTHING }, { "map(a=b=c)", "\"a\"", "\"b=c\"" },
         { "map(*=x)", "[]", NOTHING });
}

static void test_conditions_keep_a_value_or_drop_it(void **state)
{
    (void)state;
    HOLD({ "when(/yes)", "\"v\"", "\"v\"" }, { "when(/no)", "\"v\"", NOTHING },
         { "when(/missing)", "\"v\"", NOTHING }, { "when(/count)", "\"v\"", NOTHING },
         { "when(/kind=user)", "[1]", "[1]" }, { "when(/kind=bot)", "\"v\"", NOTHING },
         { "when(/count=0)", "\"v\"", "\"v\"" }, { "when(token:/kind=user)", "\"v\"", "\"v\"" },
         { "unless(/yes)", "\"v\"", NOTHING }, { "unless(/no)", "\"v\"", "\"v\"" },
         { "unless(/missing)", "\"v\"", "\"v\"" }, { "unless(/kind=user)", "\"v\"", NOTHING });
}

static void test_parts_of_lists_and_objects_are_picked(void **state)
{
    (void)state;
    HOLD({ "at(/0)", "[\"a\",\"b\"]", "\"a\"" }, { "at(/x/y)", "{\"x\":{\"y\":7}}", "7" },
         { "at(/x)", "[]", NOTHING },
         { "each(/n)", "[{\"n\":\"a\"},{},{\"n\":\"b\"}]", "[\"a\",\"b\"]" },
         { "each(/n)", "{\"x\":{\"n\":1},\"y\":{\"n\":2}}", "[1,2]" },
         { "each(/n)", "[{\"m\":1}]", NOTHING }, { "each(/n)", "\"text\"", NOTHING },
         { "each(/n)", "[{\"n\":null}]", NOTHING },
         { "keys", "{\"user\":1,\"admin\":{}}", "[\"admin\",\"user\"]" }, { "keys", "{}", NOTHING },
         { "keys", "[1]", NOTHING });
}

static void test_texts_are_split_and_joined(void **state)
{
    (void)state;
    HOLD({ "split(,)", "\"a, b,,c\"", "[\"a\",\"b\",\"c\"]" }, { "split( )", "\"a\"", "[\"a\"]" },
         { "split(;)", "\"; ;\"", NOTHING }, { "split(::)", "\"a::b\"", "[\"a\",\"b\"]" },
         { "split(,)", "7", "[\"7\"]" }, { "split(,)", "[]", NOTHING },
         { "join( )", "[\"a\",7,\"\",null,\"b\"]", "\"a 7 b\"" }, { "join(, )", "[]", NOTHING },
         { "join(,)", "\"a\"", "\"a\"" }, { "join(,)", "{}", NOTHING });
}

static void test_escaped_html_is_decoded_once(void **state)
{
    (void)state;
    HOLD({ "html_decode", "\"Tom &amp; Jerry\"", "\"Tom & Jerry\"" },
         { "html_decode", "\"&lt;b&gt;&quot;&apos;&#39;&#x27;&#X41;\"", "\"<b>\\\"'''A\"" },
         { "html_decode", "\"&amp;lt;\"", "\"&lt;\"" },
         { "html_decode", "\"a&#233;&#8364;&#128512;\"", "\"a\u00e9\u20ac\U0001F600\"" },
         { "html_decode", "\"&nbsp;&unknown; & &; &# &#; &#x; &#xzz; &#0; &#xd800; &#x110000;\"",
           "\"\u00a0&unknown; & &; &# &#; &#x; &#xzz; &#0; &#xd800; &#x110000;\"" },
         { "html_decode", "\"&#99999999999999999999;\"", "\"&#99999999999999999999;\"" },
         { "html_decode", "\"&amp\"", "\"&amp\"" }, { "html_decode", "\"&\"", "\"&\"" },
         { "html_decode", "\"https://x/?a=1&amp;b=2\"", "\"https://x/?a=1&b=2\"" },
         { "html_decode", "[]", NOTHING });
}

static void test_escaped_urls_are_decoded(void **state)
{
    (void)state;
    HOLD({ "url_decode", "\"J%C3%BCrgen+M%20%2b\"", "\"J\u00fcrgen M +\"" },
         { "url_decode", "\"%ff\"", NOTHING }, { "url_decode", "\"%00\"", NOTHING },
         { "url_decode", "\"100%\"", NOTHING }, { "url_decode", "\"plain\"", "\"plain\"" });
}

static void test_the_tail_of_a_url_is_its_last_segment(void **state)
{
    (void)state;
    HOLD({ "tail", "\"https://www.paypal.com/webapps/auth/identity/user/abc\"", "\"abc\"" },
         { "tail", "\"https://login.example/id/00D/005/\"", "\"005\"" },
         { "tail", "\"https://x/a?b=/c#d/e\"", "\"a\"" }, { "tail", "\"plain\"", "\"plain\"" },
         { "tail", "\"///\"", NOTHING }, { "tail", "7", "\"7\"" }, { "tail", "\"?x\"", NOTHING });
}

static void test_texts_are_cut_and_changed(void **state)
{
    (void)state;
    HOLD({ "before(?)", "\"https://x/a.png?s=1\"", "\"https://x/a.png\"" },
         { "before(?)", "\"whole\"", "\"whole\"" }, { "before(.)", "\".x\"", NOTHING },
         { "before(.)", "\"12345.secret.more\"", "\"12345\"" },
         { "after(|)", "\"a|b|c\"", "\"b|c\"" }, { "after(:)", "\"no\"", NOTHING },
         { "after(x)", "\"ax\"", NOTHING }, { "replace(_,-)", "\"en_US_x\"", "\"en-US-x\"" },
         { "replace(a,)", "\"banana\"", "\"bnn\"" }, { "replace(aa,a)", "\"aaaa\"", "\"aa\"" },
         { "replace(x,y,z)", "\"x\"", "\"y,z\"" }, { "replace(a,)", "\"a\"", NOTHING },
         { "lower", "\"ABCd \u00c4\"", "\"abcd \u00c4\"" }, { "lower", "[]", NOTHING });
}

static void test_times_become_seconds(void **state)
{
    (void)state;
    HOLD({ "time", "1700000000", "1700000000" }, { "time", "\"1700000000\"", "1700000000" },
         { "time", "1700000000123", "1700000000" }, { "time", "1700000000.9", "1700000000" },
         { "time", "\"1700000000123\"", "1700000000" },
         { "time", "\"2023-11-14T22:13:20Z\"", "1700000000" },
         { "time", "\"2023-11-14T22:13:20.123456789012Z\"", "1700000000" },
         { "time", "\"2023-11-15T00:13:20+02:00\"", "1700000000" },
         { "time", "\"2023-11-14T17:13:20-0500\"", "1700000000" },
         { "time", "\"2023-11-14 22:13\"", "1699999980" }, { "time", "\"1970-01-01\"", "0" },
         { "time", "\"2000-02-29\"", "951782400" }, { "time", "\"1969-12-31\"", "-86400" },
         { "time", "-5", "-5" }, { "time", "0", "0" });
}

static void test_what_is_no_time_is_nothing(void **state)
{
    (void)state;
    HOLD({ "time", "\"2023-02-29\"", NOTHING }, { "time", "\"2023-13-01\"", NOTHING },
         { "time", "\"2023-00-01\"", NOTHING }, { "time", "\"2023-01-00\"", NOTHING },
         { "time", "\"0000-01-01\"", NOTHING }, { "time", "\"2023-1-1\"", NOTHING },
         { "time", "\"2023-01-01T24:00Z\"", NOTHING }, { "time", "\"2023-01-01T10\"", NOTHING },
         { "time", "\"2023-01-01T10:00:00+99:00\"", NOTHING },
         { "time", "\"2023-01-01x\"", NOTHING }, { "time", "\"soon\"", NOTHING },
         { "time", "true", NOTHING }, { "time", "[]", NOTHING }, { "time", "\"\"", NOTHING },
         { "time", "\"99999999999999999999\"", NOTHING }, { "time", "1e300", NOTHING },
         { "time", "9223372036854775807", NOTHING });
}

static void test_times_become_iso_text(void **state)
{
    (void)state;
    HOLD({ "iso", "1700000000", "\"2023-11-14T22:13:20Z\"" },
         { "iso", "\"1700000000999\"", "\"2023-11-14T22:13:20Z\"" },
         { "iso", "\"2023-11-15T00:13:20+02:00\"", "\"2023-11-14T22:13:20Z\"" },
         { "iso", "-1", "\"1969-12-31T23:59:59Z\"" }, { "iso", "\"x\"", NOTHING });
}

static void test_dates_become_those_of_openid_connect(void **state)
{
    (void)state;
    HOLD({ "date(MM/DD/YYYY)", "\"04/15/1990\"", "\"1990-04-15\"" },
         { "date(D.M.YYYY)", "\"5.4.1990\"", "\"1990-04-05\"" },
         { "date(D.M.YYYY)", "\"15.11.1990\"", "\"1990-11-15\"" },
         { "date(YYYYMMDD)", "\"19900415\"", "\"1990-04-15\"" },
         { "date(YYYYMMDD)", "19900415", "\"1990-04-15\"" },
         { "date(MM/DD)", "\"02/29\"", "\"0000-02-29\"" },
         { "date(MMDD)", "\"1231\"", "\"0000-12-31\"" }, { "date(YYYY)", "\"1990\"", "\"1990\"" },
         { "date(YYYY-MM-DD)", "\"1990-04-15\"", "\"1990-04-15\"" });
}

static void test_what_is_no_date_of_the_format_is_nothing(void **state)
{
    (void)state;
    HOLD({ "date(MM/DD/YYYY)", "\"15/04/1990\"", NOTHING },
         { "date(MM/DD/YYYY)", "\"4/5/1990\"", NOTHING },
         { "date(MM/DD/YYYY)", "\"04/15\"", NOTHING },
         { "date(MM/DD/YYYY)", "\"04/15/1990x\"", NOTHING },
         { "date(MM/DD/YYYY)", "\"02/29/1991\"", NOTHING }, { "date(YYYY)", "\"0000\"", NOTHING },
         { "date(D.M.YYYY)", "\"0.4.1990\"", NOTHING }, { "date(YYYY)", "[]", NOTHING });
}

static void test_times_are_written_in_a_format_and_a_zone(void **state)
{
    (void)state;
    HOLD({ "format(YYYY-MM-DD hh:mm:ss)", "1700000000", "\"2023-11-14 22:13:20\"" },
         { "format(YYYY-MM-DD hh:mm:ss, +08:00)", "\"1700000000\"", "\"2023-11-15 06:13:20\"" },
         { "format(DD.MM.YYYY, -0500)", "\"2023-11-14T03:00:00Z\"", "\"13.11.2023\"" },
         { "format(YYYYMMDDThhmmssZ)", "0", "\"19700101T000000Z\"" },
         { "format(YYYY)", "\"soon\"", NOTHING });
}

static void test_digests_are_hexadecimal(void **state)
{
    (void)state;
    HOLD({ "md5", "\"abc\"", "\"900150983cd24fb0d6963f7d28e17f72\"" },
         { "sha256", "\"abc\"",
           "\"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\"" },
         { "hmac_sha256(client_secret)", "\"The quick brown fox jumps over the lazy dog\"",
           "\"f7bc83f430538424b13298e6aa6fb143ef4d59a14946175997479dbc2d1a3cd8\"" },
         { "hmac_sha256(other)", "\"abc\"", NOTHING }, { "md5", "\"\"", NOTHING },
         { "sha256", "[]", NOTHING });
}

static void test_a_filter_without_values_has_neither_conditions_nor_keys(void **state)
{
    static const char *const texts[] = { "when(/yes)", "hmac_sha256(client_secret)" };
    json_t *value = json_string("v");

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct slice rest = slice_of(texts[i]);
        struct filter filter;

        assert_true(filter_next(&rest, &filter));
        assert_null(filter_apply(&arena, &filter, value, NULL));
    }
    json_decref(value);
}

static void test_no_text_grows_beyond_its_limit(void **state)
{
    struct slice rest = SL("replace(a,bbbbbbbbbbbbbbbb)");
    struct filter filter;
    char *text = arena_zalloc(&arena, FILTER_TEXT_MAX / 8);

    (void)state;
    memset(text, 'a', FILTER_TEXT_MAX / 8);
    json_t *value = json_stringn(text, FILTER_TEXT_MAX / 8);

    assert_true(filter_next(&rest, &filter));
    assert_null(filter_apply(&arena, &filter, value, NULL));
    json_decref(value);
}

static void test_a_list_has_a_limit(void **state)
{
    struct slice rest = SL("split(,)");
    struct filter filter;
    char *text = arena_zalloc(&arena, 8 * FILTER_LIST_MAX);

    (void)state;
    memset(text, ',', 8 * FILTER_LIST_MAX);
    for (size_t i = 0; i < 8 * FILTER_LIST_MAX; i += 2)
        text[i] = 'x';
    json_t *value = json_stringn(text, 8 * FILTER_LIST_MAX);

    assert_true(filter_next(&rest, &filter));
    json_t *list = filter_apply(&arena, &filter, value, NULL);

    assert_int_equal(json_array_size(list), FILTER_LIST_MAX);
    json_decref(list);
    json_decref(value);
}

static void test_each_filter_has_a_test_above(void **state)
{
    (void)state;
    size_t count = 0;

    while (filter_names[count] != NULL)
        count++;
    assert_int_equal(count, 27); /* who adds one adds its test */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_numbers_and_booleans_become_text),
        TEST(test_texts_become_numbers),
        TEST(test_what_means_yes_or_no_becomes_a_boolean),
        TEST(test_a_value_is_compared),
        TEST(test_enumerations_are_mapped),
        TEST(test_conditions_keep_a_value_or_drop_it),
        TEST(test_parts_of_lists_and_objects_are_picked),
        TEST(test_texts_are_split_and_joined),
        TEST(test_escaped_html_is_decoded_once),
        TEST(test_escaped_urls_are_decoded),
        TEST(test_the_tail_of_a_url_is_its_last_segment),
        TEST(test_texts_are_cut_and_changed),
        TEST(test_times_become_seconds),
        TEST(test_what_is_no_time_is_nothing),
        TEST(test_times_become_iso_text),
        TEST(test_dates_become_those_of_openid_connect),
        TEST(test_what_is_no_date_of_the_format_is_nothing),
        TEST(test_times_are_written_in_a_format_and_a_zone),
        TEST(test_digests_are_hexadecimal),
        TEST(test_a_filter_without_values_has_neither_conditions_nor_keys),
        TEST(test_no_text_grows_beyond_its_limit),
        TEST(test_a_list_has_a_limit),
        TEST(test_each_filter_has_a_test_above),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
