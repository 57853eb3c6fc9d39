#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bare_request.h"

#include "base/clock.h"
#include "hub/ticket.h"
#include "protocol/errors.h"

#define PREFIX "__Host-cardea-"

/* What the browser would send back for a line of the answer: "name=value". */
static struct slice cookie_of(struct slice line)
{
    struct slice head;
    struct slice rest;

    assert_true(slice_starts(line, SL("Set-Cookie: ")));
    slice_cut(slice_from(line, strlen("Set-Cookie: ")), ';', &head, &rest);
    return arena_copy(request_arena(&bare.request), head);
}

/* The next request of the same browser: all that was set comes back. */
static void come_back(void)
{
    struct slice all = SL("");

    for (size_t i = 0; i < bare.request.line_count; i++)
        all = arena_join(
            request_arena(&bare.request), all,
            arena_join(request_arena(&bare.request), cookie_of(bare.request.lines[i]), SL("; ")));
    bare.request.line_count = 0;
    bare.request.exchange.head.header_count = 0;
    bare_header("Cookie", all);
}

static size_t dropped(void)
{
    size_t count = 0;

    for (size_t i = 0; i < bare.request.line_count; i++)
        count += slice_ends(bare.request.lines[i], SL("; Max-Age=0\r\n"));
    return count;
}

/* An id as it was made `age` seconds ago. */
static struct slice id_of_age(int64_t age, char distinction)
{
    return arena_printf(request_arena(&bare.request), "%08llx%c23456789-abcdefghij_KLM",
                        (unsigned long long)(clock_now() - age), distinction);
}

static void test_a_ticket_comes_back_as_it_was(void **state)
{
    struct ticket ticket = { .query = SL("client_id=app&state=\xc3\xa4"),
                             .return_to = SL("/x"),
                             .client_id = SL("app"),
                             .session = SL("s") };
    struct ticket back;

    (void)state;
    assert_true(ticket_issue(&bare.request, &ticket));
    come_back();
    assert_true(ticket_open(&bare.request, ticket.id, &back));
    assert_text(back.query, "client_id=app&state=\xc3\xa4");
    assert_text(back.return_to, "/x");
    assert_text(back.client_id, "app");
    assert_text(back.session, "s");
    assert_false(slice_is_set(back.error));
    assert_int_equal(back.created, ticket.created);
    assert_true(slice_equal(back.id, ticket.id));
}

static void test_an_updated_ticket_keeps_its_id(void **state)
{
    struct ticket ticket = { .query = SL("q") };
    struct ticket back;

    (void)state;
    assert_true(ticket_issue(&bare.request, &ticket));
    bare.request.line_count = 0;
    ticket.error = SL("access_denied");
    ticket_update(&bare.request, &ticket);
    come_back();
    assert_true(ticket_open(&bare.request, ticket.id, &back));
    assert_text(back.error, "access_denied");
}

static void test_an_attempt_comes_back_as_it_was(void **state)
{
    struct attempt attempt = { .provider = SL("github"), .memory = SL("{\"a\":1}") };
    struct attempt back;

    (void)state;
    attempt_begin(&bare.request, &attempt);
    assert_int_equal(attempt.verifier.len, 43);
    assert_true(attempt.nonce.len >= 22);
    assert_false(slice_equal(attempt.nonce, attempt.verifier));
    assert_true(attempt_issue(&bare.request, &attempt));
    come_back();
    assert_true(attempt_open(&bare.request, attempt.id, &back));
    assert_true(slice_equal(back.nonce, attempt.nonce));
    assert_true(slice_equal(back.verifier, attempt.verifier));
    assert_text(back.provider, "github");
    assert_text(back.memory, "{\"a\":1}");
}

