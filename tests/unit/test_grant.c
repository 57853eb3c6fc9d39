#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bare_request.h"

#include "base/clock.h"
#include "issuer/grant.h"

static const struct client_settings client = { .named = { .id = SLICE("app") } };

static struct grant *new_grant(void)
{
    return grant_new(&bare.request, &client);
}

static struct token_text taken_apart(struct slice text)
{
    struct token_text token = { 0 };

    if (!token_text_read(text, &token))
        fail_msg("%.*s is no token", SLICE_ARG(text));
    return token;
}

/* ---- texts of tokens ---- */

#define GRANT_ID "0123456789abcdefghi-_Z"
#define SECRET   "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmn012"

static void test_a_token_is_taken_apart(void **state)
{
    struct token_text token = taken_apart(SL("cat_" GRANT_ID SECRET));

    (void)state;
    assert_int_equal(token.kind, TOKEN_ACCESS);
    assert_text(token.grant_id, GRANT_ID);
    assert_text(token.secret, SECRET);
    assert_int_equal(token.generation, 0);
    assert_int_equal(taken_apart(SL("cac_" GRANT_ID SECRET)).kind, TOKEN_CODE);
    token = taken_apart(SL("crt_" GRANT_ID SECRET ".9223372036854775807"));
    assert_int_equal(token.kind, TOKEN_REFRESH);
    assert_int_equal(token.generation, INT64_MAX);
    assert_text(token.secret, SECRET);
    assert_int_equal(taken_apart(SL("crt_" GRANT_ID SECRET ".0")).generation, 0);
}

static void test_what_is_not_exactly_a_token_is_none(void **state)
{
    static const struct slice bad[] = {
        SLICE(""),
        SLICE("cat_"),
        SLICE("cat_" GRANT_ID),
        SLICE("cat_" GRANT_ID SECRET "x"),
        SLICE("cat_" GRANT_ID SECRET ".1"),
        SLICE("cat_" GRANT_ID SECRET "\0"),
        SLICE("cat_0123456789abcdefghi-_=" SECRET),
        SLICE("cat_0123456789abcdefghi-_\0" SECRET),
        SLICE("CAT_" GRANT_ID SECRET),
        SLICE("cxt_" GRANT_ID SECRET),
        SLICE(" cat_" GRANT_ID SECRET),
        SLICE("crt_" GRANT_ID SECRET),
        SLICE("crt_" GRANT_ID SECRET "."),
        SLICE("crt_" GRANT_ID SECRET ".01"),
        SLICE("crt_" GRANT_ID SECRET ".+1"),
        SLICE("crt_" GRANT_ID SECRET ".-1"),
        SLICE("crt_" GRANT_ID SECRET ".1.1"),
        SLICE("crt_" GRANT_ID SECRET ".1 "),
        SLICE("crt_" GRANT_ID SECRET ".9223372036854775808"),
        SLICE("crt_" GRANT_ID SECRET ".99999999999999999999999"),
    };
    struct token_text token;

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        if (token_text_read(bad[i], &token))
            fail_msg("%.*s", SLICE_ARG(bad[i]));
    }
    assert_false(token_text_read(slice_none(), &token));
}

/* ---- codes ---- */

static void test_a_code_is_known_by_its_secret_alone(void **state)
{
    struct grant *grant = new_grant();
    struct slice text = grant_issue_code(&bare.request, grant);
    struct token_text code = taken_apart(text);

    (void)state;
    assert_int_equal(code.kind, TOKEN_CODE);
    assert_true(slice_equal(code.grant_id, grant->id));
    assert_true(grant_code_is(grant, code.secret));
    assert_false(grant_code_is(grant, SL(SECRET)));
    assert_false(grant_code_is(grant, slice_none()));
    assert_int_equal(slice_find_text(text, grant->code_hash), text.len);
    assert_in_range(grant->code_expires, clock_now() + 58, clock_now() + 60);
}

static void test_a_grant_without_code_knows_none(void **state)
{
    struct grant *grant = new_grant();

    (void)state;
    assert_false(grant_code_is(grant, SL(SECRET)));
    assert_false(grant_code_is(grant, SL("")));
}

