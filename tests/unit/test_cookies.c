#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bare_request.h"

#include "protocol/cookies.h"

/* All pairs as "[name][value]". */
static const char *pairs_of(struct slice header)
{
    struct buf out = BUF_INIT(4096);
    struct slice name;
    struct slice value;

    while (cookie_next(&header, &name, &value))
        buf_printf(&out, "[%.*s][%.*s]", SLICE_ARG(name), SLICE_ARG(value));
    const char *text = arena_string(request_arena(&bare.request), buf_slice(&out));

    buf_release(&out);
    return text;
}

static void test_pairs_come_one_after_the_other(void **state)
{
    (void)state;
    assert_string_equal(pairs_of(SL("a=1; b=2")), "[a][1][b][2]");
    assert_string_equal(pairs_of(SL("a=1;b=2;\tc=3 ")), "[a][1][b][2][c][3]");
    assert_string_equal(pairs_of(SL("")), "");
    assert_string_equal(pairs_of(slice_none()), "");
}

static void test_a_piece_without_equals_sign_is_no_pair(void **state)
{
    (void)state;
    assert_string_equal(pairs_of(SL("a; b=2; ;;c")), "[b][2]");
}

static void test_a_value_is_taken_as_it_stands(void **state)
{
    (void)state;
    assert_string_equal(pairs_of(SL("a=b=c; d=\"e\"; f=%20; g=")),
                        "[a][b=c][d][\"e\"][f][%20][g][]");
    assert_string_equal(pairs_of(SL("=x; a =1")), "[][x][a ][1]");
}

static void test_our_cookie_is_found_by_its_prefixed_name(void **state)
{
    (void)state;
    bare_header("Cookie", SL("session=no; cardea-session=no; __Host-cardea-session=yes; x=1"));
    assert_text(request_cookie(&bare.request, "session"), "yes");
    assert_false(slice_is_set(request_cookie(&bare.request, "sessio")));
    assert_false(slice_is_set(request_cookie(&bare.request, "x")));
}

static void test_names_without_prefix_count_on_a_loopback_issuer_only(void **state)
{
    (void)state;
    bare.hub.secure = false;
    bare_header("cookie", SL("cardea-session=yes; __Host-cardea-session=no"));
    assert_text(request_cookie(&bare.request, "session"), "yes");
}

static void test_names_of_cookies_are_told_apart_by_case(void **state)
{
    (void)state;
    bare_header("Cookie", SL("__host-cardea-session=no; __Host-cardea-SESSION=no"));
    assert_false(slice_is_set(request_cookie(&bare.request, "session")));
}

/* A sub-domain or a plain http page may have planted one of the two. */
static void test_of_two_cookies_of_one_name_none_counts(void **state)
{
    (void)state;
    bare_header("Cookie", SL("__Host-cardea-session=a; __Host-cardea-session=a"));
    assert_false(slice_is_set(request_cookie(&bare.request, "session")));
}

static void test_two_cookie_headers_are_one_list(void **state)
{
    (void)state;
    bare_header("Cookie", SL("__Host-cardea-a=1"));
    bare_header("X-Cookie", SL("__Host-cardea-a=2"));
    bare_header("COOKIE", SL("__Host-cardea-b=3"));
    assert_text(request_cookie(&bare.request, "a"), "1");
    assert_text(request_cookie(&bare.request, "b"), "3");
    bare_header("cookie", SL("__Host-cardea-a=1"));
    assert_false(slice_is_set(request_cookie(&bare.request, "a")));
}

static void test_an_empty_cookie_is_there(void **state)
{
    (void)state;
    bare_header("Cookie", SL("__Host-cardea-session="));
    assert_text(request_cookie(&bare.request, "session"), "");
}

static void test_all_cookies_of_ours_can_be_walked_through(void **state)
{
    struct request_cookies cookies = { 0 };
    struct slice name;
    struct slice value;

    (void)state;
    bare_header("Cookie", SL("x=1; __Host-cardea-a=2; __Host-cardea-=3"));
    bare_header("Cookie", SL("y=4"));
    bare_header("Cookie", SL("__Host-cardea-b=5"));
    assert_true(request_next_cookie(&bare.request, &cookies, &name, &value));
    assert_text(name, "a");
    assert_text(value, "2");
    assert_true(request_next_cookie(&bare.request, &cookies, &name, &value));
    assert_text(name, "");
    assert_true(request_next_cookie(&bare.request, &cookies, &name, &value));
    assert_text(name, "b");
    assert_text(value, "5");
    assert_false(request_next_cookie(&bare.request, &cookies, &name, &value));
    assert_false(request_next_cookie(&bare.request, &cookies, &name, &value));
}

static void test_a_cookie_is_set_with_the_flags_of_the_contract(void **state)
{
    (void)state;
    request_set_cookie(&bare.request, "session", SL("v"), 0, SAME_SITE_LAX);
    request_set_cookie(&bare.request, "login-1", SL("w"), 600, SAME_SITE_NONE);
    request_drop_cookie(&bare.request, "login-2");
    assert_text(bare.request.lines[0], "Set-Cookie: __Host-cardea-session=v; Path=/; HttpOnly; "
                                       "SameSite=Lax; Secure\r\n");
    assert_text(bare.request.lines[1], "Set-Cookie: __Host-cardea-login-1=w; Path=/; HttpOnly; "
                                       "SameSite=None; Secure; Max-Age=600\r\n");
    assert_text(bare.request.lines[2], "Set-Cookie: __Host-cardea-login-2=; Path=/; HttpOnly; "
                                       "SameSite=Lax; Secure; Max-Age=0\r\n");
}

static void test_a_cookie_of_a_loopback_issuer_has_neither_prefix_nor_secure(void **state)
{
    (void)state;
    bare.hub.secure = false;
    request_set_cookie(&bare.request, "session", SL("v"), 0, SAME_SITE_LAX);
    assert_text(bare.request.lines[0],
                "Set-Cookie: cardea-session=v; Path=/; HttpOnly; SameSite=Lax\r\n");
}

static void test_a_header_line_that_is_not_fit_is_dropped(void **state)
{
    (void)state;
    request_add_header(&bare.request, "Location", SL("/a\r\nSet-Cookie: x=1"));
    assert_int_equal(bare.request.line_count, 0);
    for (int i = 0; i < REQUEST_LINES + 3; i++)
        request_add_header(&bare.request, "X", SL("1"));
    assert_int_equal(bare.request.line_count, REQUEST_LINES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BARE_TEST(test_pairs_come_one_after_the_other),
        BARE_TEST(test_a_piece_without_equals_sign_is_no_pair),
        BARE_TEST(test_a_value_is_taken_as_it_stands),
        BARE_TEST(test_our_cookie_is_found_by_its_prefixed_name),
        BARE_TEST(test_names_without_prefix_count_on_a_loopback_issuer_only),
        BARE_TEST(test_names_of_cookies_are_told_apart_by_case),
        BARE_TEST(test_of_two_cookies_of_one_name_none_counts),
        BARE_TEST(test_two_cookie_headers_are_one_list),
        BARE_TEST(test_an_empty_cookie_is_there),
        BARE_TEST(test_all_cookies_of_ours_can_be_walked_through),
        BARE_TEST(test_a_cookie_is_set_with_the_flags_of_the_contract),
        BARE_TEST(test_a_cookie_of_a_loopback_issuer_has_neither_prefix_nor_secure),
        BARE_TEST(test_a_header_line_that_is_not_fit_is_dropped),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
