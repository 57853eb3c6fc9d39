#include "process/worker.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "hub/router.h"
#include "issuer/keys.h"
#include "net/http_server.h"
#include "net/tls.h"
#include "process/routes.h"

#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    TICK_MS = 250,
    EAGER_TICK_MS = 5, /* until ready */
    /* Before a worker that has no keys yet is ready all the same: */
    STORE_WAIT_MS = 2500, /* for a store that does not answer */
    KEYS_WAIT_MS = 15000 /* for one that does: on a busy machine the first keys take long to make */
};

struct serving {
    const struct worker *worker;
    struct hub *hub;
    struct event_base *base;
    struct router *public_router;
    struct router *internal_router;
    struct http_server *public_server;
    struct http_server *admin_server;
    SSL_CTX *tls; /* NULL: plain */
    struct event *tick;
    struct event *master;
    struct event *signals[2];
    int64_t started;
    int64_t stop_by; /* clock_monotonic_ms(); 0: not stopping */
    size_t busy;     /* servers that still have connections while stopping */
    bool ready;
    int status; /* to exit with */
};

static void tell_master(const struct worker *worker, char what, struct slice text)
{
    struct arena arena = { 0 };
    struct slice message = arena_printf(&arena, "%c%.*s", what, SLICE_ARG(text));

    /* A sequenced-packet socket: one message, whole. */
    if (worker->master >= 0 && send(worker->master, message.at, message.len, MSG_NOSIGNAL) < 0)
        log_warn("the master does not hear: %s", strerror(errno));
    arena_release(&arena);
}

static void say_problems(const struct worker *worker, const struct problems *problems)
{
    struct buf text = BUF_INIT(64 * 1024);

    problems_write(problems, &text);
    if (problems->errors > 0) {
        if (worker->master >= 0)
            tell_master(worker, 'F', buf_slice(&text));
        else
            fputs(buf_slice(&text).at, stderr);
    } else if (text.len > 0 && (worker->slot == 0 || worker->again)) {
        log_warn("%.*s", SLICE_ARG(buf_slice(&text)));
    }
    buf_release(&text);
}

/* ---- stopping ---- */

static void server_idle(void *context)
{
    struct serving *serving = context;

    if (--serving->busy == 0)
        event_base_loopexit(serving->base, NULL);
}

/* The master keeps those that another worker needs. One that stayed open here would still be given
 * connections, and nobody would take them. */
static void close_listeners(const struct worker *worker)
{
    for (size_t i = 0; i < worker->settings->listen.count; i++)
        close(worker->listeners[i]);
    if (worker->admin >= 0)
        close(worker->admin);
}

static void begin_stop(struct serving *serving)
{
    if (serving->stop_by != 0)
        return;
    log_info("stopping: no new connections, %zu flows to finish", flow_count());
    serving->hub->stopping = true;
    serving->stop_by = clock_monotonic_ms() + WORKER_DRAIN_MS;
    serving->busy = serving->admin_server != NULL ? 2 : 1;
    http_server_on_idle(serving->public_server, server_idle, serving);
    http_server_stop(serving->public_server);
    if (serving->admin_server != NULL) {
        http_server_on_idle(serving->admin_server, server_idle, serving);
        http_server_stop(serving->admin_server);
    }
    if (serving->worker->master >= 0)
        close_listeners(serving->worker);
}

static void on_signal(evutil_socket_t number, short what, void *context)
{
    (void)number;
    (void)what;
    begin_stop(context);
}

/* "S" is the master's word to stop, and ours that it was heard; its end of the socket closed means
 * that there is no master. */
static void on_master(evutil_socket_t fd, short what, void *context)
{
    struct serving *serving = context;
    char byte;
    ssize_t got = recv(fd, &byte, 1, MSG_DONTWAIT);

    (void)what;
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    begin_stop(serving);
    if (got > 0)
        tell_master(serving->worker, 'S', slice_none());
    else
        event_del(serving->master);
}

/* ---- ticking ---- */

static void set_tick(struct serving *serving, int64_t milliseconds)
{
    struct timeval tick = { 0, milliseconds * 1000 };

    event_add(serving->tick, &tick);
}

/* Not before this worker can do what it is asked for: connections wait in the socket until then, or
 * go to the worker of the generation before. */
