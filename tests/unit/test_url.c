#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "vectors.h"

#include "base/url.h"

static struct url read_good(const char *text)
{
    struct url url;
    const char *wrong = url_read(slice_of(text), &url);

    if (wrong != NULL)
        fail_msg("%s %s", text, wrong);
    return url;
}

static void assert_refused(const char *text)
{
    struct url url;

    if (url_read_http(slice_of(text), &url) == NULL)
        fail_msg("%s was accepted", text);
}

static void test_a_url_is_taken_apart(void **state)
{
    struct url url = read_good("HTTPS://App.test:8443/a/b;c?d=e/f&g?h#i/j?k");

    (void)state;
    assert_slice(url.scheme, "HTTPS");
    assert_slice(url.host, "App.test");
    assert_int_equal(url.port, 8443);
    assert_slice(url.path, "/a/b;c");
    assert_slice(url.query, "d=e/f&g?h");
    assert_slice(url.fragment, "i/j?k");
    assert_slice(url.whole, "HTTPS://App.test:8443/a/b;c?d=e/f&g?h#i/j?k");
}

static void test_absent_parts_are_absent_and_empty_ones_are_not(void **state)
{
    struct url url = read_good("https://app.test");

    (void)state;
    assert_slice(url.path, "");
    assert_false(slice_is_set(url.query));
    assert_false(slice_is_set(url.fragment));
    assert_int_equal(url.port, 0);
    url = read_good("https://app.test/?#");
    assert_slice(url.path, "/");
    assert_slice(url.query, "");
    assert_slice(url.fragment, "");
    url = read_good("https://app.test?a");
    assert_slice(url.host, "app.test");
    assert_slice(url.query, "a");
    url = read_good("https://app.test#a?b");
    assert_slice(url.host, "app.test");
    assert_false(slice_is_set(url.query));
}

static void test_ipv6_hosts_lose_their_brackets(void **state)
{
    struct url url = read_good("http://[2001:db8::1]:8080/x");

    (void)state;
    assert_slice(url.host, "2001:db8::1");
    assert_true(url.host_is_ipv6);
    assert_int_equal(url.port, 8080);
    url = read_good("http://[::1]");
    assert_slice(url.host, "::1");
    read_good("http://[0000:0000:0000:0000:0000:ffff:255.255.255.255]/"); /* the longest */
}

static void test_urls_without_authority_have_no_host(void **state)
{
    struct url url = read_good("com.example.app:/callback");

    (void)state;
    assert_slice(url.scheme, "com.example.app");
    assert_slice(url.host, "");
    assert_slice(url.path, "/callback");
    assert_refused("com.example.app:/callback");
    assert_refused("https:evil");
    assert_refused("https:/evil.test");
    assert_refused("https:");
}

