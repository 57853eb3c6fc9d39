#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "vectors.h"

#include "base/clock.h"
#include "base/log.h"
#include "flow/flow.h"

/*
 * A room with operations: one is completed inside its own start, or waits in a list until the test
 * completes it, as the event loop would.
 */
struct room_op {
    struct op op;
    struct list link;
};

static struct list waiting = { &waiting, &waiting };
static size_t cancelled_ops;
static bool complete_at_once;

static void room_cancel(struct op *op)
{
    list_remove(&container_of(op, struct room_op, op)->link);
    cancelled_ops++;
}

static void room_start(struct flow *flow, struct room_op *op)
{
    flow_op_started(flow, &op->op, room_cancel);
    list_init(&op->link);
    if (complete_at_once)
        flow_op_completed(&op->op);
    else
        list_add(&waiting, &op->link);
}

static bool room_complete_one(void)
{
    if (list_is_empty(&waiting))
        return false;
    struct room_op *op = list_entry(waiting.next, struct room_op, link);

    list_remove(&op->link);
    flow_op_completed(&op->op);
    return true;
}

/* What happened, in words. */
static char story[4096];

static void tell(const char *format, ...) __attribute__((format(printf, 1, 2)));

static void tell(const char *format, ...)
{
    size_t len = strlen(story);
    va_list args;

    va_start(args, format);
    vsnprintf(story + len, sizeof(story) - len, format, args);
    va_end(args);
}

static const char *const end_names[] = { [FLOW_DONE] = "done",
                                         [FLOW_FAILED] = "failed",
                                         [FLOW_GONE] = "gone",
                                         [FLOW_TOO_LATE] = "too late" };

struct trip {
    struct flow flow;
    struct room_op op;
    unsigned rounds;    /* how often `poll` waits */
    unsigned cancel;    /* in which step to cancel, from 1 */
    struct flow *other; /* cancelled when this one ends */
};

static struct trip *trip_of(struct flow *flow)
{
    return (struct trip *)flow;
}

static void told_end(struct flow *flow, enum flow_end end)
{
    tell("%s;", end_names[end]);
    if (trip_of(flow)->other != NULL)
        flow_cancel(trip_of(flow)->other, FLOW_GONE);
}

static enum step_result visit(struct flow *flow, unsigned number, enum step_result result)
{
    tell("%u ", number);
    if (trip_of(flow)->cancel == number)
        flow_cancel(flow, FLOW_GONE);
    return result;
}

static enum step_result begin(struct flow *flow)
{
    return visit(flow, 1, STEP_NEXT);
}

static enum step_result ask(struct flow *flow)
{
    room_start(flow, &trip_of(flow)->op);
    return visit(flow, 2, STEP_WAIT);
}

static enum step_result read_answer(struct flow *flow)
{
    assert_null(flow->pending);
    return visit(flow, 3, STEP_NEXT);
}

static enum step_result poll(struct flow *flow)
{
    if (trip_of(flow)->rounds == 0)
        return visit(flow, 4, STEP_NEXT);
    trip_of(flow)->rounds--;
    room_start(flow, &trip_of(flow)->op);
    return visit(flow, 4, STEP_REPEAT);
}

static enum step_result finish(struct flow *flow)
{
    return visit(flow, 5, STEP_DONE);
}

static enum step_result never(struct flow *flow)
{
    (void)flow;
    fail_msg("a step behind the end was run");
    return STEP_DONE;
}

static const struct step trip_steps[] = { STEP(begin),  STEP(ask),   STEP(read_answer), STEP(poll),
                                          STEP(finish), STEP(never), STEP_END };

static struct trip *new_trip(unsigned rounds)
{
    struct trip *trip = trip_of(flow_new(sizeof(*trip), "trip", trip_steps));

    trip->rounds = rounds;
    trip->flow.on_end = told_end;
    return trip;
}

static int reset(void **state)
{
    (void)state;
    story[0] = '\0';
    complete_at_once = false;
    cancelled_ops = 0;
    flow_observer = NULL;
    log_context = (struct log_context){ 0 };
    assert_int_equal(flow_count(), 0);
    return 0;
}

/* Every test leaves no flow and no operation behind. */
static int check(void **state)
{
    assert_int_equal(flow_count(), 0);
    assert_true(list_is_empty(&waiting));
    flow_observer = NULL;
    return release_arena(state);
}

#undef TEST
#define TEST(function) cmocka_unit_test_setup_teardown(function, reset, check)

