#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "vectors.h"

#include "protocol/id_token.h"

#define NOW 1700000000

/* A token that may be believed; each test changes one thing. */
#define GOOD                                                                                       \
    "{'iss':'https://id.test','sub':'248289761001','aud':'app','nonce':'n1',"                      \
    "'iat':1699999990,'exp':1700000300}"

static const struct id_token_expectations usual = {
    .issuer = SLICE("https://id.test"),
    .client_id = SLICE("app"),
    .nonce = SLICE("n1"),
    .alg = ALG_RS256,
    .now = NOW,
    .skew = 60,
};

static json_t *claims_of(const char *text)
{
    char *json = arena_string(&arena, slice_of(text));

    for (char *quote = json; (quote = strchr(quote, '\'')) != NULL; quote++)
        *quote = '"';
    return from_json(json);
}

static const char *judge(const char *text, const struct id_token_expectations *expected)
{
    json_t *claims = claims_of(text);
    const char *wrong = id_token_check(&arena, claims, expected);

    json_decref(claims);
    return wrong;
}

/* The good token with one claim set; `value` is JSON, NULL takes the claim out. */
static const char *judge_with(const char *name, const char *value,
                              const struct id_token_expectations *expected)
{
    json_t *claims = claims_of(GOOD);

    if (value == NULL) {
        json_object_del(claims, name);
    } else {
        json_t *wrapped = claims_of(arena_printf(&arena, "[%s]", value).at);

        json_object_set(claims, name, json_array_get(wrapped, 0));
        json_decref(wrapped);
    }
    const char *wrong = id_token_check(&arena, claims, expected);

    json_decref(claims);
    return wrong;
}

static void good_with(const char *name, const char *value)
{
    const char *wrong = judge_with(name, value, &usual);

    if (wrong != NULL)
        fail_msg("%s %s: %s", name, value != NULL ? value : "missing", wrong);
}

static void bad_with(const char *name, const char *value, const char *expected)
{
    const char *wrong = judge_with(name, value, &usual);

    if (wrong == NULL)
        fail_msg("%s %s is believed", name, value != NULL ? value : "missing");
    assert_string_equal(wrong, expected);
}

static void test_a_good_token_is_believed(void **state)
{
    (void)state;
    assert_null(judge(GOOD, &usual));
}

static void test_the_issuer_is_compared_byte_by_byte(void **state)
{
    (void)state;
    bad_with("iss", "'https://id.test/'", "iss is https://id.test/, not https://id.test");
    bad_with("iss", "'https://ID.test'", "iss is https://ID.test, not https://id.test");
    bad_with("iss", "'https://evil.test'", "iss is https://evil.test, not https://id.test");
    bad_with("iss", "['https://id.test']", "iss is , not https://id.test");
    bad_with("iss", "null", "iss is , not https://id.test");
    bad_with("iss", NULL, "iss is , not https://id.test");
}

static void test_no_issuer_expected_is_no_token_believed(void **state)
{
    struct id_token_expectations expected = usual;

    (void)state;
    expected.issuer = slice_none();
    assert_non_null(judge_with("iss", NULL, &expected));
    assert_non_null(judge_with("iss", "''", &expected));
}

static void test_further_spellings_of_the_issuer_count(void **state)
{
    static const struct slice spellings[] = { SLICE("id.test"), SLICE("https://{tid}.id.test/v2") };
    struct id_token_expectations expected = usual;

    (void)state;
    expected.issuers = spellings;
    expected.issuer_count = 2;
    assert_null(judge(GOOD, &expected));
    assert_null(judge_with("iss", "'id.test'", &expected));
    assert_non_null(judge_with("iss", "'https://{tid}.id.test/v2'", &expected));
    assert_non_null(judge_with("iss", "'https://.id.test/v2'", &expected));
}