/* Group B of the attack catalogue: what a host may hide behind. */
static void test_tricks_with_the_host_are_refused(void **state)
{
    static const char *const wrong[] = {
        "https://app.test@evil.test/cb",
        "https://app.test:80@evil.test",
        "https://a@b@evil.test/",
        "https://@evil.test/",
        "https://evil.test\\@app.test/cb",
        "https://app.test\\.evil.test/",
        "https:/\\evil.test",
        "https:\\\\evil.test",
        "https:///evil.test",
        "https://",
        "https:// evil.test",
        "https://evil .test",
        "https://evil%2etest/",
        "https://app.test%40evil.test/",
        "https://app.test%00.evil.test/",
        "https://app.test:/cb",
        "https://app.test:0/cb",
        "https://app.test:080/cb",
        "https://app.test:65536/cb",
        "https://app.test:+80/cb",
        "https://app.test:80:80/cb",
        "https://app.test:8o/cb",
        "https://.app.test/",
        "https://-app.test/",
        "https://app*.test/",
        "https://app.test,evil.test/",
        "https://[::1/",
        "https://[]/",
        "https://[::1]x/",
        "https://[::1]80/",
        "https://[::1%25eth0]/",
        "https://[::g]/",
        "https://[127.0.0.1]/",
        "https://x[::1]/",
        "https://::1/",
        ("https://\xef\xbc\x8e"
         "app.test/"),
        "https://\xd0\xb0pp.test/",
        "//app.test/cb",
        "/cb",
        "app.test/cb",
        "app.test:443/cb",
        "",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        assert_refused(wrong[i]);
}

static void test_other_schemes_are_not_http(void **state)
{
    static const char *const wrong[] = { "javascript:alert(1)", "JavaScript://x/%0aalert(1)",
                                         "data:text/html,x",    "vbscript:x",
                                         "file:///etc/passwd",  "ftp://a.test/",
                                         "ws://a.test/",        "httpx://a.test/",
                                         "http+unix://a/" };

    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        assert_refused(wrong[i]);
}

static void test_control_characters_are_refused_everywhere(void **state)
{
    (void)state;
    for (int byte = 0; byte < 256; byte++) {
        char text[] = "https://app.test/x?y";
        struct url url;
        bool refused = byte <= ' ' || byte >= 0x7f || strchr("\"<>\\^`{|}", byte) != NULL;

        text[17] = (char)byte;
        if (byte == '%' || byte == '[' || byte == ']')
            continue;
        assert_int_equal(url_read(slice_make(text, sizeof(text) - 1), &url) != NULL, refused);
    }
    assert_refused("\x01https://app.test/");
    assert_refused(" https://app.test/");
    assert_refused("https://app.test/ ");
    assert_refused("https://app.test/\n");
    assert_refused("ht\ttps://app.test/");
}

static void test_percent_escapes_are_whole(void **state)
{
    static const char *const wrong[] = { "https://app.test/%",   "https://app.test/%2",
                                         "https://app.test/%zz", "https://app.test/%2x",
                                         "https://app.test/?%",  "https://app.test/#%4" };

    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        assert_refused(wrong[i]);
    read_good("https://app.test/%2e%2E?%ff#%41");
}

static void test_brackets_and_second_fragments_are_refused(void **state)
{
    (void)state;
    assert_refused("https://app.test/[x]");
    assert_refused("https://app.test/#a#b");
    assert_refused("https://app.test/##");
}

static void test_the_limit_of_a_url_is_exact(void **state)
{
    char text[URL_MAX + 2];
    struct url url;

    (void)state;
    memset(text, 'a', sizeof(text));
    memcpy(text, "https://app.test/", 17);
    assert_null(url_read(slice_make(text, URL_MAX), &url));
    assert_non_null(url_read(slice_make(text, URL_MAX + 1), &url));
}

static void test_a_host_name_has_at_most_253_bytes(void **state)
{
    char text[300] = "https://";
    struct url url;

    (void)state;
    memset(text + 8, 'a', 254);
    assert_non_null(url_read(slice_make(text, 8 + 254), &url));
    assert_null(url_read(slice_make(text, 8 + 253), &url));
}

static void test_loopback_hosts_are_known_by_their_text(void **state)
{
    static const char *const yes[] = { "http://localhost/",   "http://LOCALHOST:1/",
                                       "http://a.localhost",  "http://127.0.0.1/",
                                       "http://127.255.0.3/", "http://[::1]/" };
    static const char *const no[] = {
        "http://localhost.evil.test/",
        "http://127.0.0.1.evil.test/",
        "http://xlocalhost/",
        "http://128.0.0.1/",
        "http://127.1/",
        "http://0177.0.0.1/",
        "http://2130706433/",
        "http://0x7f000001/",
        "http://0.0.0.0/",
        "http://[::]/",
        "http://[::2]/",
        "http://localhost./",
        "http://[::ffff:127.0.0.1]/",
        "http://127.0.0.1./",
        "http://127.000.0.1/",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++) {
        struct url url = read_good(yes[i]);

        assert_true(url_host_is_loopback(&url));
        assert_true(url_is_safe(&url));
    }
    for (size_t i = 0; i < sizeof(no) / sizeof(no[0]); i++) {
        struct url url = read_good(no[i]);

        if (url_host_is_loopback(&url) || url_is_safe(&url))
            fail_msg("%s counts as loopback", no[i]);
    }
}

static void test_https_is_safe_anywhere_and_others_nowhere(void **state)
{
    struct url url = read_good("HttpS://app.test/");

    (void)state;
    assert_true(url_is_safe(&url));
    url = read_good("ftp://localhost/");
    assert_false(url_is_safe(&url));
    url = read_good("com.app:/cb");
    assert_false(url_is_safe(&url));
}

static const char *origin_of(const char *text)
{
    struct url url = read_good(text);

    return url_origin(&arena, &url).at;
}

static void test_an_origin_is_lower_case_without_default_port(void **state)
{
    struct url url = read_good("https://a.test/");

    (void)state;
    assert_string_equal(origin_of("HTTPS://App.Test:443/x?y#z"), "https://app.test");
    assert_string_equal(origin_of("http://app.test:443"), "http://app.test:443");
    assert_string_equal(origin_of("http://app.test:80/"), "http://app.test");
    assert_string_equal(origin_of("http://[2001:DB8::1]:8080/"), "http://[2001:db8::1]:8080");
    assert_int_equal(url_port(&url), 443);
    url = read_good("http://a.test:8080/");
    assert_int_equal(url_port(&url), 8080);
    url = read_good("http://a.test");
    assert_int_equal(url_port(&url), 80);
}

static void test_a_path_is_put_below_with_one_slash(void **state)
{
    (void)state;
    assert_slice(url_below(&arena, SL("https://a.test"), "/x"), "https://a.test/x");
    assert_slice(url_below(&arena, SL("https://a.test/"), "/x"), "https://a.test/x");
    assert_slice(url_below(&arena, SL("https://a.test/b//"), "x"), "https://a.test/b/x");
    assert_slice(url_below(&arena, SL("https://a.test/b"), ""), "https://a.test/b/");
}

static void test_paths_on_our_own_host(void **state)
{
    static const char *const good[] = { "/",
                                        "/a",
                                        "/a/b?c=d&e=%20f#g",
                                        "/a//b",
                                        "/%41",
                                        "/a%2Fb",
                                        "/?next=https://other.test/",
                                        "/.well-known/x",
                                        "/~x",
                                        "/a@b",
                                        "/a:b",
                                        "/%252fevil" };

    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        if (!url_is_local_path(slice_of(good[i])))
            fail_msg("%s was refused", good[i]);
    }
}

