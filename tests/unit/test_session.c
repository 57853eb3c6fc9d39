#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bare_request.h"

#include "base/clock.h"
#include "hub/session.h"

#define COOKIE "__Host-cardea-session"

/* A minute is how exact the time of the last use is. */
enum {
    MINUTE = 60,
    IDLE = 7200,
    LONGEST = 43200
};

static struct provider provider;

static int begin(void **state)
{
    bare_begin(state);
    provider = (struct provider){ .id = SLICE("github") };
    bare.hub.providers = (struct providers){ &provider, 1 };
    bare.settings.lifetimes.session = LONGEST * 1000LL;
    bare.settings.lifetimes.session_idle = IDLE * 1000LL;
    return 0;
}

#define SESSION(function) cmocka_unit_test_setup_teardown(function, begin, bare_end)

static struct session somebody(void)
{
    struct session session = { .account = SLICE("acc"),
                               .idp = SLICE("github"),
                               .idp_sub = SLICE("42"),
                               .amr = SLICE("pwd mfa"),
                               .acr = SLICE("2"),
                               .claims = SLICE("{\"name\":\"Mona\"}") };

    session_begin(&bare.request, &session);
    return session;
}

/* What the store would say of a record that was put. */
static struct store_command stored(struct store_command put)
{
    return (struct store_command){ .verb = STORE_GET,
                                   .key = put.key,
                                   .status = STORE_OK,
                                   .found = put.value,
                                   .found_version = 7 };
}

static bool comes_back(const struct session *session, struct session *session_r)
{
    struct store_command found = stored(session_put(&bare.request, session));

    return session_read(&bare.request, &found, session_r);
}

static struct slice cookie_value(void)
{
    struct slice line = bare.request.lines[bare.request.line_count - 1];
    struct slice head;
    struct slice rest;

    assert_true(slice_starts(line, SL("Set-Cookie: " COOKIE "=")));
    slice_cut(slice_from(line, strlen("Set-Cookie: " COOKIE "=")), ';', &head, &rest);
    return head;
}

static void come_with(struct slice cookie)
{
    bare.request.exchange.head.header_count = 0;
    bare_header("Cookie",
                arena_printf(request_arena(&bare.request), COOKIE "=%.*s", SLICE_ARG(cookie)));
}

/* ---- a new one ---- */

static void test_a_session_comes_back_as_it_was(void **state)
{
    struct session session = somebody();
    struct session back;

    (void)state;
    assert_true(comes_back(&session, &back));
    assert_true(slice_equal(back.id, session.id));
    assert_true(slice_equal(back.secret, session.secret));
    assert_text(back.account, "acc");
    assert_text(back.idp, "github");
    assert_text(back.idp_sub, "42");
    assert_text(back.amr, "pwd mfa");
    assert_text(back.acr, "2");
    assert_text(back.claims, "{\"name\":\"Mona\"}");
    assert_int_equal(back.auth_time, session.auth_time);
    assert_int_equal(back.ends, session.ends);
    assert_int_equal(back.version, 7);
}

static void test_every_login_has_a_new_secret_and_only_the_same_account_keeps_the_id(void **state)
{
    struct session first = somebody();
    struct slice cookie = cookie_value();

    (void)state;
    bare.request.session = &first;
    struct session second = somebody();

    assert_true(slice_equal(first.id, second.id));
    assert_false(slice_equal(first.secret, second.secret));
    assert_false(slice_equal(cookie, cookie_value()));
    bare.request.session->account = SL("another");
    assert_false(slice_equal(first.id, somebody().id));
    bare.request.session = NULL;
    assert_false(slice_equal(first.id, somebody().id));
}

static void test_the_store_does_not_know_the_secret_of_the_cookie(void **state)
{
    struct session session = somebody();
    struct store_command put = session_put(&bare.request, &session);
    struct slice secret = slice_from(cookie_value(), session.id.len);

    (void)state;
    assert_true(slice_starts(cookie_value(), session.id));
    assert_true(secret.len >= 43);
    assert_int_equal(slice_find_text(put.value, secret), put.value.len);
    assert_int_equal(slice_find_text(put.value, SL("Mona")), put.value.len);
    assert_int_equal(slice_find_text(put.key, secret), put.key.len);
}

/* ---- its end ---- */

static void test_a_session_that_was_not_used_is_over(void **state)
{
    struct session session = somebody();
    struct session back;

    (void)state;
    session.used = clock_now() - IDLE + MINUTE;
    assert_true(comes_back(&session, &back));
    session.used = clock_now() - IDLE;
    assert_false(comes_back(&session, &back));
}

static void test_use_does_not_move_the_absolute_end(void **state)
{
    struct session session = somebody();
    struct session back;

    (void)state;
    assert_int_equal(session.ends, session.auth_time + LONGEST);
    session.ends = clock_now();
    assert_false(comes_back(&session, &back));
    session.ends = clock_now() + MINUTE;
    assert_true(comes_back(&session, &back));
    assert_true(session_put(&bare.request, &session).ttl_ms <= MINUTE * 1000);
}

static void test_a_session_ends_with_its_provider(void **state)
{
    struct session session = somebody();
    struct session back;

    (void)state;
    provider.id = SL("gitlab");
    assert_false(comes_back(&session, &back));
}