static void test_steps_run_in_order_and_wait_where_they_say(void **state)
{
    struct trip *trip = new_trip(2);

    (void)state;
    flow_run(&trip->flow);
    assert_string_equal(story, "1 2 ");
    assert_int_equal(flow_count(), 1);
    assert_true(room_complete_one());
    assert_string_equal(story, "1 2 3 4 ");
    assert_true(room_complete_one());
    assert_true(room_complete_one());
    assert_string_equal(story, "1 2 3 4 4 4 5 done;");
    assert_false(room_complete_one());
    assert_int_equal(cancelled_ops, 0);
}

static void test_operations_that_complete_at_once_make_no_difference(void **state)
{
    (void)state;
    complete_at_once = true;
    flow_run(&new_trip(2)->flow);
    assert_string_equal(story, "1 2 3 4 4 4 5 done;");
}

/* Half of them with every operation completing inside its own start; a mixture in between. */
static void test_a_thousand_complete_runs(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 1000; i++) {
        struct trip *trip = new_trip(i % 7);
        unsigned rounds = 0;

        story[0] = '\0';
        complete_at_once = i % 2 == 0;
        flow_run(&trip->flow);
        while (room_complete_one()) {
            if (++rounds % 3 == i % 3)
                complete_at_once = !complete_at_once;
        }
        assert_int_equal(flow_count(), 0);
        assert_non_null(strstr(story, "5 done;"));
        assert_int_equal(strlen(story), strlen("1 2 3 5 done;") + 2 * (i % 7 + 1));
    }
}

static void test_ten_thousand_repeats_at_once_need_no_stack(void **state)
{
    struct trip *trip = new_trip(10000);

    (void)state;
    complete_at_once = true;
    flow_run(&trip->flow);
    assert_true(strlen(story) > 4000);
    story[0] = '\0';
}

static enum step_result nothing(struct flow *flow)
{
    (void)flow;
    return STEP_NEXT;
}

static void test_a_flow_that_walks_off_its_table_is_done(void **state)
{
    static const struct step steps[] = { STEP(nothing), STEP(nothing), STEP_END };
    struct flow *flow = flow_new(sizeof(struct trip), "short", steps);

    (void)state;
    flow->on_end = told_end;
    flow_run(flow);
    assert_string_equal(story, "done;");
}

static const struct error_kind bad_grant = { "invalid_grant", 400, "The grant is not valid." };

static enum step_result fail_plainly(struct flow *flow)
{
    return flow_fail(flow, &bad_grant, "code %d was used", 7);
}

static enum step_result fail_telling(struct flow *flow)
{
    return flow_fail_telling(flow, &bad_grant, "Come again.", "why %s", "not");
}

static enum step_result fail_with(struct flow *flow)
{
    struct error error = { 0 };

    assert_false(error_set(&error, &flow->arena, &bad_grant, "read elsewhere"));
    return flow_fail_with(flow, &error);
}

static void told_error(struct flow *flow, enum flow_end end)
{
    tell("%s: %s %d '%.*s' '%.*s';", end_names[end], flow->error.kind->code,
         flow->error.kind->status, SLICE_ARG(error_description(&flow->error)),
         SLICE_ARG(flow->error.detail));
}

static void test_a_failure_has_a_text_for_strangers_and_one_for_the_log(void **state)
{
    static const struct step tables[][3] = { { STEP(fail_plainly), STEP(never), STEP_END },
                                             { STEP(fail_telling), STEP(never), STEP_END },
                                             { STEP(fail_with), STEP(never), STEP_END } };

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct flow *flow = flow_new(sizeof(struct trip), "fails", tables[i]);

        flow->on_end = told_error;
        flow_run(flow);
    }
    assert_string_equal(story,
                        "failed: invalid_grant 400 'The grant is not valid.' 'code 7 was used';"
                        "failed: invalid_grant 400 'Come again.' 'why not';"
                        "failed: invalid_grant 400 'The grant is not valid.' 'read elsewhere';");
}

static enum step_result start_and_fail(struct flow *flow)
{
    room_start(flow, &trip_of(flow)->op);
    return flow_fail(flow, &bad_grant, "x");
}

static enum step_result start_and_finish(struct flow *flow)
{
    room_start(flow, &trip_of(flow)->op);
    return STEP_DONE;
}