/* ---- access tokens ---- */

static struct slice issue_access(struct grant *grant)
{
    return taken_apart(grant_issue_access(&bare.request, grant, grant->scope, slice_none())).secret;
}

static void test_an_access_token_is_found_by_its_secret(void **state)
{
    struct grant *grant = new_grant();

    (void)state;
    grant->scope = SL("openid email");
    struct slice first = issue_access(grant);
    struct slice narrow =
        taken_apart(grant_issue_access(&bare.request, grant, SL("openid"), slice_none())).secret;

    const struct access_token *found = grant_find_access(grant, first);

    assert_non_null(found);
    assert_false(slice_is_set(found->scope)); /* the grant's own */
    assert_in_range(found->expires, clock_now() + 3598, clock_now() + 3600);
    found = grant_find_access(grant, narrow);
    assert_non_null(found);
    assert_text(found->scope, "openid");
    assert_null(grant_find_access(grant, SL(SECRET)));
    assert_null(grant_find_access(grant, slice_none()));
}

static void test_a_signed_token_is_found_by_its_jti(void **state)
{
    struct grant *grant = new_grant();
    struct slice jti = grant_issue_jti(&bare.request, grant, SL("a"), slice_none());

    (void)state;
    assert_true(slice_starts(jti, grant->id));
    assert_int_equal(jti.at[grant->id.len], '.');
    assert_non_null(grant_find_access(grant, jti));
    assert_null(grant_find_access(grant, slice_from(jti, grant->id.len + 1)));
}

static void test_a_dead_access_token_is_not_found(void **state)
{
    struct grant *grant = new_grant();
    struct slice secret = issue_access(grant);

    (void)state;
    ((struct access_token *)grant->access.at)->expires = clock_now() + 100;
    assert_non_null(grant_find_access(grant, secret));
    ((struct access_token *)grant->access.at)->expires = clock_now();
    assert_null(grant_find_access(grant, secret));
}

static void test_one_token_too_many_ends_the_oldest(void **state)
{
    struct grant *grant = new_grant();
    struct slice secrets[GRANT_TOKENS_MAX + 2];

    (void)state;
    for (size_t i = 0; i < GRANT_TOKENS_MAX + 2; i++)
        secrets[i] = issue_access(grant);
    assert_int_equal(grant->access.count, GRANT_TOKENS_MAX);
    assert_null(grant_find_access(grant, secrets[0]));
    assert_null(grant_find_access(grant, secrets[1]));
    for (size_t i = 2; i < GRANT_TOKENS_MAX + 2; i++)
        assert_non_null(grant_find_access(grant, secrets[i]));
}

/* Lifetimes may have been made shorter since: the dead ones are not always the first. */
static void test_dead_tokens_make_room_before_a_living_one_ends(void **state)
{
    struct grant *grant = new_grant();
    struct slice oldest = issue_access(grant);

    (void)state;
    for (size_t i = 1; i < GRANT_TOKENS_MAX; i++)
        issue_access(grant);
    for (size_t i = 1; i < GRANT_TOKENS_MAX; i++)
        ((struct access_token *)grant->access.at)[i].expires = 1;
    struct slice newest = issue_access(grant);

    assert_int_equal(grant->access.count, 2);
    assert_non_null(grant_find_access(grant, oldest));
    assert_non_null(grant_find_access(grant, newest));
}

/* ---- the refresh chain ---- */

static struct token_text issue_refresh(struct grant *grant, struct slice presented)
{
    return taken_apart(grant_issue_refresh(&bare.request, grant, presented));
}

static enum refresh_verdict judge(const struct grant *grant, struct token_text token)
{
    return grant_judge_refresh(&bare.request, grant, &token);
}

static void test_the_first_refresh_token_is_current(void **state)
{
    struct grant *grant = new_grant();
    struct token_text first = issue_refresh(grant, slice_none());

    (void)state;
    assert_int_equal(first.kind, TOKEN_REFRESH);
    assert_int_equal(first.generation, 1);
    assert_int_equal(judge(grant, first), REFRESH_CURRENT);
    assert_in_range(grant->refresh_expires, clock_now() + 86398, clock_now() + 86400);
}

