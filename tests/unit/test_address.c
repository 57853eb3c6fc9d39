#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "net/address.h"

#include <cmocka.h>
#include <netinet/in.h>
#include <sys/un.h>

static struct arena arena;

static int release_arena(void **state)
{
    (void)state;
    arena_release(&arena);
    return 0;
}

static struct address ip(const char *text)
{
    struct address address;

    if (!address_read_ip(slice_of(text), &address))
        fail_msg("%s is no address", text);
    return address;
}

static void assert_text(struct slice text, const char *expected)
{
    assert_string_equal(arena_string(&arena, text), expected);
}

static void test_listen_addresses_are_read(void **state)
{
    static const struct {
        const char *text;
        const char *expected;
    } good[] = {
        { "127.0.0.1:8080", "127.0.0.1:8080" },
        { "0.0.0.0:443", "0.0.0.0:443" },
        { "[::1]:8080", "[::1]:8080" },
        { "[2001:DB8::1]:65535", "[2001:db8::1]:65535" },
        { "localhost:8080", "127.0.0.1:8080" },
        { "127.0.0.1:0", "127.0.0.1:0" },
        { "unix:/run/cardea.sock", "unix:/run/cardea.sock" },
        { "unix:run/a:b.sock", "unix:run/a:b.sock" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        struct address address;

        assert_null(address_read_listen(slice_of(good[i].text), &address));
        assert_text(address_text(&arena, &address), good[i].expected);
    }
}

static void test_what_is_no_listen_address_is_refused(void **state)
{
    static const char *const bad[] = {
        "",
        "127.0.0.1",
        ":8080",
        "127.0.0.1:",
        "127.0.0.1:65536",
        "127.0.0.1:08080",
        "127.0.0.1:80 ",
        "127.0.0.1:-1",
        "127.1:80",
        "0x7f000001:80",
        "127.0.0.01:80",
        "id.example.com:80",
        "::1:8080",
        "[::1]",
        "[::1",
        "[",
        "[::1]8080",
        "[127.0.0.1]:80",
        "[::g]:80",
        "[fe80::1%eth0]:80",
        "1.2.3.4:80:90",
        "unix:",
        "systemd",
    };
    struct address address;

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        if (address_read_listen(slice_of(bad[i]), &address) == NULL)
            fail_msg("accepted: %s", bad[i]);
    }
}

static void test_a_socket_path_has_a_limit_and_no_nul(void **state)
{
    struct address address;
    char path[5 + sizeof(((struct sockaddr_un *)0)->sun_path)];

    (void)state;
    memset(path, 'x', sizeof(path));
    memcpy(path, "unix:", 5);
    assert_non_null(address_read_listen(slice_make(path, sizeof(path)), &address));
    assert_null(address_read_listen(slice_make(path, sizeof(path) - 1), &address));
    assert_int_equal(address_text(&arena, &address).len, sizeof(path) - 1);
    assert_non_null(address_read_listen(SL("unix:/a\0b"), &address));
}

static void test_an_ip_is_read_without_a_port(void **state)
{
    struct address address;

    (void)state;
    assert_true(address_read_ip(SL("192.0.2.1"), &address));
    assert_text(address_host_text(&arena, &address), "192.0.2.1");
    assert_true(address_read_ip(SL("0.9.10.255"), &address));
    assert_text(address_host_text(&arena, &address), "0.9.10.255");
    assert_true(address_read_ip(SL("99.100.199.200"), &address));
    assert_text(address_host_text(&arena, &address), "99.100.199.200");
    assert_true(address_read_ip(SL("2001:db8::0001"), &address));
    assert_text(address_host_text(&arena, &address), "2001:db8::1");
    assert_false(address_read_ip(SL("192.0.2.1:80"), &address));
    assert_false(address_read_ip(SL("[::1]"), &address));
    assert_false(address_read_ip(SL("localhost"), &address));
    assert_false(address_read_ip(SL("127.0.0.1\0"), &address));
    assert_false(address_read_ip(SL("2130706433"), &address));
    assert_false(address_read_ip(SL(""), &address));
}

