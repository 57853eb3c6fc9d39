#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "vectors.h"

#include "base/params.h"

static struct params read_good(const char *text)
{
    struct params params;
    const char *wrong = params_read(&arena, slice_of(text), &params);

    if (wrong != NULL)
        fail_msg("%s: %s", text, wrong);
    return params;
}

static const char *written(const struct params *params)
{
    struct buf buf = BUF_INIT(100000);

    params_write(params, &buf);
    const char *text = arena_string(&arena, buf_slice(&buf));

    buf_release(&buf);
    return text;
}

static void test_names_and_values_are_decoded_once(void **state)
{
    struct params params = read_good("a=1&b%20c=d+e%2Bf&g=%2541&h=i=j");

    (void)state;
    assert_int_equal(params.count, 4);
    assert_slice(params_get(&params, "a"), "1");
    assert_slice(params_get(&params, "b c"), "d e+f");
    assert_slice(params_get(&params, "g"), "%41");
    assert_slice(params_get(&params, "h"), "i=j");
    assert_false(slice_is_set(params_get(&params, "A")));
}

static void test_empty_pieces_are_skipped(void **state)
{
    (void)state;
    assert_int_equal(read_good("").count, 0);
    assert_int_equal(read_good("&&").count, 0);
    assert_int_equal(read_good("&a=1&&b=2&").count, 2);
}

static void test_a_piece_without_equals_sign_is_a_name(void **state)
{
    struct params params = read_good("a&=b&c=");

    (void)state;
    assert_int_equal(params.count, 3);
    assert_slice(params_get_raw(&params, "a"), "");
    assert_slice(params_get_raw(&params, ""), "b");
    assert_slice(params_get_raw(&params, "c"), "");
}

/* RFC 6749, 3.1. */
static void test_an_empty_value_counts_as_none(void **state)
{
    struct params params = read_good("a=&b=1");

    (void)state;
    assert_false(slice_is_set(params_get(&params, "a")));
    assert_true(slice_is_set(params_get_raw(&params, "a")));
    assert_false(slice_is_set(params_get_raw(&params, "c")));
}

static void test_semicolons_separate_nothing(void **state)
{
    struct params params = read_good("a=1;b=2");

    (void)state;
    assert_int_equal(params.count, 1);
    assert_slice(params_get(&params, "a"), "1;b=2");
}

static void test_a_nul_in_a_value_is_not_its_end(void **state)
{
    struct params params = read_good("a=x%00y");

    (void)state;
    assert_true(slice_equal(params_get(&params, "a"), SL("x\0y")));
}

static void test_broken_escapes_are_refused(void **state)
{
    static const char *const wrong[] = { "a=%", "%=1", "a=1&b=%zz", "a%2=1" };
    struct params params;

    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        assert_non_null(params_read(&arena, slice_of(wrong[i]), &params));
}

static void test_more_than_the_limit_is_refused(void **state)
{
    char text[4 * (PARAMS_MAX + 1) + 1];
    struct params params;

    (void)state;
    for (size_t i = 0; i <= PARAMS_MAX; i++)
        memcpy(text + 4 * i, "a=1&", 4);
    assert_non_null(params_read(&arena, slice_make(text, sizeof(text) - 1), &params));
    assert_int_equal(params.count, 0);
    assert_null(params_read(&arena, slice_make(text, 4 * PARAMS_MAX), &params));
    assert_int_equal(params.count, PARAMS_MAX);
}

static void test_doubled_parameters_are_found(void **state)
{
    struct params params = read_good("state=1&code=2&state=1");

    (void)state;
    assert_slice(params_doubled(&params), "state");
    assert_int_equal(params_count(&params, "state"), 2);
    assert_slice(params_get(&params, "state"), "1");
    params = read_good("st%61te=1&state=2");
    assert_slice(params_doubled(&params), "state");
    params = read_good("State=1&state=2");
    assert_false(slice_is_set(params_doubled(&params)));
    params = read_good("a=&a=");
    assert_slice(params_doubled(&params), "a");
}

/* RFC 8707, 2; RFC 8693, 2.1. */
static void test_resources_and_audiences_may_be_doubled(void **state)
{
    struct params params = read_good("resource=1&resource=2&audience=3&audience=4");

    (void)state;
    assert_false(slice_is_set(params_doubled(&params)));
    assert_int_equal(params_count(&params, "resource"), 2);
}

static void test_what_is_written_reads_the_same(void **state)
{
    struct params params = params_new(&arena);

    (void)state;
    params_add(&params, SL("redirect_uri"), SL("https://a.test/?b=c&d"));
    params_add(&params, SL("a b"), SL("\xc3\xa4+"));
    params_add(&params, SL("empty"), SL(""));
    assert_string_equal(written(&params),
                        "redirect_uri=https%3A%2F%2Fa.test%2F%3Fb%3Dc%26d&a%20b=%C3%A4%2B&empty=");
    struct params again = read_good(written(&params));

    assert_string_equal(written(&again), written(&params));
}

static void test_setting_replaces_adds_and_removes(void **state)
{
    struct params params = params_new(&arena);

    (void)state;
    params_set(&params, SL("a"), SL("1"));
    params_set(&params, SL("b"), SL("2"));
    params_set(&params, SL("c"), SL("3"));
    params_set(&params, SL("a"), SL("4"));
    params_set(&params, SL("b"), slice_none());
    params_set(&params, SL("d"), slice_none());
    assert_string_equal(written(&params), "a=4&c=3");
}

static void test_a_full_list_takes_no_more(void **state)
{
    struct params params = params_new(&arena);

    (void)state;
    for (int i = 0; i < PARAMS_MAX + 10; i++)
        params_add(&params, SL("a"), SL("1"));
    assert_int_equal(params.count, PARAMS_MAX);
}

/* It lies in the arena with nothing behind it; a sanitizer would see the write. */
static void test_a_list_that_was_read_does_not_grow(void **state)
{
    struct params params = read_good("a=1");
    struct params empty = read_good("");

    (void)state;
    params_add(&params, SL("b"), SL("2"));
    params_set(&params, SL("c"), SL("3"));
    params_add(&empty, SL("b"), SL("2"));
    assert_string_equal(written(&params), "a=1");
    assert_string_equal(written(&empty), "");
    params_set(&params, SL("a"), SL("2"));
    assert_string_equal(written(&params), "a=2");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_names_and_values_are_decoded_once),
        TEST(test_empty_pieces_are_skipped),
        TEST(test_a_piece_without_equals_sign_is_a_name),
        TEST(test_an_empty_value_counts_as_none),
        TEST(test_semicolons_separate_nothing),
        TEST(test_a_nul_in_a_value_is_not_its_end),
        TEST(test_broken_escapes_are_refused),
        TEST(test_more_than_the_limit_is_refused),
        TEST(test_doubled_parameters_are_found),
        TEST(test_resources_and_audiences_may_be_doubled),
        TEST(test_what_is_written_reads_the_same),
        TEST(test_setting_replaces_adds_and_removes),
        TEST(test_a_full_list_takes_no_more),
        TEST(test_a_list_that_was_read_does_not_grow),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
