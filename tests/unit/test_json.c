#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "vectors.h"

#include "base/json.h"

static const char *refusal(struct slice text, size_t limit)
{
    const char *why = "unset";
    json_t *json = json_read(&arena, text, limit, &why);

    json_decref(json);
    assert_int_equal(json == NULL, why != NULL);
    return why;
}

static void test_values_of_every_kind_are_read(void **state)
{
    static const char *const good[] = { "{}",   "[]",      "null",
                                        "true", "7",       "-0.5e3",
                                        "\"\"", " [1] \n", "{\"a\":{\"a\":1}}" };

    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        assert_null(refusal(slice_of(good[i]), 100));
}

static void test_what_is_no_json_is_refused(void **state)
{
    static const char *const wrong[] = {
        "",
        " ",
        "{",
        "{\"a\"}",
        "{a:1}",
        "[1,]",
        "{\"a\":1,}",
        "[1] [2]",
        "[1]x",
        "'a'",
        "\"\t\"",
        "\"\\x41\"",
        "01",
        "+1",
        ".5",
        "NaN",
        "Infinity",
        "\"\xff\"",
        "\"\\ud800\"",
        "/**/1",
        "[1}",
        "nul",
        "\xef\xbb\xbf{}",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        if (refusal(slice_of(wrong[i]), 100) == NULL)
            fail_msg("%s was accepted", wrong[i]);
    }
    assert_non_null(refusal(slice_none(), 100));
    assert_non_null(refusal(SL("{}\0"), 100));
}

static void test_doubled_members_are_refused(void **state)
{
    (void)state;
    assert_non_null(refusal(SL("{\"a\":1,\"a\":1}"), 100));
    assert_non_null(refusal(SL("{\"a\":1,\"\\u0061\":2}"), 100));
    assert_non_null(refusal(SL("{\"x\":{\"a\":1,\"a\":1}}"), 100));
    assert_null(refusal(SL("{\"a\":1,\"A\":1}"), 100));
}

static void test_nul_in_a_text_is_refused(void **state)
{
    (void)state;
    assert_non_null(refusal(SL("\"a\\u0000b\""), 100));
    assert_non_null(refusal(SL("{\"a\\u0000b\":1}"), 100));
}

static void test_numbers_beyond_64_bits_are_refused(void **state)
{
    (void)state;
    assert_null(refusal(SL("9223372036854775807"), 100));
    assert_non_null(refusal(SL("9223372036854775808"), 100));
    assert_non_null(refusal(SL("1e999"), 100));
}

static void test_the_limit_of_bytes_is_exact(void **state)
{
    (void)state;
    assert_null(refusal(SL("[1,2]"), 5));
    assert_non_null(refusal(SL("[1,2]"), 4));
}

static void test_nesting_beyond_the_limit_is_refused(void **state)
{
    char deep[2 * (JSON_DEPTH_MAX + 1)];
    size_t big = 100000;
    char *bomb = arena_alloc(&arena, big);

    (void)state;
    memset(deep, '[', JSON_DEPTH_MAX + 1);
    memset(deep + JSON_DEPTH_MAX + 1, ']', JSON_DEPTH_MAX + 1);
    assert_non_null(refusal(slice_make(deep, sizeof(deep)), 1000));
    assert_null(refusal(slice_make(deep + 1, sizeof(deep) - 2), 1000));
    memset(bomb, '[', big);
    assert_non_null(refusal(slice_make(bomb, big), big));
}

static void test_brackets_in_texts_are_no_nesting(void **state)
{
    char text[200];

    (void)state;
    memset(text, '[', sizeof(text));
    text[0] = text[sizeof(text) - 1] = '"';
    assert_null(refusal(slice_make(text, sizeof(text)), 1000));
    memcpy(text + 1, "\\\"", 2);
    assert_null(refusal(slice_make(text, sizeof(text)), 1000));
}

/* A token response that broke off must not put half a token into the log. */
static void test_a_refusal_quotes_nothing_of_the_document(void **state)
{
    static const char *const documents[] = {
        "{\"access_token\":\"canary",
        "{\"access_token\":canary}",
        "{\"a\":1}canary",
        "{\"canary\":1,\"canary\":2}",
        "[\"\\canary\"]",
        "{\"a\":\"\xff canary\"}",
        "canary",
        "\"canary\\u0000\"",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(documents) / sizeof(documents[0]); i++) {
        const char *why = refusal(slice_of(documents[i]), 1000);

        assert_non_null(why);
        assert_null(strstr(why, "canary"));
    }
}

static void test_only_an_object_is_an_object(void **state)
{
    const char *why = NULL;
    json_t *json = json_read_object(&arena, SL("{\"a\":1}"), 100, &why);

    (void)state;
    assert_non_null(json);
    json_decref(json);
    assert_null(json_read_object(&arena, SL("[]"), 100, &why));
    assert_non_null(why);
    assert_null(json_read_object(&arena, SL("null"), 100, &why));
    assert_null(json_read_object(&arena, SL("{"), 100, &why));
}