static void test_an_attempt_is_found_by_its_request_token(void **state)
{
    struct attempt one = { .provider = SL("one"),
                           .oauth_token = SL("t1"),
                           .oauth_token_secret = SL("s1") };
    struct attempt two = { .provider = SL("two"), .oauth_token = SL("t2") };
    struct attempt other = { .provider = SL("github") };
    struct attempt back;

    (void)state;
    attempt_begin(&bare.request, &one);
    attempt_begin(&bare.request, &two);
    attempt_begin(&bare.request, &other);
    assert_true(attempt_issue(&bare.request, &one) && attempt_issue(&bare.request, &two) &&
                attempt_issue(&bare.request, &other));
    come_back();
    assert_true(attempt_find(&bare.request, SL("t1"), &back));
    assert_true(slice_equal(back.id, one.id));
    assert_text(back.provider, "one");
    assert_text(back.oauth_token_secret, "s1");
    assert_true(attempt_find(&bare.request, SL("t2"), &back));
    assert_text(back.provider, "two");
    assert_false(attempt_find(&bare.request, SL("t"), &back));
    assert_false(attempt_find(&bare.request, SL(""), &back));
    assert_false(attempt_find(&bare.request, slice_none(), &back));
}

static void test_a_cookie_opens_under_its_own_name_only(void **state)
{
    struct ticket ticket = { .query = SL("q") };
    struct attempt attempt = { .provider = SL("github") };
    struct ticket ticket_back;
    struct attempt attempt_back;

    (void)state;
    assert_true(ticket_issue(&bare.request, &ticket));
    struct slice sealed =
        slice_from(cookie_of(bare.request.lines[0]), strlen(PREFIX "ticket-") + ticket.id.len + 1);
    struct slice other = id_of_age(0, 'x');

    bare_header("Cookie",
                arena_printf(request_arena(&bare.request),
                             PREFIX "ticket-%.*s=%.*s; " PREFIX "login-%.*s=%.*s", SLICE_ARG(other),
                             SLICE_ARG(sealed), SLICE_ARG(ticket.id), SLICE_ARG(sealed)));
    assert_false(ticket_open(&bare.request, other, &ticket_back));
    assert_false(attempt_open(&bare.request, ticket.id, &attempt_back));
    assert_false(ticket_open(&bare.request, ticket.id, &ticket_back)); /* not there at all */
    attempt_begin(&bare.request, &attempt);
    assert_false(attempt_open(&bare.request, attempt.id, &attempt_back));
}

static void test_a_changed_cookie_does_not_open(void **state)
{
    struct ticket ticket = { .query = SL("q") };
    struct ticket back;

    (void)state;
    assert_true(ticket_issue(&bare.request, &ticket));
    come_back();
    char *last = (char *)(uintptr_t)bare.headers[0].value.at + bare.headers[0].value.len - 4;

    *last = *last == 'A' ? 'B' : 'A';
    assert_false(ticket_open(&bare.request, ticket.id, &back));
}

static void test_what_is_no_id_opens_nothing(void **state)
{
    static const char *const bad[] = { "", "a", "../../../../etc/passwd__________",
                                       "0123456789abcdef0123456789abcde;",
                                       "0123456789abcdef0123456789abcdef0" };
    struct ticket back;

    (void)state;
    bare_header("Cookie", SL(PREFIX "ticket-=x; " PREFIX "ticket-a=x"));
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_false(ticket_open(&bare.request, slice_of(bad[i]), &back));
    assert_false(ticket_open(&bare.request, slice_none(), &back));
}

static void test_a_ticket_is_over_when_the_login_is(void **state)
{
    struct ticket ticket = { .query = SL("q") };
    struct ticket back;

    (void)state;
    assert_true(ticket_issue(&bare.request, &ticket));
    ticket.created = clock_now() - 500;
    bare.request.line_count = 0;
    ticket_update(&bare.request, &ticket);
    come_back();
    assert_true(ticket_open(&bare.request, ticket.id, &back));
    bare.settings.lifetimes.login = 500 * 1000;
    assert_false(ticket_open(&bare.request, ticket.id, &back));
}

static void test_what_does_not_fit_into_a_cookie_is_refused(void **state)
{
    struct slice huge =
        slice_make(memset(arena_alloc(request_arena(&bare.request), 4096), 'q', 4096), 4096);
    struct ticket ticket = { .query = huge };
    struct attempt attempt = { .memory = huge };

    (void)state;
    assert_false(ticket_issue(&bare.request, &ticket));
    assert_ptr_equal(bare.request.flow.error.kind, &ERROR_INVALID_REQUEST);
    attempt_begin(&bare.request, &attempt);
    assert_false(attempt_issue(&bare.request, &attempt));
    assert_ptr_equal(bare.request.flow.error.kind, &ERROR_SERVER_ERROR);
    assert_int_equal(bare.request.line_count, 0);
}