static void test_a_refresh_token_has_one_successor(void **state)
{
    struct grant *grant = new_grant();
    struct token_text first = issue_refresh(grant, slice_none());
    struct token_text second = issue_refresh(grant, first.secret);

    (void)state;
    assert_int_equal(second.generation, 2);
    assert_false(slice_equal(first.secret, second.secret));
    assert_int_equal(judge(grant, second), REFRESH_CURRENT);
    assert_int_equal(judge(grant, first), REFRESH_WITHIN_GRACE);
    /* The answer was lost: the same successor is told again. */
    struct token_text again = issue_refresh(grant, first.secret);

    assert_true(slice_equal(again.secret, second.secret));
    assert_int_equal(again.generation, 2);
    assert_int_equal(judge(grant, second), REFRESH_CURRENT);
}

static void test_the_lifetime_is_that_of_the_first_token(void **state)
{
    struct grant *grant = new_grant();
    struct token_text first = issue_refresh(grant, slice_none());

    (void)state;
    grant->refresh_expires -= 1000;
    int64_t expires = grant->refresh_expires;

    issue_refresh(grant, first.secret);
    assert_int_equal(grant->refresh_expires, expires);
}

static void test_after_the_grace_the_one_before_is_a_replay(void **state)
{
    struct grant *grant = new_grant();
    struct token_text first = issue_refresh(grant, slice_none());

    (void)state;
    issue_refresh(grant, first.secret);
    grant->refresh_rotated = clock_now() - 8;
    assert_int_equal(judge(grant, first), REFRESH_WITHIN_GRACE);
    grant->refresh_rotated = clock_now() - 10;
    assert_int_equal(judge(grant, first), REFRESH_REPLAYED);
}

static void test_without_grace_any_second_use_is_a_replay(void **state)
{
    struct grant *grant = new_grant();
    struct token_text first = issue_refresh(grant, slice_none());

    (void)state;
    bare.settings.lifetimes.refresh_grace = 0;
    issue_refresh(grant, first.secret);
    assert_int_equal(judge(grant, first), REFRESH_REPLAYED);
}

static void test_the_successor_is_told_again_only_a_few_times(void **state)
{
    struct grant *grant = new_grant();
    struct token_text first = issue_refresh(grant, slice_none());
    int told = 0;

    (void)state;
    issue_refresh(grant, first.secret);
    while (told < 100 && judge(grant, first) == REFRESH_WITHIN_GRACE) {
        issue_refresh(grant, first.secret);
        told++;
    }
    assert_int_equal(told, 5);
    assert_int_equal(judge(grant, first), REFRESH_REPLAYED);
}

static void test_a_new_generation_has_retries_of_its_own(void **state)
{
    struct grant *grant = new_grant();
    struct token_text first = issue_refresh(grant, slice_none());
    struct token_text second = issue_refresh(grant, first.secret);

    (void)state;
    for (int i = 0; i < 5; i++)
        issue_refresh(grant, first.secret);
    issue_refresh(grant, second.secret);
    assert_int_equal(judge(grant, second), REFRESH_WITHIN_GRACE);
    assert_int_equal(judge(grant, first), REFRESH_REPLAYED);
}

static void test_every_earlier_generation_is_recognised_up_to_the_cap(void **state)
{
    struct grant *grant = new_grant();
    struct token_text first = issue_refresh(grant, slice_none());
    struct token_text second = issue_refresh(grant, first.secret);
    struct token_text last = second;

    (void)state;
    while (last.generation < GRANT_CHAIN_MAX + 2)
        last = issue_refresh(grant, last.secret);
    assert_int_equal(judge(grant, last), REFRESH_CURRENT);
    assert_int_equal(judge(grant, second), REFRESH_REPLAYED);
    assert_int_equal(judge(grant, first), REFRESH_UNKNOWN);
}