static void test_members_of_the_wanted_type_only(void **state)
{
    json_t *json = from_json("{\"s\":\"text\",\"e\":\"\",\"n\":7,\"r\":7.9,\"b\":true,\"z\":null,"
                             "\"big\":1e300,\"t\":\"7\",\"neg\":-7.9}");

    (void)state;
    assert_slice(json_member(json, "s"), "text");
    assert_slice(json_member(json, "e"), "");
    assert_false(slice_is_set(json_member(json, "n")));
    assert_false(slice_is_set(json_member(json, "z")));
    assert_false(slice_is_set(json_member(json, "missing")));
    assert_false(slice_is_set(json_member(NULL, "s")));
    assert_int_equal(json_member_int(json, "n", -1), 7);
    assert_int_equal(json_member_int(json, "r", -1), 7);
    assert_int_equal(json_member_int(json, "neg", -1), -7);
    assert_int_equal(json_member_int(json, "big", -1), -1);
    assert_int_equal(json_member_int(json, "t", -1), -1);
    assert_int_equal(json_member_int(json, "b", -1), -1);
    assert_int_equal(json_member_int(json, "z", -1), -1);
    json_decref(json);
}

static void test_values_become_the_text_of_a_claim(void **state)
{
    json_t *json = from_json("[\"a\",7,-7,true,false,null,{},[],7.0,7.5,1e300]");
    static const char *const texts[] = { "a",  "7",  "-7", "true", "false", NULL,
                                         NULL, NULL, "7",  NULL,   NULL };

    (void)state;
    for (size_t i = 0; i < 11; i++) {
        struct slice text = json_text(&arena, json_array_get(json, i));

        assert_int_equal(slice_is_set(text), texts[i] != NULL);
        if (texts[i] != NULL)
            assert_slice(text, texts[i]);
    }
    assert_false(slice_is_set(json_text(&arena, NULL)));
    json_decref(json);
}

/* RFC 6901, 5. */

static const char pointer_document[] =
    "{\"foo\":[\"bar\",\"baz\"],\"\":0,\"a/b\":1,\"c%d\":2,\"e^f\":3,\"g|h\":4,\"i\\\\j\":5,"
    "\"k\\\"l\":6,\" \":7,\"m~n\":8}";

static void test_the_published_pointers(void **state)
{
    static const struct {
        const char *path;
        int value;
    } paths[] = { { "/", 0 },     { "/a~1b", 1 }, { "/c%d", 2 }, { "/e^f", 3 }, { "/g|h", 4 },
                  { "/i\\j", 5 }, { "/k\"l", 6 }, { "/ ", 7 },   { "/m~0n", 8 } };
    json_t *json = from_json(pointer_document);

    (void)state;
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        const json_t *value = json_at(json, slice_of(paths[i].path));

        assert_null(json_path_check(slice_of(paths[i].path)));
        assert_true(json_is_integer(value));
        assert_int_equal(json_integer_value(value), paths[i].value);
    }
    assert_ptr_equal(json_at(json, SL("")), json);
    assert_slice(json_slice(json_at(json, SL("/foo/0"))), "bar");
    assert_slice(json_slice(json_at(json, SL("/foo/1"))), "baz");
    json_decref(json);
}

static void test_paths_that_lead_nowhere(void **state)
{
    static const char *const paths[] = { "/bar",
                                         "/foo/2",
                                         "/foo/-1",
                                         "/foo/01",
                                         "/foo/-",
                                         "/foo/bar",
                                         "/foo/0/x",
                                         "/ /x",
                                         "//",
                                         "/foo/",
                                         "/foo/99999999999999999999",
                                         "/a~2b",
                                         "/a~" };
    json_t *json = from_json(pointer_document);

    (void)state;
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
        assert_null(json_at(json, slice_of(paths[i])));
    assert_null(json_at(NULL, SL("/a")));
    assert_null(json_at(json, SL("/a\0b")));
    json_decref(json);
}

static const char mails[] =
    "[{\"email\":\"a@x.test\",\"primary\":false,\"n\":1,\"types\":[\"home\"]},"
    "{\"email\":\"b@x.test\",\"primary\":true,\"n\":2,\"types\":[\"work\",\"x/y\"]},"
    "7,null,{\"email\":\"c@x.test\",\"primary\":\"true\",\"n\":\"3\",\"default\":\"yes\"}]";

static void test_selectors_find_the_first_fitting_element(void **state)
{
    static const struct {
        const char *path;
        const char *text;
    } paths[] = {
        { "/[primary=true]/email", "b@x.test" },  { "/[primary]/email", "b@x.test" },
        { "/[primary=false]/email", "a@x.test" }, { "/[email=c@x.test]/email", "c@x.test" },
        { "/[n=2]/email", "b@x.test" },           { "/[n=3]/email", "c@x.test" },
        { "/[types=work]/email", "b@x.test" },    { "/[types=x~1y]/email", "b@x.test" },
        { "/[default]/email", "c@x.test" },       { "/[n]/email", "a@x.test" },
    };
    json_t *json = from_json(mails);

    (void)state;
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        assert_null(json_path_check(slice_of(paths[i].path)));
        assert_slice(json_slice(json_at(json, slice_of(paths[i].path))), paths[i].text);
    }
    json_decref(json);
}