static void start_listening(struct serving *serving)
{
    const struct worker *worker = serving->worker;

    for (size_t i = 0; i < worker->settings->listen.count; i++)
        http_server_listen(serving->public_server, worker->listeners[i], serving->tls);
    if (serving->admin_server != NULL)
        http_server_listen(serving->admin_server, worker->admin, NULL);
}

static bool awaits_keys(const struct serving *serving)
{
    const struct signing *signing = serving->hub->signing;
    bool store_answers = store_is_reachable(serving->hub->store);

    return !signing_is_ready(signing) && signing_failure(signing) == NULL &&
           clock_monotonic_ms() - serving->started < (store_answers ? KEYS_WAIT_MS : STORE_WAIT_MS);
}

/* Nobody who can use the keys is to be replaced by somebody who cannot. */
static bool has_to_give_up(const struct serving *serving)
{
    const struct signing *signing = serving->hub->signing;

    return !serving->worker->again && !signing_is_ready(signing) &&
           signing_failure(signing) != NULL;
}

static void give_up(struct serving *serving)
{
    struct arena arena = { 0 };
    struct problems problems = { .arena = &arena };

    problem_add(&problems, (struct mark){ 0 }, "%s", signing_failure(serving->hub->signing));
    say_problems(serving->worker, &problems);
    arena_release(&arena);
    serving->status = EXIT_CONFIGURATION;
    event_base_loopexit(serving->base, NULL);
}

static void check_ready(struct serving *serving)
{
    if (serving->ready || serving->stop_by != 0 || serving->status != 0 || awaits_keys(serving))
        return;
    if (has_to_give_up(serving)) {
        give_up(serving);
        return;
    }
    serving->ready = true;
    set_tick(serving, TICK_MS);
    start_listening(serving);
    if (!signing_is_ready(serving->hub->signing))
        log_warn("serving without the store for now: what needs it is answered with 503");
    tell_master(serving->worker, 'R', slice_none());
}

static void on_tick(evutil_socket_t fd, short what, void *context)
{
    struct serving *serving = context;
    struct metrics *metrics = serving->hub->metrics;

    (void)fd;
    (void)what;
    flow_check_deadlines();
    check_ready(serving);
    metrics_set(metrics, METRIC_CONNECTIONS, 0, 0, http_server_connections(serving->public_server));
    metrics_set(metrics, METRIC_FLOWS, 0, 0, flow_count());
    if (serving->stop_by != 0 && clock_monotonic_ms() > serving->stop_by) {
        log_warn("%zu flows were not finished in time", flow_count());
        event_base_loopexit(serving->base, NULL);
    }
}

/* ---- starting ---- */

static const char *const *provider_names(struct hub *hub)
{
    const char **names = arena_zalloc(&hub->arena, (hub->providers.count + 1) * sizeof(*names));

    for (size_t i = 0; i < hub->providers.count; i++)
        names[i] = arena_string(&hub->arena, hub->providers.at[i].id);
    return names;
}

/* For the observer, which gets no context: there is one worker in a process. */
static const char *const *step_names;
static struct metrics *step_metrics;

static void observe_step(const struct flow *flow, const char *step, int64_t microseconds)
{
    static struct {
        const char *name;
        size_t index;
    } memo[1024];
    size_t place = ((uintptr_t)step >> 2) % 1024;

    (void)flow;
    if (memo[place].name != step) {
        size_t index = 0;

        while (step_names[index] != NULL && strcmp(step_names[index], step) != 0)
            index++;
        memo[place].name = step;
        memo[place].index = index;
    }
    metrics_observe(step_metrics, METRIC_STEP_TIME, memo[place].index, microseconds);
}

static void lay_out_metrics(struct hub *hub)
{
    struct metric_labels labels = { .routes = router_route_names(&hub->arena, public_routes),
                                    .steps = router_step_names(&hub->arena, public_routes),
                                    .providers = provider_names(hub) };

    step_names = labels.steps;
    step_metrics = hub->metrics;
    metrics_lay_out(&labels);
    flow_observer = observe_step;
}

