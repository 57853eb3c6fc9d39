#include "plugin/jail.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/random.h"
#include "plugin/frame.h"
#include "plugin/jail_process.h"

#include <signal.h>

/* Whom a jail that ends is blamed on: who was called. Outlives the call: its flow may have gone. */
struct blame {
    struct quarantine *quarantine;
    struct slice provider;
    const char *hook; /* NULL: nobody */
    char id[17];      /* of the call */
};

struct jail {
    struct event_base *base;
    struct jail_process process;
    struct event *readable;
    struct event
        *timer;        /* the budget of a call or of loading, or the pause before the next start */
    struct list calls; /* those that wait, in their order; the one at work is not among them */
    bool busy;         /* a hook is running */
    bool reading;      /* frames are being taken: no call is begun before all have been */
    struct hook_call *at_work; /* whose; NULL although busy: its flow has gone */
    struct blame blame;        /* the hook at work, or the last one */
    struct blame before;       /* the one before that */
    int64_t called_at;
    unsigned failed_starts; /* one after the other */
};

static void set_timer(struct jail *jail, int64_t milliseconds)
{
    struct timeval after = { milliseconds / 1000, (milliseconds % 1000) * 1000 };

    event_add(jail->timer, &after);
}

static void complete(struct hook_call *call, enum jail_failure failure, const char *why)
{
    call->failure = failure;
    if (why != NULL)
        call->failure_text = arena_copy(&call->op.flow->arena, slice_of(why));
    flow_op_completed(&call->op);
}

static struct hook_call *next_call(struct jail *jail)
{
    struct hook_call *call = list_entry(jail->calls.next, struct hook_call, link);

    list_remove(&call->link);
    return call;
}

static void on_readable(evutil_socket_t fd, short what, void *context);

static void watch(struct jail *jail)
{
    jail->readable =
        event_new(jail->base, jail->process.socket, EV_READ | EV_PERSIST, on_readable, jail);
    event_add(jail->readable, NULL);
}

/* Starts anew; "loaded" will come through the event loop. */
static void restart(struct jail *jail)
{
    if (jail->failed_starts < 2 && jail_process_start(&jail->process)) {
        watch(jail);
        set_timer(jail, JAIL_LOAD_MS);
        return;
    }
    log_error("the plugin jail cannot be started again; calls of hooks fail until it can");
    while (!list_is_empty(&jail->calls))
        complete(next_call(jail), JAIL_GONE, "the jail cannot be started");
    jail->failed_starts = 1;
    set_timer(jail, 1000);
}

/* `guilty` NULL: nobody was at work. */
static void judge(struct jail *jail, const struct blame *guilty, const char *why)
{
    if (!jail->process.loaded && !jail->busy) {
        jail->failed_starts++;
        log_error("the plugin jail %s while it was loading %s", why, jail->process.loading);
        if (jail->process.loading[0] != '\0')
            json_array_append_new(jail->process.except, json_string(jail->process.loading));
    } else if (guilty == NULL || guilty->hook == NULL) {
        log_error("the plugin jail %s while no hook was running; a new one is started", why);
    } else {
        log_error("plugin misbehaving: %s of provider %.*s has cost the jail: it %s; a new one is "
                  "started",
                  guilty->hook, SLICE_ARG(guilty->provider), why);
        if (guilty->quarantine != NULL)
            quarantine_strike(guilty->quarantine, guilty->provider, guilty->hook);
    }
}

static void jail_ended(struct jail *jail, const struct blame *guilty, const char *because)
{
    char why[256] = "";
    struct hook_call *call = jail->at_work;
    bool was_loaded = jail->process.loaded;

    if (because != NULL)
        snprintf(why, sizeof(why), "%s", because);
    event_free(jail->readable);
    jail->readable = NULL;
    event_del(jail->timer);
    jail_process_end(&jail->process, why, sizeof(why));
    jail->process.loaded = was_loaded;
    judge(jail, guilty, why);
    jail->process.loaded = false;
    jail->busy = false;
    jail->at_work = NULL;
    jail->blame = jail->before = (struct blame){ 0 };
    restart(jail);
    if (call != NULL)
        complete(call, JAIL_ENDED, why);
}

