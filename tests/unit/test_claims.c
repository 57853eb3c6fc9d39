#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bare_request.h"

#include "hub/session.h"
#include "issuer/claims.h"

/* What a provider said of a person. */
#define SAID                                                                                       \
    "{\"sub\":\"evil\",\"iss\":\"evil\",\"name\":\"Mona \\u00c4\",\"email\":\"m@x.test\","         \
    "\"email_verified\":true,\"picture\":null,\"groups\":[\"a\",\"b\"],"                           \
    "\"address\":{\"country\":\"FR\"},\"updated_at\":7,\"phone_number\":\"1\","                    \
    "\"org\":{\"team\":\"art\"}}"

static struct session session;

static int begin(void **state)
{
    session = (struct session){ .claims = SL(SAID), .idp = SL("github"), .idp_sub = SL("4\"2") };
    return bare_begin(state);
}

#define CLAIMS(function) cmocka_unit_test_setup_teardown(function, begin, bare_end)

static void gives(const char *scope, const char *expected)
{
    assert_text(claims_issue(&bare.request, &session, slice_of(scope)), expected);
}

#define IDENTITY "\"idp\":\"github\",\"idp_sub\":\"4\\\"2\""

static void test_each_scope_gives_its_claims(void **state)
{
    (void)state;
    gives("openid", IDENTITY);
    gives("openid email", IDENTITY ",\"email\":\"m@x.test\",\"email_verified\":true");
    gives("openid profile", IDENTITY ",\"name\":\"Mona Ä\",\"updated_at\":7");
    gives("openid groups", IDENTITY ",\"groups\":[\"a\",\"b\"]");
    gives("openid address phone",
          IDENTITY ",\"phone_number\":\"1\",\"address\":{\"country\":\"FR\"}");
}

static void test_without_openid_only_the_scopes_own_claims_are_given(void **state)
{
    (void)state;
    gives("email", "\"email\":\"m@x.test\",\"email_verified\":true");
    gives("", "");
    gives("emails open profil", "");
}

static void test_a_person_nothing_is_known_of_has_no_claims(void **state)
{
    (void)state;
    session.claims = slice_none();
    gives("openid profile email", IDENTITY);
    session.claims = SL("[1]");
    gives("openid profile email", IDENTITY);
}

static void map_claims(const struct pair *pairs, size_t count)
{
    bare.settings.claims = (struct pairs){ (struct pair *)(uintptr_t)pairs, count };
}

static void test_further_claims_come_from_where_the_configuration_says(void **state)
{
    static const struct pair pairs[] = { { SLICE("team"), SLICE("/org/team") },
                                         { SLICE("missing"), SLICE("/nowhere") },
                                         { SLICE("nothing"), SLICE("/picture") },
                                         { SLICE("https://x.test/org"), SLICE("/org") } };

    (void)state;
    map_claims(pairs, 4);
    gives("openid", IDENTITY ",\"team\":\"art\",\"https://x.test/org\":{\"team\":\"art\"}");
    gives("email", "\"email\":\"m@x.test\",\"email_verified\":true");
}

/* The configuration is refused before; but this is what it would be for. */
static void test_no_further_claim_takes_the_name_of_another(void **state)
{
    static const struct pair pairs[] = { { SLICE("sub"), SLICE("/sub") },
                                         { SLICE("iss"), SLICE("/iss") },
                                         { SLICE("email"), SLICE("/name") },
                                         { SLICE("groups"), SLICE("/org") },
                                         { SLICE("aud"), SLICE("/org") } };

    (void)state;
    map_claims(pairs, 5);
    gives("openid", IDENTITY);
}

static void test_claims_that_are_too_long_are_left_out_whole(void **state)
{
    struct buf said = BUF_INIT(64 * 1024);
    struct pair pairs[3];

    (void)state;
    buf_add_text(&said, "{\"long\":\"");
    while (said.len < 30000)
        buf_add_text(&said, "0123456789");
    buf_add_text(&said, "\"}");
    session.claims = buf_slice(&said);
    for (size_t i = 0; i < 3; i++)
        pairs[i] =
            (struct pair){ arena_printf(request_arena(&bare.request), "c%zu", i), SL("/long") };
    map_claims(pairs, 2);
    assert_true(claims_issue(&bare.request, &session, SL("openid")).len > 60000);
    map_claims(pairs, 3);
    assert_text(claims_issue(&bare.request, &session, SL("openid")), "");
    buf_release(&said);
}

static void test_every_claim_that_can_be_had_is_announced_and_every_scope(void **state)
{
    (void)state;
    for (size_t i = 0; settings_standard_claims[i] != NULL; i++) {
        if (word_find(claims_supported, slice_of(settings_standard_claims[i])) < 0)
            fail_msg("%s", settings_standard_claims[i]);
    }
    assert_true(word_find(scopes_supported, SL("openid")) >= 0);
    assert_true(word_find(scopes_supported, SL("offline_access")) >= 0);
}

/* ---- a narrower token ---- */

static void narrows(const char *scope, const char *expected)
{
    const struct grant grant = {
        .scope = SLICE("openid profile email"),
        .claims = SLICE(IDENTITY ",\"name\":\"Mona\",\"email\":\"m@x.test\","
                                 "\"email_verified\":true,\"team\":\"art\""),
    };

    assert_text(claims_within(request_arena(&bare.request), &grant, slice_of(scope)), expected);
}

static void test_a_token_of_the_whole_scope_gives_all_claims(void **state)
{
    (void)state;
    narrows("email profile openid", IDENTITY ",\"name\":\"Mona\",\"email\":\"m@x.test\","
                                             "\"email_verified\":true,\"team\":\"art\"");
}

static void test_a_token_of_a_narrower_scope_gives_less(void **state)
{
    (void)state;
    narrows("openid", IDENTITY ",\"team\":\"art\"");
    narrows("openid email", IDENTITY ",\"email\":\"m@x.test\",\"email_verified\":true,"
                                     "\"team\":\"art\"");
    narrows("profile", "\"name\":\"Mona\"");
    narrows("", "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CLAIMS(test_each_scope_gives_its_claims),
        CLAIMS(test_without_openid_only_the_scopes_own_claims_are_given),
        CLAIMS(test_a_person_nothing_is_known_of_has_no_claims),
        CLAIMS(test_further_claims_come_from_where_the_configuration_says),
        CLAIMS(test_no_further_claim_takes_the_name_of_another),
        CLAIMS(test_claims_that_are_too_long_are_left_out_whole),
        CLAIMS(test_every_claim_that_can_be_had_is_announced_and_every_scope),
        CLAIMS(test_a_token_of_the_whole_scope_gives_all_claims),
        CLAIMS(test_a_token_of_a_narrower_scope_gives_less),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