static void test_selectors_that_fit_nothing(void **state)
{
    static const char *const paths[] = { "/[primary=TRUE]/email",
                                         "/[none]/email",
                                         "/[email=]/email",
                                         "/[types=wor]/email",
                                         "/[n=02]/email",
                                         "/[]",
                                         "/[",
                                         "/0/[primary=true]" };
    json_t *json = from_json(mails);
    json_t *object = from_json("{\"[a]\":1}");

    (void)state;
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
        assert_null(json_at(json, slice_of(paths[i])));
    /* On an object the same token is a member name. */
    assert_int_equal(json_integer_value(json_at(object, SL("/[a]"))), 1);
    json_decref(object);
    json_decref(json);
}

static void test_wrong_paths_are_named_in_the_configuration(void **state)
{
    static const char *const wrong[] = { "a",     "a/b", "/[a",  "/a]",   "/[]",  "/[=x]",
                                         "/a\nb", "/a~", "/a~2", "/\xff", "/[a~]" };
    char longer[260];

    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        if (json_path_check(slice_of(wrong[i])) == NULL)
            fail_msg("%s was accepted", wrong[i]);
    }
    memset(longer, 'a', sizeof(longer));
    longer[0] = '/';
    assert_non_null(json_path_check(slice_make(longer, 257)));
    assert_null(json_path_check(slice_make(longer, 256)));
    assert_null(json_path_check(SL("")));
    assert_null(json_path_check(slice_none()));
}

static void test_values_are_written_compactly_in_their_order(void **state)
{
    json_t *json = json_object();
    struct buf buf = BUF_INIT(100);

    (void)state;
    json_set_slice(json, "z", SL("1"));
    json_set_slice(json, "a", SL("\xc3\xa4\n"));
    json_set_slice(json, "left out", slice_none());
    json_set_slice(json, "e", SL(""));
    buf_add_json_value(&buf, json);
    assert_slice(buf_slice(&buf), "{\"z\":\"1\",\"a\":\"\xc3\xa4\\n\",\"e\":\"\"}");
    buf_release(&buf);
    json_decref(json);
}

static void test_a_document_that_does_not_fit_fails_the_buffer(void **state)
{
    json_t *json = from_json("{\"a\":\"long enough\"}");
    struct buf buf = BUF_INIT(10);

    (void)state;
    buf_add_json_value(&buf, json);
    assert_false(buf_ok(&buf));
    buf_release(&buf);
    json_decref(json);
}

static void test_texts_that_are_not_utf8_are_repaired(void **state)
{
    json_t *good = json_from_slice(SL("a\0b"));
    json_t *bad = json_from_slice(SL("a\xff\"\\\n\0"));
    json_t *none = json_from_slice(slice_none());

    (void)state;
    assert_true(slice_equal(json_slice(good), SL("a\0b")));
    assert_true(slice_equal(json_slice(bad), SL("a\xef\xbf\xbd\"\\\n\0")));
    assert_slice(json_slice(none), "");
    json_decref(good);
    json_decref(bad);
    json_decref(none);
}

/* The allocator gives the same place to the next piece of the same size. */
static void test_a_document_is_wiped_when_it_goes(void **state)
{
    static const char secret[] = "canary-canary-canary-canary-canary-canary-canary-canary";
    json_t *json = json_string(secret);
    uintptr_t place = (uintptr_t)json_string_value(json);
    volatile char *pieces[8];
    bool found = false;

    (void)state;
    json_decref(json);
    for (size_t i = 0; i < 8; i++) {
        pieces[i] = malloc(sizeof(secret));
        if ((uintptr_t)pieces[i] == place) {
            found = true;
            assert_int_not_equal(pieces[i][20], secret[20]);
        }
    }
    for (size_t i = 0; i < 8; i++)
        free((void *)(uintptr_t)pieces[i]);
    if (!found)
        skip(); /* a sanitizer keeps freed memory back */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_values_of_every_kind_are_read),
        TEST(test_what_is_no_json_is_refused),
        TEST(test_doubled_members_are_refused),
        TEST(test_nul_in_a_text_is_refused),
        TEST(test_numbers_beyond_64_bits_are_refused),
        TEST(test_the_limit_of_bytes_is_exact),
        TEST(test_nesting_beyond_the_limit_is_refused),
        TEST(test_brackets_in_texts_are_no_nesting),
        TEST(test_a_refusal_quotes_nothing_of_the_document),
        TEST(test_only_an_object_is_an_object),
        TEST(test_members_of_the_wanted_type_only),
        TEST(test_values_become_the_text_of_a_claim),
        TEST(test_the_published_pointers),
        TEST(test_paths_that_lead_nowhere),
        TEST(test_selectors_find_the_first_fitting_element),
        TEST(test_selectors_that_fit_nothing),
        TEST(test_wrong_paths_are_named_in_the_configuration),
        TEST(test_values_are_written_compactly_in_their_order),
        TEST(test_a_document_that_does_not_fit_fails_the_buffer),
        TEST(test_texts_that_are_not_utf8_are_repaired),
        TEST(test_a_document_is_wiped_when_it_goes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