static void test_an_operation_left_pending_is_cancelled_at_the_end(void **state)
{
    static const struct step fails[] = { STEP(start_and_fail), STEP_END };
    static const struct step finishes[] = { STEP(start_and_finish), STEP_END };

    (void)state;
    flow_run(flow_new(sizeof(struct trip), "fails", fails));
    flow_run(flow_new(sizeof(struct trip), "finishes", finishes));
    assert_int_equal(cancelled_ops, 2);
}

static void test_cancelling_from_outside_at_every_wait(void **state)
{
    (void)state;
    for (unsigned completed = 0; completed < 4; completed++) {
        struct trip *trip = new_trip(3);

        story[0] = '\0';
        cancelled_ops = 0;
        flow_run(&trip->flow);
        for (unsigned i = 0; i < completed; i++)
            assert_true(room_complete_one());
        flow_cancel(&trip->flow, completed % 2 == 0 ? FLOW_GONE : FLOW_TOO_LATE);
        assert_int_equal(flow_count(), 0);
        assert_int_equal(cancelled_ops, 1);
        assert_true(list_is_empty(&waiting));
        assert_non_null(strstr(story, completed % 2 == 0 ? " gone;" : " too late;"));
        assert_null(strstr(story, "5"));
    }
}

/* The running step is let finish, nothing runs after it, and the end is the cancellation. */
static void test_cancelling_from_inside_every_step(void **state)
{
    static const char *const stories[] = { "1 gone;", "1 2 gone;", "1 2 3 gone;", "1 2 3 4 gone;",
                                           "1 2 3 4 5 gone;" };

    (void)state;
    for (int at_once = 0; at_once < 2; at_once++) {
        for (unsigned step = 1; step <= 5; step++) {
            struct trip *trip = new_trip(0);

            story[0] = '\0';
            trip->cancel = step;
            complete_at_once = at_once != 0;
            flow_run(&trip->flow);
            while (room_complete_one()) {
            }
            assert_string_equal(story, stories[step - 1]);
            assert_int_equal(flow_count(), 0);
        }
    }
}

static void test_cancelling_in_the_step_that_started_cancels_the_operation(void **state)
{
    struct trip *trip = new_trip(0);

    (void)state;
    trip->cancel = 2;
    flow_run(&trip->flow);
    assert_int_equal(cancelled_ops, 1);
    trip = new_trip(1);
    trip->cancel = 4; /* a repeating one */
    flow_run(&trip->flow);
    assert_true(room_complete_one());
    assert_int_equal(cancelled_ops, 2);
}

static enum step_result cancel_and_fail(struct flow *flow)
{
    flow_cancel(flow, FLOW_GONE);
    flow_cancel(flow, FLOW_TOO_LATE); /* the first one counts */
    return flow_fail(flow, &bad_grant, "x");
}

static void test_a_cancelled_flow_does_not_report_failure(void **state)
{
    static const struct step steps[] = { STEP(cancel_and_fail), STEP_END };
    struct flow *flow = flow_new(sizeof(struct trip), "fails", steps);

    (void)state;
    flow->on_end = told_end;
    flow_run(flow);
    assert_string_equal(story, "gone;");
}

static void test_a_flow_that_never_ran_can_be_cancelled(void **state)
{
    (void)state;
    flow_cancel(&new_trip(0)->flow, FLOW_GONE);
    assert_string_equal(story, "gone;");
}

static void cancel_again(struct flow *flow, enum flow_end end)
{
    tell("%s;", end_names[end]);
    flow_cancel(flow, FLOW_GONE);
    flow_cancel_all(FLOW_GONE);
}

static void test_an_ending_flow_cannot_be_ended_again(void **state)
{
    struct trip *trip = new_trip(0);

    (void)state;
    trip->flow.on_end = cancel_again;
    complete_at_once = true;
    flow_run(&trip->flow);
    assert_string_equal(story, "1 2 3 4 5 done;");
}

static void let_go(void *thing)
{
    tell("-%s", (const char *)thing);
}

static enum step_result own_more(struct flow *flow)
{
    flow_own(flow, (void *)(uintptr_t) "c", let_go);
    return visit(flow, 1, STEP_NEXT);
}

static void test_owned_things_go_in_reverse_order_after_the_end_is_told(void **state)
{
    static const struct step steps[] = { STEP(own_more), STEP(ask), STEP_END };

    (void)state;
    for (int cancelled = 0; cancelled < 2; cancelled++) {
        struct trip *trip = trip_of(flow_new(sizeof(*trip), "owner", steps));

        story[0] = '\0';
        trip->flow.on_end = told_end;
        flow_own(&trip->flow, (void *)(uintptr_t) "a", let_go);
        flow_own(&trip->flow, (void *)(uintptr_t) "b", let_go);
        flow_run(&trip->flow);
        if (cancelled)
            flow_cancel(&trip->flow, FLOW_GONE);
        else
            assert_true(room_complete_one());
        assert_string_equal(story, cancelled ? "1 2 gone;-c-b-a" : "1 2 done;-c-b-a");
    }
}