static void test_a_made_up_token_is_unknown_and_ends_nothing(void **state)
{
    struct grant *grant = new_grant();
    struct token_text first = issue_refresh(grant, slice_none());
    struct token_text second = issue_refresh(grant, first.secret);
    struct token_text made_up = second;

    (void)state;
    made_up.secret = SL(SECRET);
    for (int64_t generation = 0; generation < 5; generation++) {
        made_up.generation = generation;
        assert_int_equal(judge(grant, made_up), REFRESH_UNKNOWN);
    }
    /* A real secret under another number is not what was issued. */
    made_up = second;
    made_up.generation = 1;
    assert_int_equal(judge(grant, made_up), REFRESH_UNKNOWN);
    made_up = first;
    made_up.generation = 2;
    assert_int_equal(judge(grant, made_up), REFRESH_UNKNOWN);
    made_up.generation = INT64_MAX;
    assert_int_equal(judge(grant, made_up), REFRESH_UNKNOWN);
}

static void test_a_grant_without_refresh_tokens_knows_none(void **state)
{
    struct grant *grant = new_grant();
    struct token_text token = { .kind = TOKEN_REFRESH, .secret = SL(SECRET) };

    (void)state;
    assert_int_equal(judge(grant, token), REFRESH_UNKNOWN);
}

static void test_an_expired_refresh_token_is_unknown_and_so_is_its_replay(void **state)
{
    struct grant *grant = new_grant();
    struct token_text first = issue_refresh(grant, slice_none());
    struct token_text second = issue_refresh(grant, first.secret);

    (void)state;
    grant->refresh_expires = clock_now();
    assert_int_equal(judge(grant, first), REFRESH_UNKNOWN);
    assert_int_equal(judge(grant, second), REFRESH_UNKNOWN);
}

static void test_chains_of_two_grants_have_nothing_in_common(void **state)
{
    struct grant *one = new_grant();
    struct grant *other = new_grant();
    struct token_text of_one = issue_refresh(one, slice_none());
    struct token_text of_other = issue_refresh(other, slice_none());

    (void)state;
    assert_false(slice_equal(one->id, other->id));
    assert_int_equal(judge(one, of_other), REFRESH_UNKNOWN);
    assert_false(slice_equal(issue_refresh(one, of_one.secret).secret,
                             issue_refresh(other, of_one.secret).secret));
}

/* ---- the record ---- */

static struct grant *stored(const struct grant *grant)
{
    struct store_command command = grant_put(&bare.request, grant, STORE_PUT);

    command.status = STORE_OK;
    command.found = command.value;
    command.found_version = 7;
    return grant_read(&bare.request, &command);
}

static void test_a_grant_comes_back_from_the_store_as_it_was(void **state)
{
    struct grant *grant = new_grant();

    (void)state;
    grant->account = SL("person");
    grant->session = SL("s");
    grant->scope = SL("openid");
    grant->claims = SL("\"name\":\"Mona\"");
    grant->nonce = SL("n");
    grant->auth_time = 5;
    grant->redirect_uri = SL("https://app.test/cb");
    grant->code_challenge = SL("c");
    struct token_text code = taken_apart(grant_issue_code(&bare.request, grant));
    struct slice access = issue_access(grant);
    struct token_text refresh = issue_refresh(grant, slice_none());
    struct grant *back = stored(grant);

    assert_non_null(back);
    assert_true(slice_equal(back->id, grant->id));
    assert_int_equal(back->version, 7);
    assert_text(back->client_id, "app");
    assert_text(back->account, "person");
    assert_text(back->claims, "\"name\":\"Mona\"");
    assert_text(back->redirect_uri, "https://app.test/cb");
    assert_int_equal(back->auth_time, 5);
    assert_true(grant_code_is(back, code.secret));
    assert_non_null(grant_find_access(back, access));
    assert_int_equal(judge(back, refresh), REFRESH_CURRENT);
}

/* Whoever reads the store can use nothing of it. */
static void test_no_secret_of_a_grant_is_in_the_store(void **state)
{
    struct grant *grant = new_grant();

    (void)state;
    grant->claims = SL("\"name\":\"Mona\"");
    struct token_text code = taken_apart(grant_issue_code(&bare.request, grant));
    struct slice access = issue_access(grant);
    struct token_text refresh = issue_refresh(grant, slice_none());
    struct slice bytes = grant_put(&bare.request, grant, STORE_PUT).value;

    assert_int_equal(slice_find_text(bytes, code.secret), bytes.len);
    assert_int_equal(slice_find_text(bytes, access), bytes.len);
    assert_int_equal(slice_find_text(bytes, refresh.secret), bytes.len);
    assert_int_equal(slice_find_text(bytes, grant->chain), bytes.len);
    assert_int_equal(slice_find_text(bytes, SL("Mona")), bytes.len);
}