/* "https://{tid}.id.test" with the tid that the token itself has. */
static const char *judge_tenant(const char *iss, const char *tid, const char *allowed)
{
    static const struct slice spellings[] = { SLICE("https://{tid}.id.test") };
    struct id_token_expectations expected = usual;
    json_t *claims = claims_of(GOOD);

    expected.issuers = spellings;
    expected.issuer_count = 1;
    expected.issuer_values = slice_of(allowed);
    json_object_set_new(claims, "iss", json_string(iss));
    json_object_set_new(claims, "tid", json_string(tid));
    const char *wrong = id_token_check(&arena, claims, &expected);

    json_decref(claims);
    return wrong;
}

static void test_a_claim_in_the_issuer_is_a_plain_word(void **state)
{
    (void)state;
    assert_null(judge_tenant("https://t-1.id.test", "t-1", NULL));
    assert_non_null(judge_tenant("https://t-1.id.test", "t-2", NULL));
    assert_non_null(judge_tenant("https://evil.test/x.id.test", "evil.test/x", NULL));
    assert_non_null(judge_tenant("https://a@b.id.test", "a@b", NULL));
    assert_non_null(judge_tenant("https://.id.test", "", NULL));
}

static void test_a_claim_in_the_issuer_is_one_of_those_allowed(void **state)
{
    (void)state;
    assert_null(judge_tenant("https://t1.id.test", "t1", "t0 t1"));
    assert_non_null(judge_tenant("https://t2.id.test", "t2", "t0 t1"));
    assert_non_null(judge_tenant("https://t1.id.test", "t1", ""));
}

static void test_the_audience_names_this_client(void **state)
{
    (void)state;
    good_with("aud", "['app']");
    bad_with("aud", "'other'", "aud does not name this client");
    bad_with("aud", "['other','another']", "aud does not name this client");
    bad_with("aud", "[]", "aud does not name this client");
    bad_with("aud", "{'app':true}", "aud does not name this client");
    bad_with("aud", "null", "aud does not name this client");
    bad_with("aud", NULL, "aud does not name this client");
    bad_with("aud", "'app '", "aud does not name this client");
    bad_with("aud", "['app',1]", "aud has something that is no text");
}

static void test_several_audiences_need_azp(void **state)
{
    (void)state;
    bad_with("aud", "['app','other']", "aud names others too and there is no azp");
    assert_null(judge("{'iss':'https://id.test','sub':'1','aud':['other','app'],'azp':'app',"
                      "'nonce':'n1','iat':1699999990,'exp':1700000300}",
                      &usual));
    good_with("azp", "'app'");
    bad_with("azp", "'other'", "azp names another client");
    bad_with("azp", "null", "azp names another client");
    bad_with("azp", "['app']", "azp names another client");
}

static void test_it_expires_within_the_skew(void **state)
{
    (void)state;
    good_with("exp", "1699999941");
    good_with("exp", "1699999941.9");
    bad_with("exp", "1699999940", "it has expired");
    bad_with("exp", "0", "it has expired");
    bad_with("exp", "-1", "exp or iat is missing or no time");
    bad_with("exp", "'1700000300'", "exp or iat is missing or no time");
    bad_with("exp", NULL, "exp or iat is missing or no time");
}

static void test_it_was_not_issued_in_the_future(void **state)
{
    (void)state;
    good_with("iat", "1700000060");
    bad_with("iat", "1700000061", "it was issued in the future");
    bad_with("iat", "true", "exp or iat is missing or no time");
    bad_with("iat", NULL, "exp or iat is missing or no time");
}

static void test_it_is_not_used_before_its_time(void **state)
{
    (void)state;
    good_with("nbf", "1700000060");
    bad_with("nbf", "1700000061", "it is not valid yet");
    bad_with("nbf", "'0'", "it is not valid yet");
    bad_with("nbf", "null", "it is not valid yet");
}

/* Sums with these would pass the range of an int64_t. */
static void test_times_at_the_end_of_all_numbers_are_no_times(void **state)
{
    struct id_token_expectations expected = usual;

    (void)state;
    expected.max_age = 100;
    bad_with("exp", "9223372036854775807", "exp or iat is missing or no time");
    bad_with("iat", "-9223372036854775807", "exp or iat is missing or no time");
    bad_with("iat", "-9223372036854775808", "exp or iat is missing or no time");
    bad_with("nbf", "-9223372036854775808", "it is not valid yet");
    bad_with("nbf", "9223372036854775807", "it is not valid yet");
    assert_non_null(judge_with("auth_time", "9223372036854775807", &expected));
    assert_non_null(judge_with("auth_time", "-9223372036854775807", &expected));
}