static void test_a_record_lives_as_long_as_its_session_and_never_for_ever(void **state)
{
    struct session session = somebody();

    (void)state;
    assert_true(session_put(&bare.request, &session).ttl_ms <= IDLE * 1000);
    assert_true(session_put(&bare.request, &session).ttl_ms > (IDLE - MINUTE) * 1000);
    session.ends = clock_now();
    assert_true(session_put(&bare.request, &session).ttl_ms > 0);
    session.ends = clock_now() - MINUTE;
    assert_true(session_put(&bare.request, &session).ttl_ms > 0);
}

/* ---- records that are not what they should be ---- */

static void test_what_the_store_does_not_have_is_no_session(void **state)
{
    struct session session = somebody();
    struct store_command found = stored(session_put(&bare.request, &session));
    struct session back;

    (void)state;
    found.status = STORE_ABSENT;
    assert_false(session_read(&bare.request, &found, &back));
    found.status = STORE_OK;
    found.found = SL("");
    assert_false(session_read(&bare.request, &found, &back));
    found.found = SL("rubbish");
    assert_false(session_read(&bare.request, &found, &back));
}

static void test_a_record_under_another_name_is_no_session(void **state)
{
    struct session session = somebody();
    struct session other = somebody();
    struct store_command found = stored(session_put(&bare.request, &session));
    struct session back;

    (void)state;
    found.key = session_get(&bare.request, other.id).key;
    assert_false(session_read(&bare.request, &found, &back));
}

/* ---- use ---- */

static void test_the_use_of_a_session_is_noted_once_a_minute(void **state)
{
    struct session session = somebody();
    struct store_command touch;
    struct session back;

    (void)state;
    session.version = 9;
    assert_false(session_touch(&bare.request, &session, &touch));
    session.used = clock_now() - MINUTE;
    assert_true(session_touch(&bare.request, &session, &touch));
    assert_int_equal(touch.verb, STORE_SWAP);
    assert_int_equal(touch.version, 9);
    assert_true(clock_now() - session.used <= 1);
    struct store_command found = stored(touch);

    assert_true(session_read(&bare.request, &found, &back));
    assert_true(clock_now() - back.used <= 1);
    assert_int_equal(back.auth_time, session.auth_time);
    assert_false(session_touch(&bare.request, &session, &touch));
}

static void test_nobody_is_looked_up_without_a_cookie_of_the_right_shape(void **state)
{
    static const char *const bad[] = { "", "short", "a b", "=" };

    (void)state;
    assert_int_equal(ask_for_session(&bare.request.flow), STEP_NEXT);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        come_with(slice_of(bad[i]));
        assert_int_equal(ask_for_session(&bare.request.flow), STEP_NEXT);
        assert_int_equal(read_session(&bare.request.flow), STEP_NEXT);
        assert_null(bare.request.session);
    }
    struct session session = somebody();
    struct slice cookie = cookie_value();

    assert_int_equal(cookie.len, session.id.len + 43);
    come_with(arena_concat(request_arena(&bare.request), cookie, SL("A")));
    assert_int_equal(ask_for_session(&bare.request.flow), STEP_NEXT);
    come_with(slice_sub(cookie, 0, cookie.len - 1));
    assert_int_equal(ask_for_session(&bare.request.flow), STEP_NEXT);
    come_with(
        arena_concat(request_arena(&bare.request), slice_sub(cookie, 0, cookie.len - 1), SL("/")));
    assert_int_equal(ask_for_session(&bare.request.flow), STEP_NEXT);
    assert_int_equal(touch_session(&bare.request.flow), STEP_NEXT);
}

/* ---- tokens for forms ---- */

static void test_a_form_token_is_for_one_session_and_one_purpose(void **state)
{
    struct session session = somebody();
    struct slice cookie = cookie_value();

    (void)state;
    come_with(cookie);
    struct slice token = session_form_token(&bare.request, SL("logout"));

    assert_false(session_form_token_is_good(&bare.request, SL("logout"), token));
    bare.request.session = &session;
    assert_true(session_form_token_is_good(&bare.request, SL("logout"), token));
    assert_false(session_form_token_is_good(&bare.request, SL("consent"), token));
    assert_false(session_form_token_is_good(&bare.request, SL("logout"), slice_none()));
    assert_false(session_form_token_is_good(&bare.request, SL("logout"), SL("")));
    assert_false(session_form_token_is_good(&bare.request, SL("logout"),
                                            slice_sub(token, 0, token.len - 1)));
    somebody();
    come_with(cookie_value());
    assert_false(session_form_token_is_good(&bare.request, SL("logout"), token));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SESSION(test_a_session_comes_back_as_it_was),
        SESSION(test_every_login_has_a_new_secret_and_only_the_same_account_keeps_the_id),
        SESSION(test_the_store_does_not_know_the_secret_of_the_cookie),
        SESSION(test_a_session_that_was_not_used_is_over),
        SESSION(test_use_does_not_move_the_absolute_end),
        SESSION(test_a_session_ends_with_its_provider),
        SESSION(test_a_record_lives_as_long_as_its_session_and_never_for_ever),
        SESSION(test_what_the_store_does_not_have_is_no_session),
        SESSION(test_a_record_under_another_name_is_no_session),
        SESSION(test_the_use_of_a_session_is_noted_once_a_minute),
        SESSION(test_nobody_is_looked_up_without_a_cookie_of_the_right_shape),
        SESSION(test_a_form_token_is_for_one_session_and_one_purpose),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