static void test_a_record_lives_until_its_last_token_dies(void **state)
{
    struct grant *grant = new_grant();

    (void)state;
    grant_issue_code(&bare.request, grant);
    assert_in_range(grant_put(&bare.request, grant, STORE_PUT).ttl_ms, 58 * 1000, 60 * 1000);
    grant->code_used = clock_now();
    assert_int_equal(grant_put(&bare.request, grant, STORE_PUT).ttl_ms, 1000);
    issue_access(grant);
    assert_in_range(grant_put(&bare.request, grant, STORE_PUT).ttl_ms, 3598 * 1000, 3600 * 1000);
    issue_refresh(grant, slice_none());
    assert_in_range(grant_put(&bare.request, grant, STORE_PUT).ttl_ms, 86398 * 1000, 86400 * 1000);
}

static void test_a_grant_of_a_provider_that_is_gone_is_none(void **state)
{
    struct provider provider = { .id = SLICE("github") };
    struct grant *grant = new_grant();

    (void)state;
    bare.hub.providers = (struct providers){ &provider, 1 };
    grant->idp = SL("github");
    assert_non_null(stored(grant));
    bare.hub.providers.count = 0;
    assert_null(stored(grant));
}

static void test_what_is_not_in_the_store_is_no_grant(void **state)
{
    struct store_command command = grant_get(&bare.request, SL("x"));

    (void)state;
    assert_text(command.key, "grant:x");
    command.status = STORE_ABSENT;
    assert_null(grant_read(&bare.request, &command));
    command.status = STORE_UNAVAILABLE;
    assert_null(grant_read(&bare.request, &command));
    command.status = STORE_OK;
    command.found = SL("nonsense");
    assert_null(grant_read(&bare.request, &command));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BARE_TEST(test_a_token_is_taken_apart),
        BARE_TEST(test_what_is_not_exactly_a_token_is_none),
        BARE_TEST(test_a_code_is_known_by_its_secret_alone),
        BARE_TEST(test_a_grant_without_code_knows_none),
        BARE_TEST(test_an_access_token_is_found_by_its_secret),
        BARE_TEST(test_a_signed_token_is_found_by_its_jti),
        BARE_TEST(test_a_dead_access_token_is_not_found),
        BARE_TEST(test_one_token_too_many_ends_the_oldest),
        BARE_TEST(test_dead_tokens_make_room_before_a_living_one_ends),
        BARE_TEST(test_the_first_refresh_token_is_current),
        BARE_TEST(test_a_refresh_token_has_one_successor),
        BARE_TEST(test_the_lifetime_is_that_of_the_first_token),
        BARE_TEST(test_after_the_grace_the_one_before_is_a_replay),
        BARE_TEST(test_without_grace_any_second_use_is_a_replay),
        BARE_TEST(test_the_successor_is_told_again_only_a_few_times),
        BARE_TEST(test_a_new_generation_has_retries_of_its_own),
        BARE_TEST(test_every_earlier_generation_is_recognised_up_to_the_cap),
        BARE_TEST(test_a_made_up_token_is_unknown_and_ends_nothing),
        BARE_TEST(test_a_grant_without_refresh_tokens_knows_none),
        BARE_TEST(test_an_expired_refresh_token_is_unknown_and_so_is_its_replay),
        BARE_TEST(test_chains_of_two_grants_have_nothing_in_common),
        BARE_TEST(test_a_grant_comes_back_from_the_store_as_it_was),
        BARE_TEST(test_no_secret_of_a_grant_is_in_the_store),
        BARE_TEST(test_a_record_lives_until_its_last_token_dies),
        BARE_TEST(test_a_grant_of_a_provider_that_is_gone_is_none),
        BARE_TEST(test_what_is_not_in_the_store_is_no_grant),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