static void open_tls(struct serving *serving, struct problems *problems)
{
    const struct tls_identity *identity = &serving->worker->identity;
    const char *why;

    if (!slice_is_set(identity->certificate))
        return;
    serving->tls = tls_server_context_of(problems->arena, identity, false, &why);
    if (serving->tls == NULL)
        problem_add(problems, (struct mark){ 0 }, "tls: %s", why);
}

static void open_servers(struct serving *serving)
{
    const struct worker *worker = serving->worker;
    const struct settings *settings = worker->settings;
    struct http_server_settings server = {
        .limits = { .head = settings->limits.header,
                    .target = settings->limits.header / 2,
                    .headers = 100,
                    .body = settings->limits.body },
        .connections = settings->limits.connections,
        .idle_ms = settings->limits.idle,
        .total_ms = 15 * 1000,
        .requests_per_connection = 10000,
        .error_headers = router_error_headers(serving->hub),
    };
    struct http_handler handler = router_handler(serving->public_router);

    serving->public_server = http_server_new(serving->base, &server, &handler);
    if (worker->admin < 0)
        return;
    handler = router_handler(serving->internal_router);
    server.connections = 64;
    serving->admin_server = http_server_new(serving->base, &server, &handler);
}

static void open_events(struct serving *serving)
{
    static const int numbers[2] = { SIGTERM, SIGINT };

    serving->tick = event_new(serving->base, -1, EV_PERSIST, on_tick, serving);
    set_tick(serving, EAGER_TICK_MS);
    for (int i = 0; i < 2; i++) {
        serving->signals[i] = evsignal_new(serving->base, numbers[i], on_signal, serving);
        event_add(serving->signals[i], NULL);
    }
    if (serving->worker->master >= 0) {
        serving->master = event_new(serving->base, serving->worker->master, EV_READ | EV_PERSIST,
                                    on_master, serving);
        event_add(serving->master, NULL);
    }
}

static void close_all(struct serving *serving)
{
    http_server_free(serving->public_server);
    http_server_free(serving->admin_server);
    hub_close(serving->hub);
    router_free(serving->public_router);
    router_free(serving->internal_router);
    for (int i = 0; i < 2; i++) {
        if (serving->signals[i] != NULL)
            event_free(serving->signals[i]);
    }
    if (serving->master != NULL)
        event_free(serving->master);
    if (serving->tick != NULL)
        event_free(serving->tick);
    SSL_CTX_free(serving->tls);
    event_base_free(serving->base);
    arena_cache_release();
}

/* What a worker never needs again; the jail inherits none of it anyhow. A reload is the master's
 * affair, and a terminal that goes away tells it too. */
static void shed_privileges(const struct worker *worker)
{
    struct rlimit none = { 0, 0 };

    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN); /* a file that may not grow is an error like a full disk */
    if (worker->master >= 0)
        signal(SIGHUP, SIG_IGN);
    if (setrlimit(RLIMIT_CORE, &none) != 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0 ||
        prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        log_warn("a worker keeps what it should not need: %s", strerror(errno));
}

int worker_run(const struct worker *worker)
{
    struct serving serving = { .worker = worker, .started = clock_monotonic_ms() };
    struct arena arena = { 0 };
    struct problems problems = { .arena = &arena };
    unsigned parts = worker->again ? HUB_WHOLE | HUB_ANYHOW : HUB_WHOLE;

    shed_privileges(worker);
    serving.base = event_base_new();
    serving.hub = hub_open(serving.base, worker->settings, worker->shared, worker->slot, parts,
                           NULL, &problems);
    if (serving.hub != NULL)
        open_tls(&serving, &problems);
    say_problems(worker, &problems);
    if (serving.hub == NULL || problems.errors > 0) {
        close_all(&serving);
        arena_release(&arena);
        return EXIT_CONFIGURATION;
    }
    lay_out_metrics(serving.hub);
    serving.hub->signing = signing_new(serving.hub);
    serving.public_router = router_new(serving.hub, public_routes, serving.hub->base_path, true);
    serving.internal_router = router_new(serving.hub, internal_routes, SL(""), false);
    open_servers(&serving);
    open_events(&serving);
    check_ready(&serving);
    event_base_dispatch(serving.base);
    log_info("stopped");
    close_all(&serving);
    arena_release(&arena);
    return serving.status;
}