static const char *const other_hosts[] = {
    "",
    "//evil.test",
    "///evil.test",
    "//evil.test/..",
    "/\\evil.test",
    "\\/evil.test",
    "\\\\evil.test",
    "/%5cevil.test",
    "/%5Cevil.test",
    "/%2fevil.test",
    "/%2Fevil.test",
    "%2f/evil.test",
    "%2f%2fevil.test",
    "/%09/evil.test",
    "/%0a/evil.test",
    "/%0d%0aLocation:%20https://evil.test",
    "/%00/evil.test",
    "/\t/evil.test",
    "/\n/evil.test",
    "\t//evil.test",
    " //evil.test",
    " /x",
    "/ /evil.test",
    "/a\\b",
    "/a%5cb",
    "/a%00",
    "/a%7f",
    "/a%ff",
    "/a%c0%af",
    "/%",
    "/%2",
    "/%zz",
    "https:evil.test",
    "https:/evil.test",
    "https://evil.test",
    "http:evil",
    "javascript:alert(1)",
    "JavaScript:alert(1)",
    "data:text/html,x",
    "evil.test",
    "x",
    ".",
    "./x",
    "../x",
    "?x",
    "#x",
    "@evil.test",
    "/\xe2\x80\xa8",
    ("/\xef\xbc\x8f"
     "evil.test"),
};

/* B20. */
static void test_paths_that_a_browser_takes_for_another_host(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(other_hosts) / sizeof(other_hosts[0]); i++) {
        if (url_is_local_path(slice_of(other_hosts[i])))
            fail_msg("%s was accepted", other_hosts[i]);
    }
    assert_false(url_is_local_path(slice_none()));
    assert_false(url_is_local_path(SL("/a\0b")));
    char longer[URL_MAX + 1];

    memset(longer, '/', 1);
    memset(longer + 1, 'a', URL_MAX);
    assert_false(url_is_local_path(slice_make(longer, URL_MAX + 1)));
    assert_true(url_is_local_path(slice_make(longer, URL_MAX)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a_url_is_taken_apart),
        TEST(test_absent_parts_are_absent_and_empty_ones_are_not),
        TEST(test_ipv6_hosts_lose_their_brackets),
        TEST(test_urls_without_authority_have_no_host),
        TEST(test_tricks_with_the_host_are_refused),
        TEST(test_other_schemes_are_not_http),
        TEST(test_control_characters_are_refused_everywhere),
        TEST(test_percent_escapes_are_whole),
        TEST(test_brackets_and_second_fragments_are_refused),
        TEST(test_the_limit_of_a_url_is_exact),
        TEST(test_a_host_name_has_at_most_253_bytes),
        TEST(test_loopback_hosts_are_known_by_their_text),
        TEST(test_https_is_safe_anywhere_and_others_nowhere),
        TEST(test_an_origin_is_lower_case_without_default_port),
        TEST(test_a_path_is_put_below_with_one_slash),
        TEST(test_paths_on_our_own_host),
        TEST(test_paths_that_a_browser_takes_for_another_host),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