static void test_a_mapped_address_is_written_as_the_ipv4_address_it_is(void **state)
{
    struct address address = ip("::ffff:192.0.2.1");

    (void)state;
    assert_int_equal(address.sockaddr.ss_family, AF_INET6);
    assert_text(address_host_text(&arena, &address), "192.0.2.1");
    ((struct sockaddr_in6 *)&address.sockaddr)->sin6_port = htons(443);
    assert_text(address_text(&arena, &address), "192.0.2.1:443");
}

static void test_a_nameless_peer_and_no_peer_have_a_text(void **state)
{
    struct address nameless = { .len = sizeof(sa_family_t) };
    struct address none = { 0 };

    (void)state;
    nameless.sockaddr.ss_family = AF_UNIX;
    assert_text(address_text(&arena, &nameless), "unix:");
    assert_text(address_host_text(&arena, &nameless), "unix:");
    assert_text(address_text(&arena, &none), "unknown");
}

static struct cidr cidr(const char *text)
{
    struct cidr cidr = { 0 };
    const char *wrong = cidr_read(slice_of(text), &cidr);

    if (wrong != NULL)
        fail_msg("%s %s", text, wrong);
    return cidr;
}

static bool contains(const char *range, const char *address)
{
    struct cidr c = cidr(range);
    struct address a = ip(address);

    return cidr_contains(&c, &a);
}

static void test_a_range_contains_what_shares_its_prefix(void **state)
{
    (void)state;
    assert_true(contains("10.0.0.0/8", "10.255.0.1"));
    assert_false(contains("10.0.0.0/8", "11.0.0.0"));
    assert_true(contains("192.0.2.128/25", "192.0.2.255"));
    assert_false(contains("192.0.2.128/25", "192.0.2.127"));
    assert_true(contains("192.0.2.7", "192.0.2.7"));
    assert_false(contains("192.0.2.7/32", "192.0.2.6"));
    assert_true(contains("0.0.0.0/0", "203.0.113.9"));
    assert_false(contains("0.0.0.0/0", "::1"));
    assert_true(contains("::/0", "2001:db8::1"));
    assert_false(contains("::/0", "192.0.2.1"));
    assert_true(contains("2001:db8::/33", "2001:db8:7fff::1"));
    assert_false(contains("2001:db8::/33", "2001:db8:8000::1"));
    assert_true(contains("::1/128", "::1"));
}

static void test_mapped_addresses_and_ranges_count_as_ipv4(void **state)
{
    (void)state;
    assert_true(contains("10.0.0.0/8", "::ffff:10.1.2.3"));
    assert_true(contains("::ffff:10.0.0.0/104", "10.1.2.3"));
    assert_true(contains("::ffff:0:0/96", "198.51.100.1"));
    assert_true(contains("::ffff:192.0.2.1", "192.0.2.1"));
    assert_false(contains("::/0", "::ffff:10.1.2.3"));
}

static void test_a_unix_socket_counts_as_loopback(void **state)
{
    struct address nameless = { .len = sizeof(sa_family_t) };
    struct address none = { 0 };
    struct cidr loopback = cidr("127.0.0.0/8");
    struct cidr everything = cidr("0.0.0.0/0");
    struct cidr ten = cidr("10.0.0.0/8");

    (void)state;
    nameless.sockaddr.ss_family = AF_UNIX;
    assert_true(cidr_contains(&loopback, &nameless));
    assert_false(cidr_contains(&ten, &nameless));
    assert_false(cidr_contains(&everything, &none));
}

static void test_what_is_no_range_is_refused(void **state)
{
    static const char *const bad[] = { "",
                                       "/8",
                                       "10.0.0.0/",
                                       "10.0.0.0/33",
                                       "10.0.0.0/08",
                                       "10.0.0.0/8/8",
                                       "10/8",
                                       "10.0.0.1/8",
                                       "::/129",
                                       "::1/127",
                                       "fe80::%1/10",
                                       "example.com",
                                       "10.0.0.0 /8",
                                       "10.0.0.0-10.0.0.9" };
    struct cidr range;

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        if (cidr_read(slice_of(bad[i]), &range) == NULL)
            fail_msg("accepted: %s", bad[i]);
    }
}