/* A Cookie header with `count` logins; the first is the oldest, but they stand in no order. */
static void with_logins(size_t count, const char *kind)
{
    struct arena *arena = request_arena(&bare.request);
    struct slice all = SL("a=b");

    for (size_t i = 0; i < count; i++) {
        size_t number = (i * 7 + 3) % count;

        all = arena_printf(arena, "%.*s; " PREFIX "%s%.*s=x", SLICE_ARG(all), kind,
                           SLICE_ARG(id_of_age((int64_t)(count - number), (char)('A' + number))));
    }
    bare_header("Cookie", all);
}

static void issue_attempt(void)
{
    struct attempt attempt = { .provider = SL("github") };

    attempt_begin(&bare.request, &attempt);
    assert_true(attempt_issue(&bare.request, &attempt));
}

static void test_as_long_as_there_is_room_nothing_is_dropped(void **state)
{
    (void)state;
    with_logins(ATTEMPTS_KEPT - 1, "login-");
    issue_attempt();
    assert_int_equal(dropped(), 0);
    assert_int_equal(bare.request.line_count, 1);
}

static void test_the_oldest_login_makes_room(void **state)
{
    (void)state;
    with_logins(ATTEMPTS_KEPT, "login-");
    issue_attempt();
    assert_int_equal(dropped(), 1);
    struct slice oldest = id_of_age(ATTEMPTS_KEPT, 'A');

    assert_true(slice_find_text(bare.request.lines[0], oldest) < bare.request.lines[0].len);
}

static void test_tickets_and_logins_do_not_displace_each_other(void **state)
{
    struct ticket ticket = { .query = SL("q") };

    (void)state;
    with_logins(ATTEMPTS_KEPT, "login-");
    assert_true(ticket_issue(&bare.request, &ticket));
    assert_int_equal(dropped(), 0);
    bare.request.line_count = 0;
    bare.request.exchange.head.header_count = 0;
    with_logins(TICKETS_KEPT, "ticket-");
    assert_true(ticket_issue(&bare.request, &ticket));
    assert_int_equal(dropped(), 1);
}

/* An answer has room for so many lines: those that drop must leave room for the one that sets. */
static void test_however_many_are_planted_the_new_one_is_set(void **state)
{
    struct ticket ticket = { .query = SL("q") };

    (void)state;
    with_logins(30, "ticket-");
    with_logins(30, "login-");
    assert_true(ticket_issue(&bare.request, &ticket));
    issue_attempt();
    size_t set = 0;

    for (size_t i = 0; i < bare.request.line_count; i++)
        set += slice_ends(bare.request.lines[i], SL("; Max-Age=600\r\n"));
    assert_int_equal(set, 2);
    assert_true(dropped() >= 2);
    assert_true(bare.request.line_count < REQUEST_LINES - 4);
}

static void test_cookies_that_are_not_named_for_an_id_are_let_alone(void **state)
{
    (void)state;
    bare_header("Cookie", SL(PREFIX "login-1=x; " PREFIX "login-2=x; " PREFIX "login-3=x; " PREFIX
                                    "login-4=x; " PREFIX "login-5=x; " PREFIX "login-6=x"));
    issue_attempt();
    assert_int_equal(dropped(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BARE_TEST(test_a_ticket_comes_back_as_it_was),
        BARE_TEST(test_an_updated_ticket_keeps_its_id),
        BARE_TEST(test_an_attempt_comes_back_as_it_was),
        BARE_TEST(test_an_attempt_is_found_by_its_request_token),
        BARE_TEST(test_a_cookie_opens_under_its_own_name_only),
        BARE_TEST(test_a_changed_cookie_does_not_open),
        BARE_TEST(test_what_is_no_id_opens_nothing),
        BARE_TEST(test_a_ticket_is_over_when_the_login_is),
        BARE_TEST(test_what_does_not_fit_into_a_cookie_is_refused),
        BARE_TEST(test_as_long_as_there_is_room_nothing_is_dropped),
        BARE_TEST(test_the_oldest_login_makes_room),
        BARE_TEST(test_tickets_and_logins_do_not_displace_each_other),
        BARE_TEST(test_however_many_are_planted_the_new_one_is_set),
        BARE_TEST(test_cookies_that_are_not_named_for_an_id_are_let_alone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
