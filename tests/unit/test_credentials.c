#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "vectors.h"

#include "protocol/credentials.h"

static struct basic_credentials basic(const char *pair)
{
    struct slice header = arena_join(&arena, SL("Basic "), base64_encode(&arena, slice_of(pair)));
    struct basic_credentials credentials;
    bool present;
    const char *wrong = basic_read(&arena, header, &present, &credentials);

    if (wrong != NULL)
        fail_msg("%s: %s", pair, wrong);
    assert_true(present);
    return credentials;
}

static const char *basic_wrong(struct slice header)
{
    struct basic_credentials credentials;
    bool present;
    const char *wrong = basic_read(&arena, header, &present, &credentials);

    assert_true(present);
    return wrong;
}

static void test_basic_credentials_are_decoded(void **state)
{
    struct basic_credentials credentials = basic("app:hush");

    (void)state;
    assert_slice(credentials.id, "app");
    assert_slice(credentials.secret, "hush");
}

/* RFC 6749, 2.3.1: encoded as in a form before they are joined. */
static void test_basic_credentials_are_percent_decoded_as_forms_are(void **state)
{
    struct basic_credentials credentials = basic("my+app%3A1:p%25%2B+x");

    (void)state;
    assert_slice(credentials.id, "my app:1");
    assert_slice(credentials.secret, "p%+ x");
    assert_slice(credentials.raw_id, "my+app%3A1");
    assert_slice(credentials.raw_secret, "p%25%2B+x");
}

static void test_what_is_not_encoded_is_kept_as_it_stands(void **state)
{
    struct basic_credentials credentials = basic("50%:100%zz");

    (void)state;
    assert_slice(credentials.id, "50%");
    assert_slice(credentials.secret, "100%zz");
}

static void test_only_the_first_colon_separates(void **state)
{
    struct basic_credentials credentials = basic("app:a:b:");

    (void)state;
    assert_slice(credentials.id, "app");
    assert_slice(credentials.secret, "a:b:");
}

static void test_id_and_secret_may_be_empty_but_the_colon_is_there(void **state)
{
    struct basic_credentials credentials = basic(":");

    (void)state;
    assert_slice(credentials.id, "");
    assert_slice(credentials.secret, "");
    assert_non_null(basic_wrong(SL("Basic YXBw")));
}

static void test_the_scheme_is_in_any_case(void **state)
{
    struct basic_credentials credentials;
    bool present;

    (void)state;
    assert_null(basic_read(&arena, SL("bASIC YTpi"), &present, &credentials));
    assert_true(present);
    assert_slice(credentials.id, "a");
}

static void test_broken_basic_credentials_are_refused(void **state)
{
    (void)state;
    assert_non_null(basic_wrong(SL("Basic")));
    assert_non_null(basic_wrong(SL("Basic ")));
    assert_non_null(basic_wrong(SL("Basic ?")));
    assert_non_null(basic_wrong(SL("Basic YTpi YTpi")));
    assert_non_null(basic_wrong(SL("Basic YTpi,")));
    assert_non_null(basic_wrong(SL("Basic YTo=YTo=")));
    assert_non_null(basic_wrong(SL("Basic YQA6Yg=="))); /* a NUL in the id */
}

static void test_basic_credentials_have_a_limit(void **state)
{
    struct buf buf = BUF_INIT(8192);

    (void)state;
    buf_add_text(&buf, "Basic YTpi");
    while (buf.len + 4 <= 4096)
        buf_add_text(&buf, "YWFh");
    assert_null(basic_wrong(buf_slice(&buf)));
    buf_add_text(&buf, "YWFhYWFh");
    assert_non_null(basic_wrong(buf_slice(&buf)));
    buf_release(&buf);
}

static void test_another_scheme_is_no_error(void **state)
{
    static const char *const others[] = { "",        "Digest YTpi", "Basically YTpi",
                                          "Basi",    "BasicYTpi",   " Basic YTpi",
                                          "Bearers", "Bearertoken", "DPoP token" };
    struct basic_credentials credentials;
    struct slice token;
    bool present;

    (void)state;
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        assert_null(basic_read(&arena, slice_of(others[i]), &present, &credentials));
        assert_false(present);
        assert_null(bearer_read(slice_of(others[i]), &present, &token));
        assert_false(present);
    }
    assert_null(basic_read(&arena, slice_none(), &present, &credentials));
    assert_false(present);
    assert_null(bearer_read(slice_none(), &present, &token));
    assert_false(present);
}

static void good_bearer(const char *header, const char *expected)
{
    struct slice token = slice_none();
    bool present = false;
    const char *wrong = bearer_read(slice_of(header), &present, &token);

    if (wrong != NULL || !present)
        fail_msg("%s: %s", header, wrong != NULL ? wrong : "not present");
    assert_slice(token, expected);
}

static void test_a_bearer_token_is_what_follows_one_space(void **state)
{
    (void)state;
    good_bearer("Bearer abc", "abc");
    good_bearer("bearer a", "a");
    good_bearer("BEARER -._~+/azAZ09", "-._~+/azAZ09");
    good_bearer("Bearer mF_9.B5f-4.1JqM", "mF_9.B5f-4.1JqM"); /* RFC 6750, 2.1 */
    good_bearer("Bearer YQ==", "YQ==");
}

/* RFC 6750, 2.1: 1*SP there, exactly one with us; b64token ends in '=', and has none before. */
static void test_what_is_no_bearer_token_is_refused(void **state)
{
    static const char *const bad[] = { "Bearer",      "Bearer ",         "Bearer  abc",
                                       "Bearer\tabc", "Bearer \tabc",    "Bearer abc ",
                                       "Bearer a b",  "Bearer a,b",      "Bearer a=b",
                                       "Bearer =",    "Bearer ==",       "Bearer \"a\"",
                                       "Bearer a;b",  "Bearer \xc3\xa4", "Bearer a\x7f" };
    struct slice token;
    bool present;

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        if (bearer_read(slice_of(bad[i]), &present, &token) == NULL)
            fail_msg("%s is taken", bad[i]);
        assert_true(present);
    }
    assert_non_null(bearer_read(SL("Bearer a\0b"), &present, &token));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_basic_credentials_are_decoded),
        TEST(test_basic_credentials_are_percent_decoded_as_forms_are),
        TEST(test_what_is_not_encoded_is_kept_as_it_stands),
        TEST(test_only_the_first_colon_separates),
        TEST(test_id_and_secret_may_be_empty_but_the_colon_is_there),
        TEST(test_the_scheme_is_in_any_case),
        TEST(test_broken_basic_credentials_are_refused),
        TEST(test_basic_credentials_have_a_limit),
        TEST(test_another_scheme_is_no_error),
        TEST(test_a_bearer_token_is_what_follows_one_space),
        TEST(test_what_is_no_bearer_token_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