static void test_a_login_that_is_too_old_is_refused_when_max_age_was_asked_for(void **state)
{
    struct id_token_expectations expected = usual;

    (void)state;
    expected.max_age = 300;
    assert_null(judge_with("auth_time", "1699999640", &expected));
    assert_non_null(judge_with("auth_time", "1699999639", &expected));
    assert_non_null(judge_with("auth_time", NULL, &expected));
    good_with("auth_time", "1");
}

static void test_the_nonce_is_that_of_the_login(void **state)
{
    (void)state;
    bad_with("nonce", "'n2'", "nonce is not the one of this login");
    bad_with("nonce", "''", "nonce is not the one of this login");
    bad_with("nonce", "null", "nonce is not the one of this login");
    bad_with("nonce", "['n1']", "nonce is not the one of this login");
    bad_with("nonce", NULL, "nonce is missing");
}

static void test_a_nonce_may_be_absent_where_the_provider_never_sends_it(void **state)
{
    struct id_token_expectations expected = usual;

    (void)state;
    expected.nonce_may_be_absent = true;
    assert_null(judge_with("nonce", NULL, &expected));
    assert_non_null(judge_with("nonce", "'n2'", &expected));
    assert_non_null(judge_with("nonce", "null", &expected));
}

static void test_a_refresh_has_no_nonce(void **state)
{
    struct id_token_expectations expected = usual;

    (void)state;
    expected.nonce = slice_none();
    assert_null(judge_with("nonce", NULL, &expected));
    assert_null(judge_with("nonce", "'whatever'", &expected));
}

static void test_the_subject_is_a_text_of_1_to_255_bytes(void **state)
{
    struct slice longest = slice_make(memset(arena_alloc(&arena, 255), 's', 255), 255);

    (void)state;
    good_with("sub", arena_printf(&arena, "'%.*s'", SLICE_ARG(longest)).at);
    bad_with("sub", arena_printf(&arena, "'%.*sx'", SLICE_ARG(longest)).at,
             "sub is missing, empty, too long or no text");
    bad_with("sub", "''", "sub is missing, empty, too long or no text");
    bad_with("sub", "42", "sub is missing, empty, too long or no text");
    bad_with("sub", NULL, "sub is missing, empty, too long or no text");
}

static void test_a_refresh_gives_the_same_subject(void **state)
{
    struct id_token_expectations expected = usual;

    (void)state;
    expected.subject = SL("248289761001");
    assert_null(judge(GOOD, &expected));
    expected.subject = SL("248289761002");
    assert_string_equal(judge(GOOD, &expected), "sub is another one than before");
}

static void test_a_logout_token_is_no_id_token(void **state)
{
    (void)state;
    bad_with("events", "{}", "it is a logout token");
    bad_with("events", "null", "it is a logout token");
}

/* OpenID Connect Core, A.3. */
#define ACCESS_TOKEN "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y"
#define AT_HASH      "'77QmUPtjPfzWtF2AnpK9RQ'"

static void test_at_hash_belongs_to_the_access_token(void **state)
{
    struct id_token_expectations expected = usual;

    (void)state;
    expected.access_token = SL(ACCESS_TOKEN);
    assert_null(judge_with("at_hash", AT_HASH, &expected));
    assert_null(judge_with("at_hash", NULL, &expected));
    assert_non_null(judge_with("at_hash", "'77QmUPtjPfzWtF2AnpK9RR'", &expected));
    assert_non_null(judge_with("at_hash", "''", &expected));
    assert_non_null(judge_with("at_hash", "null", &expected));
    assert_non_null(judge_with("at_hash", "7", &expected));
    expected.access_token = SL("another");
    assert_non_null(judge_with("at_hash", AT_HASH, &expected));
}

