#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "vectors.h"

#include "protocol/pkce.h"

/* RFC 7636, B. */
#define VERIFIER  "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
#define CHALLENGE "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"

static struct slice repeated(char byte, size_t count)
{
    char *text = arena_alloc(&arena, count);

    memset(text, byte, count);
    return slice_make(text, count);
}

static void test_the_example_of_the_rfc_matches(void **state)
{
    (void)state;
    assert_slice(pkce_challenge(&arena, SL(VERIFIER)), CHALLENGE);
    assert_true(pkce_challenge_is_valid(SL(CHALLENGE)));
    assert_true(pkce_matches(SL(VERIFIER), SL(CHALLENGE)));
}

static void test_a_new_verifier_belongs_to_its_challenge_alone(void **state)
{
    struct slice one = pkce_verifier(&arena);
    struct slice other = pkce_verifier(&arena);

    (void)state;
    assert_int_equal(one.len, 43);
    assert_false(slice_equal(one, other));
    assert_true(pkce_challenge_is_valid(pkce_challenge(&arena, one)));
    assert_true(pkce_matches(one, pkce_challenge(&arena, one)));
    assert_false(pkce_matches(one, pkce_challenge(&arena, other)));
}

static void test_a_challenge_is_43_characters_of_base64url(void **state)
{
    (void)state;
    assert_false(pkce_challenge_is_valid(slice_none()));
    assert_false(pkce_challenge_is_valid(repeated('a', 42)));
    assert_false(pkce_challenge_is_valid(repeated('a', 44)));
    assert_false(pkce_challenge_is_valid(SL("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw=cM")));
    assert_false(pkce_challenge_is_valid(SL("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw+cM")));
    assert_false(pkce_challenge_is_valid(SL("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw.cM")));
    assert_false(pkce_challenge_is_valid(SL("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw\0cM")));
}

static void test_a_verifier_has_43_to_128_characters(void **state)
{
    static const size_t lengths[] = { 0, 1, 42, 43, 128, 129, 4096 };

    (void)state;
    for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        struct slice verifier = repeated('v', lengths[i]);
        bool good = lengths[i] >= 43 && lengths[i] <= 128;

        assert_int_equal(pkce_matches(verifier, pkce_challenge(&arena, verifier)), good);
    }
    assert_false(pkce_matches(slice_none(), SL(CHALLENGE)));
}

static void test_a_verifier_has_unreserved_characters_only(void **state)
{
    static const char good[] = "-._~azAZ09";
    char text[] = VERIFIER;

    (void)state;
    for (int byte = 0; byte < 256; byte++) {
        bool unreserved =
            byte != 0 && (strchr(good, byte) != NULL || (byte >= 'a' && byte <= 'z') ||
                          (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9'));
        struct slice verifier = slice_make(text, 43);

        text[20] = (char)byte;
        if (pkce_matches(verifier, pkce_challenge(&arena, verifier)) != unreserved)
            fail_msg("byte %d", byte);
    }
}

static void test_the_challenge_itself_is_no_verifier(void **state)
{
    (void)state;
    assert_false(pkce_matches(SL(CHALLENGE), SL(CHALLENGE)));
    assert_false(pkce_matches(SL(VERIFIER), SL(VERIFIER)));
    assert_false(pkce_matches(SL(VERIFIER), slice_none()));
    assert_false(pkce_matches(SL(VERIFIER), SL("")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_the_example_of_the_rfc_matches),
        TEST(test_a_new_verifier_belongs_to_its_challenge_alone),
        TEST(test_a_challenge_is_43_characters_of_base64url),
        TEST(test_a_verifier_has_43_to_128_characters),
        TEST(test_a_verifier_has_unreserved_characters_only),
        TEST(test_the_challenge_itself_is_no_verifier),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