static void test_inner_addresses_are_known(void **state)
{
    static const char *const inner[] = {
        "0.0.0.0",
        "0.1.2.3",
        "10.0.0.1",
        "100.64.0.1",
        "100.127.255.255",
        "127.0.0.1",
        "127.255.255.255",
        "169.254.169.254",
        "172.16.0.1",
        "172.31.255.255",
        "192.0.0.1",
        "192.0.2.1",
        "192.88.99.1",
        "192.168.1.1",
        "198.18.0.1",
        "198.19.255.255",
        "198.51.100.1",
        "203.0.113.1",
        "224.0.0.1",
        "239.255.255.255",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "::ffff:169.254.169.254",
        "::127.0.0.1",
        "64:ff9b::127.0.0.1",
        "64:ff9b::10.0.0.1",
        "64:ff9b:1::1",
        "100::1",
        "2001::1",
        "2001:2::1",
        "2001:10::1",
        "2001:db8::1",
        "2002:7f00:1::",
        "2002:a00:1::1",
        "3fff::1",
        "5f00::1",
        "fc00::1",
        "fd00::1",
        "fe80::1",
        "fec0::1",
        "ff02::1",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(inner) / sizeof(inner[0]); i++) {
        struct address address = ip(inner[i]);

        if (!address_is_inner(&address))
            fail_msg("not inner: %s", inner[i]);
    }
}

static void test_outer_addresses_are_not_inner(void **state)
{
    static const char *const outer[] = {
        "1.1.1.1",     "8.8.8.8",         "9.255.255.255",   "11.0.0.0",         "100.63.255.255",
        "100.128.0.0", "126.255.255.255", "128.0.0.0",       "169.253.0.1",      "172.15.255.255",
        "172.32.0.0",  "192.0.1.0",       "192.167.255.255", "192.169.0.0",      "198.17.255.255",
        "198.20.0.0",  "223.255.255.255", "::ffff:8.8.8.8",  "64:ff9b::8.8.8.8", "2002:808:808::1",
        "2001:200::1", "2001:4860::8888", "2606:4700::1111", "2a00::1",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(outer) / sizeof(outer[0]); i++) {
        struct address address = ip(outer[i]);

        if (address_is_inner(&address))
            fail_msg("inner: %s", outer[i]);
    }
}

static void test_a_unix_socket_and_no_address_are_inner(void **state)
{
    struct address nameless = { .len = sizeof(sa_family_t) };
    struct address none = { 0 };

    (void)state;
    nameless.sockaddr.ss_family = AF_UNIX;
    assert_true(address_is_inner(&nameless));
    assert_true(address_is_inner(&none));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_listen_addresses_are_read, release_arena),
        cmocka_unit_test(test_what_is_no_listen_address_is_refused),
        cmocka_unit_test_teardown(test_a_socket_path_has_a_limit_and_no_nul, release_arena),
        cmocka_unit_test_teardown(test_an_ip_is_read_without_a_port, release_arena),
        cmocka_unit_test_teardown(test_a_mapped_address_is_written_as_the_ipv4_address_it_is,
                                  release_arena),
        cmocka_unit_test_teardown(test_a_nameless_peer_and_no_peer_have_a_text, release_arena),
        cmocka_unit_test(test_a_range_contains_what_shares_its_prefix),
        cmocka_unit_test(test_mapped_addresses_and_ranges_count_as_ipv4),
        cmocka_unit_test(test_a_unix_socket_counts_as_loopback),
        cmocka_unit_test(test_what_is_no_range_is_refused),
        cmocka_unit_test(test_inner_addresses_are_known),
        cmocka_unit_test(test_outer_addresses_are_not_inner),
        cmocka_unit_test(test_a_unix_socket_and_no_address_are_inner),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