static bool send_call(struct jail *jail, struct hook_call *call)
{
    json_object_set_new(call->input, "type", json_string("call"));
    json_object_set_new(call->input, "id", json_string(jail->blame.id));
    json_object_set_new(call->input, "plugin", json_string(call->file));
    json_set_slice(call->input, "provider", call->provider);
    json_object_set_new(call->input, "hook", json_string(call->hook));
    return jail_process_send(&jail->process, call->input);
}

/* Nothing is left that the last hook has written besides its result: it would be taken for the
 * answer to the next call. A jail that has died since is replaced before a call is given to it. */
static bool is_quiet(struct jail *jail)
{
    bool open = jail_process_receive(&jail->process);

    if (open && jail->process.incoming.len == 0)
        return true;
    if (open)
        jail_ended(jail, &jail->blame, "sent more than a result");
    else
        jail_ended(jail, NULL, NULL);
    return false;
}

static void blame_for(struct jail *jail, const struct hook_call *call)
{
    jail->before = jail->blame;
    jail->blame = (struct blame){ call->quarantine, call->name, call->hook, "" };
    snprintf(jail->blame.id, sizeof(jail->blame.id), "%016llx", (unsigned long long)random_u64());
}

static void send_next(struct jail *jail)
{
    while (jail->process.loaded && !jail->busy && !jail->reading && !list_is_empty(&jail->calls) &&
           is_quiet(jail)) {
        struct hook_call *call = next_call(jail);

        if (call->quarantine != NULL && quarantine_holds(call->quarantine)) {
            complete(call, JAIL_QUARANTINED, "the provider is in quarantine");
            continue;
        }
        jail->busy = true;
        jail->at_work = call;
        blame_for(jail, call);
        jail->called_at = clock_monotonic_us();
        set_timer(jail, JAIL_BUDGET_MS);
        if (!send_call(jail, call))
            jail_ended(jail, &jail->blame, "did not take the call");
    }
}

static void relay_log(const struct blame *blame, const json_t *frame)
{
    static const enum log_level levels[] = { LEVEL_DEBUG, LEVEL_INFO, LEVEL_WARN };
    const json_t *each;
    size_t i;

    json_array_foreach(json_object_get(frame, "log"), i, each)
    {
        json_int_t level = json_integer_value(json_array_get(each, 0));

        log_write(levels[level >= 0 && level <= 2 ? level : 1], "%s of %.*s says: %.*s",
                  blame->hook, SLICE_ARG(blame->provider),
                  SLICE_ARG(json_slice(json_array_get(each, 1))));
    }
}

static void release_json(void *json)
{
    json_decref(json);
}

static void take_result(struct jail *jail, json_t *frame)
{
    struct hook_call *call = jail->at_work;
    int64_t took = clock_monotonic_us() - jail->called_at;

    jail->busy = false;
    jail->at_work = NULL;
    event_del(jail->timer);
    relay_log(&jail->blame, frame);
    if (took > JAIL_SLOW_MS * 1000)
        log_warn("%s of provider %.*s took %lld ms; a hook should stay under %d ms",
                 jail->blame.hook, SLICE_ARG(jail->blame.provider), (long long)(took / 1000),
                 JAIL_SLOW_MS);
    if (call == NULL)
        return;
    call->output = json_incref(frame);
    flow_own(call->op.flow, frame, release_json);
    if (json_is_integer(json_object_get(frame, "result")))
        complete(call, JAIL_OK, NULL);
    else
        complete(call, JAIL_LIED, "the hook's result is no number");
}

/* A key is wanted in the middle of a call; nobody answers for a flow that has gone. */
static bool answer(struct jail *jail, const json_t *question)
{
    struct hook_call *call = jail->at_work;
    struct arena arena = { 0 };
    json_t *frame = json_pack("{s:s}", "type", "answer");

    if (call != NULL && call->ask != NULL)
        json_set_slice(frame, "text", call->ask(call, &arena, question));
    bool sent = jail_process_send(&jail->process, frame);

    json_decref(frame);
    arena_release(&arena);
    return sent;
}

/* While it loads. NULL, or why the jail must be ended. */
static const char *take_loading(struct jail *jail, const json_t *frame)
{
    if (frame_is(frame, "loading")) { /* noted by the process */
        set_timer(jail, JAIL_LOAD_MS);
        return NULL;
    }
    if (!frame_is(frame, "loaded"))
        return "sent a frame that nobody waits for";
    jail->failed_starts = 0;
    event_del(jail->timer);
    return NULL;
}

