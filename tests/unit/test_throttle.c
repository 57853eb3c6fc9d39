#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "hub/throttle.h"

static struct throttle *throttle;

static int set_up(void **state)
{
    (void)state;
    throttle = throttle_new();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    throttle_free(throttle);
    return 0;
}

#define THROTTLE(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

/* A window that does not end while the test runs, whenever it began. */
static const struct rate three = { .count = 3, .window_ms = 3600 * 1000 };

static bool one_more(const char *kind, const char *name)
{
    return throttle_exceeds(throttle, &three, slice_of(kind), slice_of(name), 1);
}

static bool is_beyond(const char *kind, const char *name)
{
    return throttle_exceeds(throttle, &three, slice_of(kind), slice_of(name), 0);
}

static void test_as_many_as_the_rate_says_may_come(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++)
        assert_false(one_more("logins", "10.0.0.1"));
    assert_true(one_more("logins", "10.0.0.1"));
    assert_true(one_more("logins", "10.0.0.1"));
}

static void test_looking_counts_nothing(void **state)
{
    (void)state;
    for (int i = 0; i < 10; i++)
        assert_false(is_beyond("logins", "10.0.0.1"));
    for (int i = 0; i < 4; i++)
        one_more("logins", "10.0.0.1");
    assert_true(is_beyond("logins", "10.0.0.1"));
}

static void test_names_and_kinds_are_counted_apart(void **state)
{
    (void)state;
    for (int i = 0; i < 4; i++)
        one_more("logins", "10.0.0.1");
    assert_true(is_beyond("logins", "10.0.0.1"));
    assert_false(is_beyond("logins", "10.0.0.2"));
    assert_false(is_beyond("failures", "10.0.0.1"));
}

static void test_several_may_be_counted_at_once(void **state)
{
    (void)state;
    assert_false(throttle_exceeds(throttle, &three, SL("logins"), SL("a"), 3));
    assert_true(throttle_exceeds(throttle, &three, SL("logins"), SL("a"), 1));
    assert_true(throttle_exceeds(throttle, &three, SL("logins"), SL("b"), 4));
}

static void test_no_rate_is_no_limit(void **state)
{
    static const struct rate off = { 0, 0 };

    (void)state;
    for (int i = 0; i < 1000; i++)
        assert_false(throttle_exceeds(throttle, &off, SL("logins"), SL("a"), 1));
}

static void test_a_new_window_begins_anew(void **state)
{
    static const struct rate quick = { .count = 1, .window_ms = 20 };
    int64_t began = clock_monotonic_ms();

    (void)state;
    throttle_exceeds(throttle, &quick, SL("logins"), SL("a"), 100);
    while (clock_monotonic_ms() / quick.window_ms == began / quick.window_ms)
        ;
    assert_false(throttle_exceeds(throttle, &quick, SL("logins"), SL("a"), 0));
    assert_false(throttle_exceeds(throttle, &quick, SL("logins"), SL("b"), 1));
}

/* At worst somebody is forgotten; nobody is blamed for another. */
static void test_many_names_blame_nobody_who_did_nothing(void **state)
{
    char name[32];
    int blamed = 0;

    (void)state;
    for (int i = 0; i < 100000; i++) {
        snprintf(name, sizeof(name), "stranger %d", i);
        one_more("logins", name);
        one_more("logins", name);
    }
    for (int i = 0; i < 10000; i++) {
        snprintf(name, sizeof(name), "newcomer %d", i);
        blamed += one_more("logins", name);
    }
    assert_int_equal(blamed, 0);
}

static void test_no_throttle_can_be_freed(void **state)
{
    (void)state;
    throttle_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        THROTTLE(test_as_many_as_the_rate_says_may_come),
        THROTTLE(test_looking_counts_nothing),
        THROTTLE(test_names_and_kinds_are_counted_apart),
        THROTTLE(test_several_may_be_counted_at_once),
        THROTTLE(test_no_rate_is_no_limit),
        THROTTLE(test_a_new_window_begins_anew),
        THROTTLE(test_many_names_blame_nobody_who_did_nothing),
        cmocka_unit_test(test_no_throttle_can_be_freed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
