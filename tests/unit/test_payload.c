#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "vectors.h"

#include "crypto/jws.h"
#include "issuer/members.h"
#include "issuer/payload.h"

#define NOW 1700000000

static struct grant grant;
static struct payload payload;

static int set_up(void **state)
{
    (void)state;
    grant =
        (struct grant){ .client_id = SL("app"), .account = SL("person"), .auth_time = 1699999000 };
    payload = (struct payload){
        .issuer = SL("https://id.test"), .grant = &grant, .now = NOW, .lifetime = 3600
    };
    return 0;
}

#define PAYLOAD(function) cmocka_unit_test_setup_teardown(function, set_up, release_arena)

static void writes(void (*write)(const struct payload *, struct buf *), const char *expected)
{
    struct buf out = BUF_INIT(4096);

    write(&payload, &out);
    assert_true(buf_ok(&out));
    const char *text = arena_string(&arena, buf_slice(&out));

    buf_release(&out);
    assert_string_equal(text, expected);
    json_decref(from_json(text));
}

static void test_an_access_token_says_what_rfc_9068_asks_for(void **state)
{
    (void)state;
    payload.jti = SL("g.1");
    payload.scope = SL("openid email");
    writes(payload_access_token,
           "{\"iss\":\"https://id.test\",\"sub\":\"person\",\"iat\":1700000000,"
           "\"exp\":1700003600,\"aud\":\"https://id.test\",\"jti\":\"g.1\",\"client_id\":\"app\","
           "\"scope\":\"openid email\",\"auth_time\":1699999000}");
}

static void test_an_access_token_is_for_the_resources_that_were_asked_for(void **state)
{
    (void)state;
    payload.jti = SL("g.1");
    payload.audience = SL("https://api.test");
    writes(payload_access_token,
           "{\"iss\":\"https://id.test\",\"sub\":\"person\",\"iat\":1700000000,"
           "\"exp\":1700003600,\"aud\":\"https://api.test\",\"jti\":\"g.1\","
           "\"client_id\":\"app\",\"auth_time\":1699999000}");
    payload.audience = SL("https://api.test https://b.test");
    grant.acr = SL("2");
    grant.amr = SL("pwd otp");
    writes(payload_access_token,
           "{\"iss\":\"https://id.test\",\"sub\":\"person\",\"iat\":1700000000,"
           "\"exp\":1700003600,\"aud\":[\"https://api.test\",\"https://b.test\"],"
           "\"jti\":\"g.1\",\"client_id\":\"app\",\"auth_time\":1699999000,\"acr\":\"2\","
           "\"amr\":[\"pwd\",\"otp\"]}");
}

/* RFC 9068, 2.2: without a person the subject is the client. */
static void test_a_client_for_itself_is_its_own_subject_and_has_not_logged_in(void **state)
{
    (void)state;
    grant.account = slice_none();
    grant.auth_time = 0;
    payload.jti = SL("g.1");
    writes(payload_access_token,
           "{\"iss\":\"https://id.test\",\"sub\":\"app\",\"iat\":1700000000,\"exp\":1700003600,"
           "\"aud\":\"https://id.test\",\"jti\":\"g.1\",\"client_id\":\"app\"}");
}

static void test_an_id_token_says_what_openid_connect_asks_for(void **state)
{
    (void)state;
    writes(payload_id_token, "{\"iss\":\"https://id.test\",\"sub\":\"person\",\"iat\":1700000000,"
                             "\"exp\":1700003600,\"aud\":\"app\",\"auth_time\":1699999000}");
}

static void test_an_id_token_says_all_that_is_known(void **state)
{
    (void)state;
    grant.session = SL("s1");
    grant.acr = SL("urn:x");
    grant.amr = SL("pwd");
    payload.nonce = SL("n\"1");
    payload.at_hash = SL("77QmUPtjPfzWtF2AnpK9RQ");
    payload.claims = SL("\"name\":\"Mona\"");
    writes(payload_id_token,
           "{\"iss\":\"https://id.test\",\"sub\":\"person\",\"iat\":1700000000,"
           "\"exp\":1700003600,\"aud\":\"app\",\"nonce\":\"n\\\"1\",\"sid\":\"s1\","
           "\"auth_time\":1699999000,\"acr\":\"urn:x\",\"amr\":[\"pwd\"],"
           "\"at_hash\":\"77QmUPtjPfzWtF2AnpK9RQ\",\"name\":\"Mona\"}");
}

/* OpenID Connect Core, A.3; its algorithm is RS256. */
static void test_at_hash_is_half_of_the_hash_of_the_algorithm(void **state)
{
    static const struct slice token = SLICE("jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y");

    (void)state;
    assert_slice(jws_half_hash(&arena, ALG_RS256, token), "77QmUPtjPfzWtF2AnpK9RQ");
    assert_slice(jws_half_hash(&arena, ALG_ES256, token), "77QmUPtjPfzWtF2AnpK9RQ");
}

static void test_a_payload_that_is_too_long_fails_its_buffer(void **state)
{
    struct buf out = BUF_INIT(100);

    (void)state;
    payload.claims = SL("\"name\":\"Mona\"");
    payload_id_token(&payload, &out);
    assert_false(buf_ok(&out));
    buf_release(&out);
}

/* ---- members ---- */

static struct buf out;

static void wrote(const char *expected)
{
    const char *text = arena_string(&arena, buf_slice(&out));

    buf_release(&out);
    buf_init(&out, 4096);
    assert_string_equal(text, expected);
}

static void test_members_are_written_one_behind_the_other(void **state)
{
    (void)state;
    buf_init(&out, 4096);
    member_add_text(&out, "a", SL("x\n\"\\"));
    member_add_number(&out, "b", 7);
    member_add_number(&out, "c", INT64_MAX);
    wrote("\"a\":\"x\\n\\\"\\\\\",\"b\":7,\"c\":9223372036854775807");
    member_add_text(&out, "a", SL(""));
    member_add_text(&out, "a", slice_none());
    wrote("");
    member_add_words(&out, "w", SL("a  b"));
    member_add_words(&out, "w", SL("  "));
    member_add_words(&out, "w", slice_none());
    wrote("\"w\":[\"a\",\"b\"]");
    buf_release(&out);
}

static void test_one_audience_is_a_text_and_several_are_a_list(void **state)
{
    (void)state;
    buf_init(&out, 4096);
    member_add_audience(&out, SL("a"));
    wrote("\"aud\":\"a\"");
    member_add_audience(&out, SL(" a "));
    wrote("\"aud\":\"a\"");
    member_add_audience(&out, SL("a b c"));
    wrote("\"aud\":[\"a\",\"b\",\"c\"]");
    member_add_audience(&out, SL(""));
    member_add_audience(&out, slice_none());
    wrote("");
    buf_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        PAYLOAD(test_an_access_token_says_what_rfc_9068_asks_for),
        PAYLOAD(test_an_access_token_is_for_the_resources_that_were_asked_for),
        PAYLOAD(test_a_client_for_itself_is_its_own_subject_and_has_not_logged_in),
        PAYLOAD(test_an_id_token_says_what_openid_connect_asks_for),
        PAYLOAD(test_an_id_token_says_all_that_is_known),
        PAYLOAD(test_at_hash_is_half_of_the_hash_of_the_algorithm),
        PAYLOAD(test_a_payload_that_is_too_long_fails_its_buffer),
        TEST(test_members_are_written_one_behind_the_other),
        TEST(test_one_audience_is_a_text_and_several_are_a_list),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
