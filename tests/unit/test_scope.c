#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "vectors.h"

#include "protocol/scope.h"

static void test_words_of_visible_ascii_are_a_scope(void **state)
{
    (void)state;
    assert_null(scope_check(SL("openid profile https://api.example/read urn:x:y !#$%&'()*+,-./~")));
    assert_null(scope_check(SL("openid")));
    assert_null(scope_check(SL("")));
    assert_null(scope_check(slice_none()));
}

static void test_what_no_scope_can_hold_is_refused(void **state)
{
    static const char bad[] = "\"\\\t\n\r\x01\x1f\x7f\x80\xff";
    char text[] = "openid x email";

    (void)state;
    for (size_t i = 0; i < sizeof(bad); i++) { /* the NUL at the end too */
        text[7] = bad[i];
        if (scope_check(slice_make(text, sizeof(text) - 1)) == NULL)
            fail_msg("byte %d passes", bad[i]);
    }
}

static void test_a_scope_has_a_limit_in_bytes(void **state)
{
    struct buf buf = BUF_INIT(SCOPE_MAX + 1);

    (void)state;
    while (buf.len < SCOPE_MAX)
        buf_add_byte(&buf, 'a');
    assert_null(scope_check(buf_slice(&buf)));
    buf_add_byte(&buf, 'a');
    assert_non_null(scope_check(buf_slice(&buf)));
    buf_release(&buf);
}

static void test_a_scope_has_a_limit_in_words(void **state)
{
    struct buf buf = BUF_INIT(SCOPE_MAX);

    (void)state;
    for (int i = 0; i < SCOPE_WORDS_MAX; i++)
        buf_printf(&buf, "w%d ", i);
    assert_null(scope_check(buf_slice(&buf)));
    buf_add_text(&buf, "more");
    assert_non_null(scope_check(buf_slice(&buf)));
    buf_release(&buf);
}

static void test_a_scope_is_within_another_when_each_of_its_words_is(void **state)
{
    (void)state;
    assert_true(scope_within(SL("email openid"), SL("openid profile email")));
    assert_true(scope_within(SL("openid openid"), SL("openid")));
    assert_true(scope_within(SL(""), SL("openid")));
    assert_true(scope_within(slice_none(), slice_none()));
    assert_false(scope_within(SL("openid admin"), SL("openid profile")));
    assert_false(scope_within(SL("openid"), slice_none()));
}

static void test_a_part_of_a_word_is_not_the_word(void **state)
{
    (void)state;
    assert_false(scope_within(SL("open"), SL("openid")));
    assert_false(scope_within(SL("openid2"), SL("openid")));
    assert_false(scope_within(SL("OpenID"), SL("openid")));
}

static void test_normalising_keeps_the_order_and_drops_doubles(void **state)
{
    (void)state;
    assert_slice(scope_normalise(&arena, SL("b a b  c a ")), "b a c");
    assert_slice(scope_normalise(&arena, SL("  ")), "");
    assert_slice(scope_normalise(&arena, slice_none()), "");
    assert_slice(scope_normalise(&arena, SL("ab a b")), "ab a b");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_words_of_visible_ascii_are_a_scope),
        TEST(test_what_no_scope_can_hold_is_refused),
        TEST(test_a_scope_has_a_limit_in_bytes),
        TEST(test_a_scope_has_a_limit_in_words),
        TEST(test_a_scope_is_within_another_when_each_of_its_words_is),
        TEST(test_a_part_of_a_word_is_not_the_word),
        TEST(test_normalising_keeps_the_order_and_drops_doubles),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