/* One frame. NULL, or why the jail must be ended. */
static const char *take_frame(struct jail *jail, json_t *frame, bool was_loaded, char *text,
                              size_t size)
{
    bool is_of_call = jail->busy && slice_is(json_member(frame, "id"), jail->blame.id);

    if (frame_is(frame, "broken")) {
        snprintf(text, size, "%.*s", SLICE_ARG(json_member(frame, "why")));
        return text;
    }
    if (!was_loaded)
        return take_loading(jail, frame);
    if (is_of_call && frame_is(frame, "ask"))
        return answer(jail, frame) ? NULL : "did not take an answer";
    if (is_of_call && frame_is(frame, "result")) {
        take_result(jail, frame);
        return NULL;
    }
    return "sent a frame that nobody waits for";
}

/* Who has written what came last: the hook at work, unless it bears the name of the call before. */
static const struct blame *writer_of(const struct jail *jail, const json_t *frame)
{
    return jail->before.hook != NULL && slice_is(json_member(frame, "id"), jail->before.id)
               ? &jail->before
               : &jail->blame;
}

static void on_readable(evutil_socket_t fd, short what, void *context)
{
    struct jail *jail = context;
    bool open = jail_process_receive(&jail->process);
    bool was_loaded = jail->process.loaded;
    const struct blame *guilty = &jail->blame;
    const char *broken = NULL;
    const char *why = NULL;
    char text[160];
    json_t *frame;

    (void)fd;
    (void)what;
    jail->reading = true;
    while (why == NULL && (frame = jail_process_next(&jail->process, &broken)) != NULL) {
        guilty = writer_of(jail, frame);
        why = take_frame(jail, frame, was_loaded, text, sizeof(text));
        was_loaded = jail->process.loaded;
        json_decref(frame);
    }
    jail->reading = false;
    if (broken != NULL) {
        guilty = &jail->blame;
        snprintf(text, sizeof(text), "sent what is no frame: %s", broken);
        why = text;
    }
    if (why != NULL)
        jail_ended(jail, guilty, why);
    else if (!open)
        jail_ended(jail, jail->busy ? &jail->blame : NULL, NULL);
    send_next(jail);
}

static void on_timer(evutil_socket_t fd, short what, void *context)
{
    struct jail *jail = context;

    (void)fd;
    (void)what;
    if (jail->process.pid == 0)
        restart(jail);
    else
        jail_ended(jail, &jail->blame,
                   jail->busy ? "did not return within 2 s" : "did not load its plugins in time");
    send_next(jail);
}

struct jail *jail_new(struct event_base *base, const struct jail_settings *settings,
                      struct problems *problems)
{
    struct jail *jail = mem_zalloc(1, sizeof(*jail));

    jail->base = base;
    list_init(&jail->calls);
    jail_process_init(&jail->process, settings);
    if (!jail_process_start_and_wait(&jail->process, problems)) {
        jail_free(jail);
        return NULL;
    }
    jail->timer = evtimer_new(base, on_timer, jail);
    watch(jail);
    return jail;
}

void jail_free(struct jail *jail)
{
    if (jail == NULL)
        return;
    if (jail->readable != NULL)
        event_free(jail->readable);
    if (jail->timer != NULL)
        event_free(jail->timer);
    jail_process_release(&jail->process);
    mem_free(jail);
}

const json_t *jail_plugins(const struct jail *jail)
{
    return jail->process.plugins;
}

pid_t jail_pid(const struct jail *jail)
{
    return jail->process.pid;
}

static void cancel_call(struct op *op)
{
    struct hook_call *call = container_of(op, struct hook_call, op);

    list_remove(&call->link);
    if (call->jail->at_work == call)
        call->jail->at_work = NULL; /* the hook goes on, for nobody */
}

void jail_call(struct jail *jail, struct flow *flow, struct hook_call *call)
{
    call->jail = jail;
    list_init(&call->link);
    flow_own(flow, call->input, release_json);
    flow_op_started(flow, &call->op, cancel_call);
    list_add(&jail->calls, &call->link);
    send_next(jail);
}
