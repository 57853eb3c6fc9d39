#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "vectors.h"

#include "base/clock.h"

#include <locale.h>

static void test_times_of_records_and_logs(void **state)
{
    char text[CLOCK_TEXT];

    (void)state;
    clock_format(0, text);
    assert_string_equal(text, "1970-01-01T00:00:00.000Z");
    clock_format(1795457045123, text);
    assert_string_equal(text, "2026-11-23T18:04:05.123Z");
    clock_format(4102444799999, text);
    assert_string_equal(text, "2099-12-31T23:59:59.999Z");
}

/* RFC 9110, 5.6.7. */
static void test_times_of_http_headers(void **state)
{
    char text[CLOCK_TEXT];

    (void)state;
    setlocale(LC_ALL, "");
    clock_format_http(784111777, text);
    assert_string_equal(text, "Sun, 06 Nov 1994 08:49:37 GMT");
    clock_format_http(0, text);
    assert_string_equal(text, "Thu, 01 Jan 1970 00:00:00 GMT");
}

static void test_the_clocks_agree_and_the_monotonic_ones_do_not_go_back(void **state)
{
    int64_t us = clock_monotonic_us();
    int64_t ms = clock_monotonic_ms();

    (void)state;
    assert_in_range(ms - us / 1000, 0, 10000);
    assert_in_range(clock_now_ms() / 1000 - clock_now() + 1, 0, 11);
    for (int i = 0; i < 1000; i++) {
        int64_t next = clock_monotonic_us();

        assert_true(next >= us);
        us = next;
    }
    assert_true(clock_now() > 1700000000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_times_of_records_and_logs),
        TEST(test_times_of_http_headers),
        TEST(test_the_clocks_agree_and_the_monotonic_ones_do_not_go_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
