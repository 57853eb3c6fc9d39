#include "flow/flow.h"

#include "base/clock.h"
#include "base/log.h"

#include <assert.h>

static struct list living = { &living, &living };
static size_t living_count;
static uint64_t passes; /* over all flows, to cancel them */

void (*flow_observer)(const struct flow *flow, const char *step, int64_t microseconds);

struct flow *flow_new(size_t size, const char *name, const struct step *steps)
{
    struct arena arena;

    arena_init(&arena);
    struct flow *flow = arena_zalloc(&arena, size);

    flow->arena = arena;
    flow->name = name;
    flow->step = steps;
    flow->checked = passes;
    list_add(&living, &flow->link);
    living_count++;
    return flow;
}

/* Log lines say what runs; returns what ran before. */
static struct log_context context_enter(const struct flow *flow)
{
    struct log_context outer = log_context;

    log_context.request = flow->log_request;
    log_context.provider = flow->log_provider;
    log_context.client = flow->log_client;
    return outer;
}

static void flow_end(struct flow *flow)
{
    struct op *pending = flow->pending;

    flow->pending = NULL;
    flow->running = true; /* whatever on_end does, the flow does not start again */
    if (pending != NULL)
        pending->cancel(pending);
    if (flow->on_end != NULL)
        flow->on_end(flow, flow->end);
    for (struct owned *owned = flow->owned; owned != NULL; owned = owned->next)
        owned->release(owned->thing);
    list_remove(&flow->link);
    living_count--;
    arena_release(&flow->arena);
}

static void step_finished(struct flow *flow, const struct step *step)
{
    if (flow_observer != NULL)
        flow_observer(flow, step->name, clock_monotonic_us() - flow->step_began);
}

static void steps_run(struct flow *flow)
{
    while (!flow->cancelled) {
        const struct step *step = flow->step;

        if (step->run == NULL) {
            if (flow->depth == 0) {
                flow->end = FLOW_DONE;
                return;
            }
            flow->step = flow->outer[--flow->depth];
            continue;
        }
        flow->completed = false;
        log_context.step = step->name;
        flow->step_began = flow_observer != NULL ? clock_monotonic_us() : 0;
        enum step_result result = step->run(flow);

        if (result == STEP_DONE || result == STEP_FAIL) {
            assert(result == STEP_DONE || error_is_set(&flow->error));
            /* Who cancelled in the meantime is gone; nothing may be sent there. */
            if (!flow->cancelled)
                flow->end = result == STEP_DONE ? FLOW_DONE : FLOW_FAILED;
            step_finished(flow, step);
            return;
        }
        if (result == STEP_ENTER || result == STEP_ENTER_AGAIN) {
            assert(flow->depth < FLOW_DEPTH);
            flow->outer[flow->depth++] = result == STEP_ENTER ? step + 1 : step;
            flow->step = flow->entering;
            continue;
        }
        flow->waiting = step;
        if (result != STEP_REPEAT)
            flow->step++;
        if (result != STEP_NEXT && !flow->completed && !flow->cancelled) {
            assert(flow->pending != NULL); /* else nothing would ever wake the flow */
            flow->running = false;
            return;
        }
        step_finished(flow, step);
    }
}

enum step_result flow_enter(struct flow *flow, const struct step *table)
{
    flow->entering = table;
    return STEP_ENTER;
}

enum step_result flow_enter_again(struct flow *flow, const struct step *table)
{
    flow->entering = table;
    return STEP_ENTER_AGAIN;
}

void flow_run(struct flow *flow)
{
    struct log_context outer = context_enter(flow);

    flow->running = true;
    steps_run(flow);
    if (flow->running)
        flow_end(flow);
    log_context = outer;
}

void flow_op_started(struct flow *flow, struct op *op, void (*cancel)(struct op *op))
{
    assert(flow->pending == NULL);
    op->flow = flow;
    op->cancel = cancel;
    flow->pending = op;
}

void flow_op_completed(struct op *op)
{
    struct flow *flow = op->flow;

    assert(flow->pending == op);
    flow->pending = NULL;
    flow->completed = true;
    if (flow->running)
        return;
    step_finished(flow, flow->waiting);
    flow_run(flow);
}

void flow_cancel(struct flow *flow, enum flow_end why)
{
    if (flow->cancelled)
        return;
    flow->cancelled = true;
    flow->end = why;
    if (flow->running)
        return;
    struct log_context outer = context_enter(flow);

    flow_end(flow);
    log_context = outer;
}

void flow_set_deadline(struct flow *flow, int64_t milliseconds)
{
    flow->deadline = clock_monotonic_ms() + milliseconds;
}

/*
 * Cancels all, or those whose deadline has passed. The end of one flow may be the end of others and
 * the beginning of new ones, so no place in the list can be kept: each flow goes to the end of the
 * list before it is judged, and the first one that has been there already is the last.
 */
static void cancel_each(enum flow_end why, int64_t deadline)
{
    uint64_t pass = ++passes;

    while (!list_is_empty(&living)) {
        struct flow *flow = list_entry(living.next, struct flow, link);

        if (flow->checked >= pass)
            return;
        flow->checked = pass;
        list_remove(&flow->link);
        list_add(&living, &flow->link);
        if (deadline == 0 || (flow->deadline != 0 && deadline > flow->deadline))
            flow_cancel(flow, why);
    }
}

void flow_check_deadlines(void)
{
    cancel_each(FLOW_TOO_LATE, clock_monotonic_ms());
}

size_t flow_count(void)
{
    return living_count;
}

void flow_cancel_all(enum flow_end why)
{
    cancel_each(why, 0);
}

void flow_own(struct flow *flow, void *thing, void (*release)(void *thing))
{
    struct owned *owned = arena_new(&flow->arena, struct owned);

    *owned = (struct owned){ flow->owned, release, thing };
    flow->owned = owned;
}

enum step_result flow_fail(struct flow *flow, const struct error_kind *kind, const char *detail,
                           ...)
{
    va_list args;

    va_start(args, detail);
    error_vset(&flow->error, &flow->arena, kind, detail, args);
    va_end(args);
    return STEP_FAIL;
}

enum step_result flow_fail_telling(struct flow *flow, const struct error_kind *kind,
                                   const char *description, const char *detail, ...)
{
    va_list args;

    va_start(args, detail);
    error_vset(&flow->error, &flow->arena, kind, detail, args);
    va_end(args);
    flow->error.description = slice_of(description);
    return STEP_FAIL;
}

enum step_result flow_fail_with(struct flow *flow, const struct error *error)
{
    flow->error = *error;
    return STEP_FAIL;
}
