#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "crypto/jws.h"
#include "vectors.h"

/* Only the header can be wrong. */
static const char *read_header(const char *header)
{
    struct slice parts =
        arena_printf(&arena, "%s.e30.AA", base64url_encode(&arena, slice_of(header)).at);
    struct jws jws;

    return jws_read(&arena, parts, &jws);
}

/* W03, H14 and H19 of the attack catalogue. */

static void test_a_token_has_exactly_three_parts(void **state)
{
    static const char *const wrong[] = {
        "",
        ".",
        "..",
        "e30",
        "e30.e30",
        "e30.e30.AA.",
        "e30.e30.AA.AA",
        ".e30.AA",
        "eyJhbGciOiJIUzI1NiJ9..AA",
        "eyJhbGciOiJIUzI1NiJ9.e30.",
        "eyJhbGciOiJIUzI1NiJ9.e30.AA.AA.AA",
    };
    struct jws jws;

    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        assert_non_null(jws_read(&arena, slice_of(wrong[i]), &jws));
    assert_non_null(jws_read(&arena, slice_none(), &jws));
    assert_null(jws_read(&arena, SL("eyJhbGciOiJIUzI1NiJ9.e30.AA"), &jws));
}

static void test_parts_are_strict_base64url(void **state)
{
    static const char *const wrong[] = {
        "eyJhbGciOiJIUzI1NiJ9=.e30.AA",  "eyJhbGciOiJIUzI1NiJ9.e30=.AA",
        "eyJhbGciOiJIUzI1NiJ9.e30.AA==", "eyJhbGciOiJIUzI1NiJ9.e30.A",
        "eyJhbGciOiJIUzI1NiJ9.e30.AB",   "eyJhbGciOiJIUzI1NiJ9.e30.A+",
        "eyJhbGciOiJIUzI1NiJ9.e30.A/",   "eyJhbGciOiJIUzI1NiJ9.e30.A A",
        "eyJhbGciOiJIUzI1NiJ9.e30.AA\n", " eyJhbGciOiJIUzI1NiJ9.e30.AA",
        "eyJhbGciOiJIUzI1NiJ9.e3-.AA",   "eyJhbGciOiJIUzI1NiK9.e30.AA",
    };
    struct jws jws;

    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        if (jws_read(&arena, slice_of(wrong[i]), &jws) == NULL)
            fail_msg("%s was accepted", wrong[i]);
    }
    assert_non_null(jws_read(&arena, SL("eyJhbGciOiJIUzI1NiJ9.e30.AA\0"), &jws));
}

static void test_a_long_token_is_refused_before_it_is_decoded(void **state)
{
    size_t len = 5 * 1024 * 1024;
    char *text = arena_alloc(&arena, len);
    size_t before = arena_size(&arena);
    struct jws jws;

    (void)state;
    memset(text, 'A', len);
    assert_string_equal(jws_read(&arena, slice_make(text, len), &jws), "the token is too long");
    assert_string_equal(jws_read(&arena, slice_make(text, JWS_MAX + 1), &jws),
                        "the token is too long");
    assert_int_equal(arena_size(&arena), before);
    text[100] = text[200] = '.';
    assert_string_not_equal(jws_read(&arena, slice_make(text, JWS_MAX), &jws),
                            "the token is too long");
}

static void test_headers_that_are_no_plain_header_are_refused(void **state)
{
    static const char *const wrong[] = {
        "",
        "[]",
        "\"alg\"",
        "{}",
        "{\"typ\":\"JWT\"}",
        "{\"alg\":null}",
        "{\"alg\":7}",
        "{\"alg\":[\"RS256\"]}",
        "{\"alg\":\"HS256\",\"alg\":\"none\"}",
        "{\"alg\":\"HS256\",\"crit\":[\"x\"]}",
        "{\"alg\":\"HS256\",\"crit\":[]}",
        "{\"alg\":\"HS256\",\"crit\":null}",
        "{\"alg\":\"HS256\",\"b64\":false}",
        "{\"alg\":\"HS256\",\"b64\":true}",
        "{\"alg\":\"HS256\",\"kid\":7}",
        "{\"alg\":\"HS256\",\"kid\":null}",
        "{\"alg\":\"HS256\",\"typ\":{}}",
        "{\"alg\":\"HS256\"} {}",
        "{\"alg\":\"HS256\"",
        "{\"alg\":\"HS\\u0000256\"}",
        "{'alg':'HS256'}",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        if (read_header(wrong[i]) == NULL)
            fail_msg("%s was accepted", wrong[i]);
    }
    assert_null(read_header("{\"alg\":\"HS256\",\"x\":[[[1]]]}"));
}

static void test_a_deeply_nested_header_is_refused(void **state)
{
    char deep[4000] = "{\"alg\":\"HS256\",\"x\":";
    size_t at = strlen(deep);

    (void)state;
    memset(deep + at, '[', 1000);
    memset(deep + at + 1000, ']', 1000);
    deep[at + 2000] = '}';
    deep[at + 2001] = '\0';
    assert_non_null(read_header(deep));
}

static void test_a_kid_has_at_most_256_bytes(void **state)
{
    char header[400];
    char kid[258];

    (void)state;
    memset(kid, 'k', sizeof(kid));
    kid[257] = '\0';
    snprintf(header, sizeof(header), "{\"alg\":\"HS256\",\"kid\":\"%s\"}", kid);
    assert_non_null(read_header(header));
    snprintf(header, sizeof(header), "{\"alg\":\"HS256\",\"kid\":\"%s\"}", kid + 1);
    assert_null(read_header(header));
}

/* The unsecured token of RFC 7515, A.5. */
static void test_an_unsecured_token_is_refused(void **state)
{
    struct jws jws;

    (void)state;
    assert_non_null(jws_read(&arena,
                             SL("eyJhbGciOiJub25lIn0.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQ"
                                "ogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ."),
                             &jws));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a_token_has_exactly_three_parts),
        TEST(test_parts_are_strict_base64url),
        TEST(test_a_long_token_is_refused_before_it_is_decoded),
        TEST(test_headers_that_are_no_plain_header_are_refused),
        TEST(test_a_deeply_nested_header_is_refused),
        TEST(test_a_kid_has_at_most_256_bytes),
        TEST(test_an_unsecured_token_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