static void wait_for_the_next_ms(void)
{
    int64_t now = clock_monotonic_ms();

    while (clock_monotonic_ms() <= now + 1) {
    }
}

static void test_only_flows_past_their_deadline_are_cancelled(void **state)
{
    struct trip *late = new_trip(0);
    struct trip *early = new_trip(0);
    struct trip *none = new_trip(0);

    (void)state;
    flow_set_deadline(&late->flow, 0);
    flow_set_deadline(&early->flow, 60000);
    flow_run(&late->flow);
    flow_run(&early->flow);
    flow_run(&none->flow);
    wait_for_the_next_ms();
    flow_check_deadlines();
    assert_string_equal(story, "1 2 1 2 1 2 too late;");
    assert_int_equal(flow_count(), 2);
    flow_check_deadlines();
    assert_int_equal(flow_count(), 2);
    flow_cancel_all(FLOW_GONE);
    assert_int_equal(cancelled_ops, 3);
}

/* The list of flows must not be held while flows end: the next in it may end with the first. */
static void test_the_end_of_one_flow_may_end_the_next(void **state)
{
    (void)state;
    for (int by_deadline = 0; by_deadline < 2; by_deadline++) {
        struct trip *trips[10];

        story[0] = '\0';
        for (size_t i = 0; i < 10; i++) {
            trips[i] = new_trip(0);
            flow_set_deadline(&trips[i]->flow, i % 2 == 0 ? 0 : 60000);
            flow_run(&trips[i]->flow);
        }
        for (size_t i = 0; i < 10; i += 2)
            trips[i]->other = &trips[i + 1]->flow;
        wait_for_the_next_ms();
        if (by_deadline)
            flow_check_deadlines();
        else
            flow_cancel_all(FLOW_TOO_LATE);
        assert_int_equal(flow_count(), 0);
        assert_non_null(strstr(story, "too late;gone;too late;gone;"));
    }
    assert_int_equal(cancelled_ops, 20);
}

static void begin_another(struct flow *flow, enum flow_end end)
{
    told_end(flow, end);
    new_trip(0);
}

static void test_flows_that_begin_while_all_are_cancelled_live_on(void **state)
{
    (void)state;
    for (int i = 0; i < 5; i++) {
        struct trip *trip = new_trip(0);

        trip->flow.on_end = begin_another;
        flow_run(&trip->flow);
    }
    flow_cancel_all(FLOW_GONE);
    assert_int_equal(flow_count(), 5);
    flow_cancel_all(FLOW_GONE);
    assert_int_equal(flow_count(), 0);
}

static enum step_result cancel_everything(struct flow *flow)
{
    flow_cancel_all(FLOW_GONE);
    return visit(flow, 9, STEP_NEXT);
}

static void test_a_step_may_cancel_all_flows_and_ends_after_itself(void **state)
{
    static const struct step steps[] = { STEP(cancel_everything), STEP(never), STEP_END };
    struct trip *other = new_trip(0);

    (void)state;
    flow_run(&other->flow);
    struct flow *flow = flow_new(sizeof(struct trip), "canceller", steps);

    flow->on_end = told_end;
    flow_run(flow);
    assert_string_equal(story, "1 2 gone;9 gone;");
}

static struct op outer_op;

static void inner_ended(struct flow *flow, enum flow_end end)
{
    told_end(flow, end);
    flow_op_completed(&outer_op);
}

static void cancel_inner(struct op *op)
{
    (void)op;
    tell("inner cancelled;");
}

static enum step_result run_inner(struct flow *flow)
{
    struct trip *inner = new_trip(0);

    flow_op_started(flow, &outer_op, cancel_inner);
    inner->flow.on_end = inner_ended;
    inner->flow.log_request = SL("inner");
    tell("[");
    flow_run(&inner->flow);
    tell("]");
    assert_slice(log_context.request, "outer");
    assert_string_equal(log_context.step, "run_inner");
    return STEP_WAIT;
}

static enum step_result after_inner(struct flow *flow)
{
    (void)flow;
    assert_slice(log_context.request, "outer");
    tell("after ");
    return STEP_DONE;
}

