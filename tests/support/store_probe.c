#include "tests/support/store_probe.h"

#include "base/clock.h"

struct probe_flow {
    struct flow flow;
    struct probe *probe;
    struct store *store;
};

static enum step_result ask(struct flow *flow)
{
    struct probe_flow *own = (struct probe_flow *)flow;

    store_run(own->store, flow, own->probe->commands, own->probe->count);
    return STEP_WAIT;
}

static enum step_result copy(struct flow *flow)
{
    struct probe *probe = ((struct probe_flow *)flow)->probe;

    for (size_t i = 0; i < probe->count && probe->arena != NULL; i++) {
        struct store_command *command = &probe->commands[i];
        struct slice *members =
            arena_alloc(probe->arena, (command->member_count + 1) * sizeof(struct slice));

        command->found = arena_copy(probe->arena, command->found);
        for (size_t k = 0; k < command->member_count; k++)
            members[k] = arena_copy(probe->arena, command->members[k]);
        command->members = members;
    }
    probe->answered = true;
    return STEP_DONE;
}

static const struct step steps[] = { STEP(ask), STEP(copy), STEP_END };

static void ended(struct flow *flow, enum flow_end end)
{
    (void)end;
    ((struct probe_flow *)flow)->probe->flow = NULL;
}

void probe_start(struct probe *probe, struct store *store)
{
    struct probe_flow *own = (struct probe_flow *)flow_new(sizeof(*own), "probe", steps);

    own->probe = probe;
    own->store = store;
    own->flow.on_end = ended;
    probe->flow = &own->flow;
    flow_run(&own->flow);
}

void probe_wait(struct probe *probe, struct event_base *base)
{
    while (probe->flow != NULL)
        event_base_loop(base, EVLOOP_ONCE);
}

void probe_run(struct event_base *base, struct store *store, struct arena *arena,
               struct store_command *commands, size_t count)
{
    struct probe probe = { .arena = arena, .commands = commands, .count = count };

    probe_start(&probe, store);
    probe_wait(&probe, base);
}

enum store_status probe_one(struct event_base *base, struct store *store, struct arena *arena,
                            struct store_command *command)
{
    probe_run(base, store, arena, command, 1);
    return command->status;
}

struct store *probe_open(struct event_base *base, const char *url, const char *ca_file,
                         int64_t timeout_ms)
{
    struct store_settings settings = { .timeout_ms = timeout_ms, .ca_file = ca_file };
    struct arena arena = { 0 };
    const char *why = NULL;
    struct store *store = store_open(base, &arena, slice_of(url), &settings, &why);

    if (store == NULL) {
        fprintf(stderr, "%s: %s\n", url, why);
        abort();
    }
    arena_release(&arena);
    return store;
}

static void stop(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    *(bool *)arg = true;
}

static void loop_until(struct event_base *base, const struct store *store, bool wanted, int64_t ms)
{
    bool over = false;
    struct event *timer = evtimer_new(base, stop, &over);
    struct timeval left = { ms / 1000, (suseconds_t)(ms % 1000 * 1000) };

    event_add(timer, &left);
    while (!over && (store == NULL || store_is_reachable(store) != wanted))
        event_base_loop(base, EVLOOP_ONCE);
    event_free(timer);
}

bool probe_reachable(struct event_base *base, const struct store *store, bool wanted,
                     int64_t limit_ms)
{
    loop_until(base, store, wanted, limit_ms);
    return store_is_reachable(store) == wanted;
}

void probe_loop(struct event_base *base, int64_t ms)
{
    loop_until(base, NULL, true, ms);
}
