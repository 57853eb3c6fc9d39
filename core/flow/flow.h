/*
 * The step engine: a piece of work with waits in it, told as a table of named steps.
 *
 *     static const struct step callback[] = {
 *         STEP(open_attempt),
 *         STEP(read_callback),
 *         STEP(ask_for_tokens),       waits
 *         STEP(read_tokens),
 *         ...
 *         STEP_END
 *     };
 *
 * A step does one thing and says how it goes on. A step that waits has started exactly one
 * operation (an HTTP request, a store command, a hook call); when that completes, the next step
 * runs, or the same one again. There are no jumps: a step that does not apply returns STEP_NEXT.
 *
 * A flow has one arena, from which it was itself taken, and everything it needs lives there. It
 * ends in one place, whatever ended it: the pending operation is cancelled, `on_end` is told, what
 * was handed to flow_own() is let go, and the arena is wiped and released. So nobody frees
 * anything, and a client that goes away in the middle of a login needs no code anywhere else.
 *
 * One thread, one event loop: a flow is never run from two places at once, and an operation may
 * complete inside the call that starts it.
 */
#ifndef CARDEA_FLOW_FLOW_H
#define CARDEA_FLOW_FLOW_H

#include "base/arena.h"
#include "base/error.h"
#include "base/list.h"

struct flow;

enum step_result {
    STEP_NEXT,   /* go on with the next step now */
    STEP_WAIT,   /* an operation is pending: the next step when it completes */
    STEP_REPEAT, /* an operation is pending: this step again when it completes */
    STEP_ENTER,  /* go through another table first (flow_enter()), then on with the next step */
    STEP_ENTER_AGAIN, /* the same, then this step again (flow_enter_again()) */
    STEP_DONE,        /* the flow has done what it was for */
    STEP_FAIL         /* flow->error says why */
};

struct step {
    enum step_result (*run)(struct flow *flow);
    const char *name; /* in log lines, traces and the step-duration histogram */
};

#define STEP(function)                                                                             \
    {                                                                                              \
        function, #function                                                                        \
    }
/* A flow that walks off its table has done what it was for. */
#define STEP_END                                                                                   \
    {                                                                                              \
        NULL, NULL                                                                                 \
    }

enum flow_end {
    FLOW_DONE,    /* STEP_DONE, or the end of the table */
    FLOW_FAILED,  /* flow->error is set */
    FLOW_GONE,    /* cancelled: nobody waits for it any more */
    FLOW_TOO_LATE /* cancelled: its deadline has passed */
};

enum {
    FLOW_DEPTH = 6 /* tables inside tables */
};

/* What a flow waits for. Embedded in the operation of the room that performs it. */
struct op {
    struct flow *flow;
    /* Ends the operation without completing it: the flow's memory goes away right after. */
    void (*cancel)(struct op *op);
};

/* Something to be let go when the flow ends: a JSON document, a key. */
struct owned {
    struct owned *next;
    void (*release)(void *thing);
    void *thing;
};

struct flow {
    const char *name;
    const struct step *step;              /* the one that runs, or that runs next */
    const struct step *waiting;           /* the one whose operation is pending */
    const struct step *outer[FLOW_DEPTH]; /* where the tables that were entered go back to */
    size_t depth;
    const struct step *entering;
    void *state;        /* what the steps keep between them; set by whoever starts the flow */
    struct op *pending; /* at most one */
    bool running;
    bool completed; /* an operation completed while `running` */
    bool cancelled;
    enum flow_end end;
    struct error error;
    int64_t deadline;   /* clock_monotonic_ms(); 0: none */
    int64_t step_began; /* clock_monotonic_us() */
    uint64_t checked;   /* the last pass over all flows that has seen this one */
    struct arena arena;
    struct owned *owned;
    struct list link; /* in the list of all living flows */
    /* Called once, before the arena goes. Must not start an operation. */
    void (*on_end)(struct flow *flow, enum flow_end end);
    /* For log lines while the flow runs; may be absent. */
    struct slice log_request;
    struct slice log_provider;
    struct slice log_client;
};

/*
 * A flow inside a struct of `size` bytes whose first member it is; cleared, and living in its own
 * arena. It must be run (or ended with flow_cancel()), else it leaks.
 */
struct flow *flow_new(size_t size, const char *name, const struct step *steps);

/* Runs until the flow waits or ends. After the call the flow may be gone. */
void flow_run(struct flow *flow);

/* An operation has finished; called by the room that performed it, exactly once per operation that
 * was not cancelled, perhaps before the call that started it has returned. */
void flow_op_completed(struct op *op);

/* For a step that is a table of its own: `return flow_enter(flow, table)`. STEP_END of that table
 * leads back. */
enum step_result flow_enter(struct flow *flow, const struct step *table);
enum step_result flow_enter_again(struct flow *flow, const struct step *table);

/* Registers the operation a step is about to wait for. */
void flow_op_started(struct flow *flow, struct op *op, void (*cancel)(struct op *op));

/* The client has gone, or the worker stops: ends the flow now, or after the running step, whatever
 * that step says. */
void flow_cancel(struct flow *flow, enum flow_end why);

/* Milliseconds from now. */
void flow_set_deadline(struct flow *flow, int64_t milliseconds);
/* Cancels the flows whose deadline has passed; called by a coarse timer. */
void flow_check_deadlines(void);

/* How many flows live, and the end of all of them; of a running one, when its step is over. */
size_t flow_count(void);
void flow_cancel_all(enum flow_end why);

/* `release(thing)` is called when the flow ends, in reverse order of registration. */
void flow_own(struct flow *flow, void *thing, void (*release)(void *thing));

/* For a step that ends in failure: `return flow_fail(flow, &ERROR_INVALID_GRANT, "why, for the
 * log")`. The stranger gets the text of the kind. */
enum step_result flow_fail(struct flow *flow, const struct error_kind *kind, const char *detail,
                           ...) __attribute__((format(printf, 3, 4)));
/* The same with a text for the stranger of its own (static or in the flow's arena). */
enum step_result flow_fail_telling(struct flow *flow, const struct error_kind *kind,
                                   const char *description, const char *detail, ...)
    __attribute__((format(printf, 4, 5)));
/* The error was made elsewhere, by a reader. */
enum step_result flow_fail_with(struct flow *flow, const struct error *error);

/* Told after every step: how long it took, for the histogram. NULL: nobody. */
extern void (*flow_observer)(const struct flow *flow, const char *step, int64_t microseconds);

#endif
