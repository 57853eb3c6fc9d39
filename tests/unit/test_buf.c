#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "vectors.h"

#include "base/buf.h"

static void test_what_is_added_stands_one_behind_the_other(void **state)
{
    struct buf buf = BUF_INIT(100);

    (void)state;
    assert_slice(buf_slice(&buf), "");
    buf_add(&buf, SL("ab"));
    buf_add(&buf, slice_none());
    buf_add_text(&buf, "cd");
    buf_add_byte(&buf, '-');
    buf_add_u64(&buf, 0);
    buf_add_byte(&buf, ' ');
    buf_add_u64(&buf, UINT64_MAX);
    buf_printf(&buf, " %s=%d", "x", -1);
    assert_true(buf_ok(&buf));
    assert_slice(buf_slice(&buf), "abcd-0 18446744073709551615 x=-1");
    assert_int_equal(buf.at[buf.len], '\0');
    buf_release(&buf);
}

static void test_the_limit_is_exact(void **state)
{
    struct buf buf = BUF_INIT(5);

    (void)state;
    buf_add_text(&buf, "12345");
    assert_true(buf_ok(&buf));
    buf_add_text(&buf, "");
    assert_true(buf_ok(&buf));
    buf_add_byte(&buf, '6');
    assert_false(buf_ok(&buf));
    assert_slice(buf_slice(&buf), "12345");
    buf_release(&buf);
}

static void test_a_failed_buffer_ignores_what_comes_after(void **state)
{
    struct buf buf = BUF_INIT(5);

    (void)state;
    buf_add_text(&buf, "123456");
    assert_false(buf_ok(&buf));
    buf_add_text(&buf, "1");
    buf_printf(&buf, "%d", 1);
    buf_add_u64(&buf, 1);
    assert_null(buf_reserve(&buf, 1));
    assert_false(buf_ok(&buf));
    assert_slice(buf_slice(&buf), "");
    buf_reset(&buf);
    assert_true(buf_ok(&buf));
    buf_add_text(&buf, "1");
    assert_slice(buf_slice(&buf), "1");
    buf_release(&buf);
}

static void test_a_formatted_piece_that_does_not_fit_is_not_cut(void **state)
{
    struct buf buf = BUF_INIT(5);

    (void)state;
    buf_printf(&buf, "%s", "123");
    buf_printf(&buf, "%s", "456");
    assert_false(buf_ok(&buf));
    assert_slice(buf_slice(&buf), "123");
    buf_release(&buf);
}

static void test_formatted_pieces_of_every_length_around_its_growth(void **state)
{
    (void)state;
    for (int len = 0; len < 600; len++) {
        struct buf own = BUF_INIT(550);

        buf_add(&own, SL("0123456789"));
        buf_printf(&own, "%0*d", len, 7);
        assert_int_equal(buf_ok(&own), len <= 540);
        assert_int_equal(own.len, len > 540 ? 10 : len > 0 ? 10 + len : 11);
        assert_int_equal(strlen(own.at), own.len);
        buf_release_secret(&own);
    }
}

static void test_it_grows_and_keeps_what_it_has(void **state)
{
    struct buf buf = BUF_INIT(100000);

    (void)state;
    for (int i = 0; i < 100000; i++)
        buf_add_byte(&buf, (char)('a' + i % 26));
    assert_true(buf_ok(&buf));
    for (int i = 0; i < 100000; i++)
        assert_int_equal(buf.at[i], 'a' + i % 26);
    buf_add_byte(&buf, 'x');
    assert_false(buf_ok(&buf));
    buf_release_secret(&buf);
    assert_null(buf.at);
}

static void test_reserved_room_counts_when_it_has_grown(void **state)
{
    struct buf buf = BUF_INIT(10);
    char *room = buf_reserve(&buf, 10);

    (void)state;
    assert_non_null(room);
    assert_int_equal(buf.len, 0);
    memcpy(room, "abc", 3);
    buf_grew(&buf, 3);
    assert_slice(buf_slice(&buf), "abc");
    assert_null(buf_reserve(&buf, 8));
    buf_release(&buf);
}

static void test_sizes_near_the_largest_do_not_wrap(void **state)
{
    struct buf buf = BUF_INIT(100);

    (void)state;
    buf_add_text(&buf, "abc");
    assert_null(buf_reserve(&buf, SIZE_MAX));
    assert_false(buf_ok(&buf));
    buf_reset(&buf);
    assert_null(buf_reserve(&buf, SIZE_MAX - 1));
    buf_release(&buf);
}

static void test_a_released_buffer_is_usable_with_its_limit(void **state)
{
    struct buf buf = BUF_INIT(3);

    (void)state;
    buf_add_text(&buf, "abc");
    buf_release(&buf);
    buf_release(&buf);
    buf_add_text(&buf, "abcd");
    assert_false(buf_ok(&buf));
    buf_release_secret(&buf);
    buf_add_text(&buf, "abc");
    assert_true(buf_ok(&buf));
    buf_release(&buf);
    struct buf zeroed = { 0 };

    buf_add_byte(&zeroed, 'x');
    assert_false(buf_ok(&zeroed));
    buf_release(&zeroed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_what_is_added_stands_one_behind_the_other),
        TEST(test_the_limit_is_exact),
        TEST(test_a_failed_buffer_ignores_what_comes_after),
        TEST(test_a_formatted_piece_that_does_not_fit_is_not_cut),
        TEST(test_formatted_pieces_of_every_length_around_its_growth),
        TEST(test_it_grows_and_keeps_what_it_has),
        TEST(test_reserved_room_counts_when_it_has_grown),
        TEST(test_sizes_near_the_largest_do_not_wrap),
        TEST(test_a_released_buffer_is_usable_with_its_limit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
