#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "protocol/redirect.h"

struct pair {
    const char *registered;
    const char *given;
};

static void all_match(const struct pair *pairs, size_t count, bool expected)
{
    for (size_t i = 0; i < count; i++) {
        if (redirect_uri_matches(slice_of(pairs[i].registered), slice_of(pairs[i].given)) !=
            expected)
            fail_msg("%s against %s: not as it should be", pairs[i].given, pairs[i].registered);
    }
}

#define ALL(pairs, expected) all_match(pairs, sizeof(pairs) / sizeof((pairs)[0]), expected)

static void test_the_registered_address_matches(void **state)
{
    static const struct pair pairs[] = {
        { "https://app.example/cb", "https://app.example/cb" },
        { "https://app.example/cb?a=1", "https://app.example/cb?a=1" },
        { "https://app.example", "https://app.example" },
        { "https://app.example:8443/", "https://app.example:8443/" },
        { "com.example.app:/cb", "com.example.app:/cb" },
        { "http://localhost:3000/cb", "http://localhost:3000/cb" },
    };

    (void)state;
    ALL(pairs, true);
}

/* RFC 9700, 2.1 and 4.1.3: byte by byte, nothing is normalised. */
static void test_what_only_means_the_same_does_not_match(void **state)
{
    static const struct pair pairs[] = {
        { "https://app.example/cb", "https://app.example/cb/" },
        { "https://app.example/cb", "https://app.example/CB" },
        { "https://app.example/cb", "https://APP.example/cb" },
        { "https://app.example/cb", "HTTPS://app.example/cb" },
        { "https://app.example/cb", "https://app.example:443/cb" },
        { "https://app.example/cb", "https://app.example/c%62" },
        { "https://app.example/cb", "https://app.example/./cb" },
        { "https://app.example/cb", "https://app.example/x/../cb" },
        { "https://app.example/cb", "https://app.example//cb" },
        { "https://app.example/cb", "https://app.example/cb?" },
        { "https://app.example/cb", "https://app.example/cb?a=1" },
        { "https://app.example/cb?a=1", "https://app.example/cb?a=1&b=2" },
        { "https://app.example/cb", "https://app.example/cbx" },
        { "https://app.example/cb", "https://app.example/cb%00" },
        { "https://app.example", "https://app.example/" },
        { "https://app.example", "https://app.example.evil.test" },
    };

    (void)state;
    ALL(pairs, false);
}

static void test_what_is_no_address_does_not_match_even_itself(void **state)
{
    static const struct pair pairs[] = {
        { "https://app.example/cb#", "https://app.example/cb#" },
        { "https://app.example/cb#x", "https://app.example/cb#x" },
        { "https://user@app.example/cb", "https://user@app.example/cb" },
        { "https://app.example\\@evil.test/", "https://app.example\\@evil.test/" },
        { "https://*.app.example/cb ", "https://*.app.example/cb " },
        { "/cb", "/cb" },
        { "", "" },
        { NULL, NULL },
    };

    (void)state;
    ALL(pairs, false);
}

/* RFC 8252, 7.3. */
static void test_a_loopback_literal_matches_on_any_port(void **state)
{
    static const struct pair pairs[] = {
        { "http://127.0.0.1/cb", "http://127.0.0.1:49152/cb" },
        { "http://127.0.0.1:1/cb", "http://127.0.0.1:49152/cb" },
        { "http://127.0.0.1:1/cb", "http://127.0.0.1/cb" },
        { "http://[::1]/cb", "http://[::1]:61023/cb" },
        { "http://127.0.0.1/cb?a=1", "http://127.0.0.1:5000/cb?a=1" },
        { "http://127.0.0.1", "http://127.0.0.1:5000" },
    };

    (void)state;
    ALL(pairs, true);
}

static void test_only_the_port_of_a_loopback_literal_is_free(void **state)
{
    static const struct pair pairs[] = {
        { "http://localhost/cb", "http://localhost:5000/cb" },
        { "http://127.0.0.1/cb", "http://localhost/cb" },
        { "http://127.0.0.1/cb", "http://127.0.0.2:5000/cb" },
        { "http://127.0.0.1/cb", "http://127.1:5000/cb" },
        { "http://127.0.0.1/cb", "http://[::1]:5000/cb" },
        { "http://[::1]/cb", "http://[0:0:0:0:0:0:0:1]:5000/cb" },
        { "http://[::1]/cb", "http://[::ffff:127.0.0.1]:5000/cb" },
        { "https://127.0.0.1/cb", "https://127.0.0.1:5000/cb" },
        { "http://127.0.0.1/cb", "https://127.0.0.1:5000/cb" },
        { "http://127.0.0.1/cb", "http://127.0.0.1:5000/cb/" },
        { "http://127.0.0.1/cb", "http://127.0.0.1:5000/cb?a=1" },
        { "http://127.0.0.1/cb?", "http://127.0.0.1:5000/cb" },
        { "http://127.0.0.1/cb", "http://127.0.0.1:5000/cb?" },
        { "http://127.0.0.1/cb", "http://127.0.0.1:0/cb" },
        { "http://127.0.0.1/cb", "http://127.0.0.1:65536/cb" },
        { "http://127.0.0.1/cb", "http://127.0.0.1:5000@evil.test/cb" },
        { "http://127.0.0.1/cb", "http://127.0.0.1.evil.test:5000/cb" },
        { "http://127.0.0.1/cb", "http://127.0.0.1:5000/cb#" },
        { "http://127.0.0.1/cb#x", "http://127.0.0.1:5000/cb" },
    };

    (void)state;
    ALL(pairs, false);
}

static void test_a_nul_ends_nothing(void **state)
{
    struct slice given = SL("https://app.example/cb\0x");

    (void)state;
    assert_false(redirect_uri_matches(SL("https://app.example/cb"), given));
    assert_false(redirect_uri_matches(given, given));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_registered_address_matches),
        cmocka_unit_test(test_what_only_means_the_same_does_not_match),
        cmocka_unit_test(test_what_is_no_address_does_not_match_even_itself),
        cmocka_unit_test(test_a_loopback_literal_matches_on_any_port),
        cmocka_unit_test(test_only_the_port_of_a_loopback_literal_is_free),
        cmocka_unit_test(test_a_nul_ends_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