static void test_at_hash_is_of_the_algorithm_that_signed(void **state)
{
    struct id_token_expectations expected = usual;

    (void)state;
    expected.access_token = SL(ACCESS_TOKEN);
    expected.alg = ALG_ES256;
    assert_null(judge_with("at_hash", AT_HASH, &expected));
    expected.alg = ALG_RS512;
    assert_non_null(judge_with("at_hash", AT_HASH, &expected));
    expected.alg = ALG_NONE;
    assert_non_null(judge_with("at_hash", AT_HASH, &expected));
}

static void test_at_hash_without_an_access_token_is_not_judged(void **state)
{
    (void)state;
    good_with("at_hash", "'whatever'");
}

static const char *judge_userinfo(const char *text)
{
    json_t *claims = claims_of(text);
    const char *wrong = userinfo_token_check(claims, &usual);

    json_decref(claims);
    return wrong;
}

static void test_a_signed_userinfo_reply_is_from_that_issuer_for_this_client(void **state)
{
    (void)state;
    assert_null(judge_userinfo("{'iss':'https://id.test','aud':'app','sub':'a'}"));
    assert_null(judge_userinfo("{'iss':'https://id.test','aud':['app'],'sub':'a'}"));
    assert_non_null(judge_userinfo("{'aud':'app','sub':'a'}"));
    assert_non_null(judge_userinfo("{'iss':'https://id.test/','aud':'app','sub':'a'}"));
    assert_non_null(judge_userinfo("{'iss':'https://id.test','sub':'a'}"));
    assert_non_null(judge_userinfo("{'iss':'https://id.test','aud':'other','sub':'a'}"));
    assert_non_null(judge_userinfo("{'iss':'https://id.test','aud':7,'sub':'a'}"));
}

static void test_a_signed_userinfo_reply_is_good_as_long_as_it_says(void **state)
{
    (void)state;
    assert_null(judge_userinfo("{'iss':'https://id.test','aud':'app','exp':1699999941}"));
    assert_non_null(judge_userinfo("{'iss':'https://id.test','aud':'app','exp':1699999940}"));
    assert_non_null(judge_userinfo("{'iss':'https://id.test','aud':'app','exp':'soon'}"));
    assert_null(judge_userinfo("{'iss':'https://id.test','aud':'app','nbf':1700000060}"));
    assert_non_null(judge_userinfo("{'iss':'https://id.test','aud':'app','nbf':1700000061}"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a_good_token_is_believed),
        TEST(test_the_issuer_is_compared_byte_by_byte),
        TEST(test_no_issuer_expected_is_no_token_believed),
        TEST(test_further_spellings_of_the_issuer_count),
        TEST(test_a_claim_in_the_issuer_is_a_plain_word),
        TEST(test_a_claim_in_the_issuer_is_one_of_those_allowed),
        TEST(test_the_audience_names_this_client),
        TEST(test_several_audiences_need_azp),
        TEST(test_it_expires_within_the_skew),
        TEST(test_it_was_not_issued_in_the_future),
        TEST(test_it_is_not_used_before_its_time),
        TEST(test_times_at_the_end_of_all_numbers_are_no_times),
        TEST(test_a_login_that_is_too_old_is_refused_when_max_age_was_asked_for),
        TEST(test_the_nonce_is_that_of_the_login),
        TEST(test_a_nonce_may_be_absent_where_the_provider_never_sends_it),
        TEST(test_a_refresh_has_no_nonce),
        TEST(test_the_subject_is_a_text_of_1_to_255_bytes),
        TEST(test_a_refresh_gives_the_same_subject),
        TEST(test_a_logout_token_is_no_id_token),
        TEST(test_at_hash_belongs_to_the_access_token),
        TEST(test_at_hash_is_of_the_algorithm_that_signed),
        TEST(test_at_hash_without_an_access_token_is_not_judged),
        TEST(test_a_signed_userinfo_reply_is_from_that_issuer_for_this_client),
        TEST(test_a_signed_userinfo_reply_is_good_as_long_as_it_says),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
