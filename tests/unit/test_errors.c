#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "protocol/errors.h"

static const struct error_kind *const all[] = {
    &ERROR_INVALID_REQUEST,
    &ERROR_INVALID_CLIENT,
    &ERROR_INVALID_GRANT,
    &ERROR_UNAUTHORIZED_CLIENT,
    &ERROR_UNSUPPORTED_GRANT_TYPE,
    &ERROR_INVALID_SCOPE,
    &ERROR_ACCESS_DENIED,
    &ERROR_UNSUPPORTED_RESPONSE_TYPE,
    &ERROR_SERVER_ERROR,
    &ERROR_TEMPORARILY_UNAVAILABLE,
    &ERROR_LOGIN_REQUIRED,
    &ERROR_CONSENT_REQUIRED,
    &ERROR_INTERACTION_REQUIRED,
    &ERROR_REQUEST_NOT_SUPPORTED,
    &ERROR_REQUEST_URI_NOT_SUPPORTED,
    &ERROR_REGISTRATION_NOT_SUPPORTED,
    &ERROR_INVALID_TARGET,
    &ERROR_NO_TOKEN,
    &ERROR_INVALID_TOKEN,
    &ERROR_INSUFFICIENT_SCOPE,
    &ERROR_NOT_FOUND,
    &ERROR_METHOD_NOT_ALLOWED,
    &ERROR_UNSUPPORTED_MEDIA_TYPE,
    &ERROR_FORBIDDEN,
    &ERROR_TOO_MANY_REQUESTS,
    &ERROR_TOO_LATE,
    &ERROR_LOGIN_REQUIRED_401,
    &ERROR_UNKNOWN_CLIENT,
    &ERROR_BAD_REDIRECT_URI,
    &ERROR_LOGIN_EXPIRED,
    &ERROR_LOGIN_MISMATCH,
    &ERROR_NOT_ALLOWED,
    &ERROR_UNKNOWN_PROVIDER,
    &ERROR_UPSTREAM,
    &ERROR_UPSTREAM_DOWN,
    &ERROR_PLUGIN,
    &ERROR_STORE,
};

/* RFC 6749, 5.2: %x20-21 / %x23-5B / %x5D-7E. */
static bool is_allowed(const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text < 0x20 || *text > 0x7e || *text == '"' || *text == '\\')
            return false;
    }
    return true;
}

static void test_codes_and_descriptions_have_the_characters_an_error_may_have(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        assert_true(is_allowed(all[i]->code));
        assert_true(is_allowed(all[i]->description));
        assert_true(strlen(all[i]->description) > 0);
        assert_true(all[i]->description[strlen(all[i]->description) - 1] == '.');
    }
}

static void test_every_status_is_that_of_an_error(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
        assert_in_range(all[i]->status, 400, 504);
}

static void spelt(const struct error_kind *kind, int status, const char *code)
{
    assert_string_equal(kind->code, code);
    assert_int_equal(kind->status, status);
}

static void test_token_errors_are_spelt_as_the_rfc_spells_them(void **state)
{
    (void)state;
    /* RFC 6749, 5.2: 400 but for invalid_client. */
    spelt(&ERROR_INVALID_REQUEST, 400, "invalid_request");
    spelt(&ERROR_INVALID_CLIENT, 401, "invalid_client");
    spelt(&ERROR_INVALID_GRANT, 400, "invalid_grant");
    spelt(&ERROR_UNAUTHORIZED_CLIENT, 400, "unauthorized_client");
    spelt(&ERROR_UNSUPPORTED_GRANT_TYPE, 400, "unsupported_grant_type");
    spelt(&ERROR_INVALID_SCOPE, 400, "invalid_scope");
    spelt(&ERROR_INVALID_TARGET, 400, "invalid_target"); /* RFC 8707, 2 */
}

static void test_bearer_errors_are_spelt_as_the_rfc_spells_them(void **state)
{
    (void)state;
    spelt(&ERROR_NO_TOKEN, 401, ""); /* RFC 6750, 3.1: no error code */
    spelt(&ERROR_INVALID_TOKEN, 401, "invalid_token");
    spelt(&ERROR_INSUFFICIENT_SCOPE, 403, "insufficient_scope");
}

static void test_what_a_stranger_reads_is_the_kinds_text_unless_there_is_another(void **state)
{
    struct arena arena = { 0 };
    struct error error = { 0 };

    (void)state;
    assert_false(error_set(&error, &arena, &ERROR_INVALID_GRANT, "code %d", 7));
    assert_true(slice_is(error_description(&error), ERROR_INVALID_GRANT.description));
    assert_true(slice_is(error.detail, "code 7"));
    error.description = SL("Another one.");
    assert_true(slice_is(error_description(&error), "Another one."));
    arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_codes_and_descriptions_have_the_characters_an_error_may_have),
        cmocka_unit_test(test_every_status_is_that_of_an_error),
        cmocka_unit_test(test_token_errors_are_spelt_as_the_rfc_spells_them),
        cmocka_unit_test(test_bearer_errors_are_spelt_as_the_rfc_spells_them),
        cmocka_unit_test(test_what_a_stranger_reads_is_the_kinds_text_unless_there_is_another),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