static void test_a_flow_may_wait_for_another_flow(void **state)
{
    static const struct step steps[] = { STEP(run_inner), STEP(after_inner), STEP_END };
    static const char *const stories[] = { "[1 2 ]3 4 5 done;after done;",
                                           "[1 2 3 4 5 done;]after done;" };

    (void)state;
    for (int at_once = 0; at_once < 2; at_once++) {
        struct flow *outer = flow_new(sizeof(struct trip), "outer", steps);

        story[0] = '\0';
        complete_at_once = at_once != 0;
        outer->on_end = told_end;
        outer->log_request = SL("outer");
        flow_run(outer);
        while (room_complete_one()) {
        }
        assert_string_equal(story, stories[at_once]);
        assert_int_equal(flow_count(), 0);
        assert_false(slice_is_set(log_context.request));
        assert_null(log_context.step);
    }
}

static void observe(const struct flow *flow, const char *step, int64_t microseconds)
{
    assert_string_equal(flow->name, "trip");
    assert_in_range(microseconds, 0, 60000000);
    tell("<%s>", step);
}

static void test_the_observer_is_told_each_step_when_it_is_over(void **state)
{
    (void)state;
    flow_observer = observe;
    for (int at_once = 0; at_once < 2; at_once++) {
        struct trip *trip = new_trip(1);

        story[0] = '\0';
        complete_at_once = at_once != 0;
        flow_run(&trip->flow);
        if (!at_once)
            assert_string_equal(story, "1 <begin>2 "); /* not before its operation is */
        while (room_complete_one()) {
        }
        assert_string_equal(story,
                            "1 <begin>2 <ask>3 <read_answer>4 <poll>4 <poll>5 <finish>done;");
    }
}

static void tell_context(struct flow *flow, enum flow_end end)
{
    (void)flow;
    tell("%s of %.*s %.*s %.*s;", end_names[end], SLICE_ARG(log_context.request),
         SLICE_ARG(log_context.provider), SLICE_ARG(log_context.client));
}

static void test_log_lines_know_the_flow_also_when_it_is_cancelled(void **state)
{
    (void)state;
    for (int cancelled = 0; cancelled < 2; cancelled++) {
        struct trip *trip = new_trip(0);

        story[0] = '\0';
        trip->flow.on_end = tell_context;
        trip->flow.log_request = SL("r-1");
        trip->flow.log_provider = SL("github");
        trip->flow.log_client = SL("app");
        log_context.process = "worker 1";
        flow_run(&trip->flow);
        assert_false(slice_is_set(log_context.request)); /* it waits: others run */
        if (cancelled)
            flow_cancel(&trip->flow, FLOW_GONE);
        else
            assert_true(room_complete_one());
        assert_string_equal(story, cancelled ? "1 2 gone of r-1 github app;"
                                             : "1 2 3 4 5 done of r-1 github app;");
        assert_false(slice_is_set(log_context.request));
        assert_string_equal(log_context.process, "worker 1");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_steps_run_in_order_and_wait_where_they_say),
        TEST(test_operations_that_complete_at_once_make_no_difference),
        TEST(test_a_thousand_complete_runs),
        TEST(test_ten_thousand_repeats_at_once_need_no_stack),
        TEST(test_a_flow_that_walks_off_its_table_is_done),
        TEST(test_a_failure_has_a_text_for_strangers_and_one_for_the_log),
        TEST(test_an_operation_left_pending_is_cancelled_at_the_end),
        TEST(test_cancelling_from_outside_at_every_wait),
        TEST(test_cancelling_from_inside_every_step),
        TEST(test_cancelling_in_the_step_that_started_cancels_the_operation),
        TEST(test_a_cancelled_flow_does_not_report_failure),
        TEST(test_a_flow_that_never_ran_can_be_cancelled),
        TEST(test_an_ending_flow_cannot_be_ended_again),
        TEST(test_owned_things_go_in_reverse_order_after_the_end_is_told),
        TEST(test_only_flows_past_their_deadline_are_cancelled),
        TEST(test_the_end_of_one_flow_may_end_the_next),
        TEST(test_flows_that_begin_while_all_are_cancelled_live_on),
        TEST(test_a_step_may_cancel_all_flows_and_ends_after_itself),
        TEST(test_a_flow_may_wait_for_another_flow),
        TEST(test_the_observer_is_told_each_step_when_it_is_over),
        TEST(test_log_lines_know_the_flow_also_when_it_is_cancelled),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
