#include "process/master.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "config/settings.h"
#include "process/control.h"
#include "process/generation.h"
#include "process/notify.h"
#include "process/worker.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    OLD_MAX = 8,          /* generations that are still finishing */
    ASKERS_MAX = 8,       /* at the control socket */
    START_MS = 20 * 1000, /* for a generation to become ready */
    LEAVE_MS = 2 * 1000,  /* for the one before to accept no more */
    POLLED_MAX = 4 + ASKERS_MAX + (OLD_MAX + 2) * WORKERS_MAX
};

struct master {
    const char *config;
    int workers;
    struct sockets *sockets;
    int signals;
    int control;
    struct slice control_path;
    struct arena arena;
    int askers[ASKERS_MAX];       /* -1: free */
    unsigned waiting[ASKERS_MAX]; /* for the reload of that number; 0: for none */
    /* A reload goes through three stages, each of which may be there alone. */
    struct planning planning; /* pid 0: nothing is being read */
    struct generation *next;  /* is becoming ready */
    int64_t next_deadline;
    struct generation *leaving; /* one of `old` that may still accept connections */
    int64_t leaving_deadline;
    struct generation *current;
    struct generation *old[OLD_MAX];
    unsigned count;    /* of generations so far */
    unsigned reloads;  /* begun so far; the start is the first */
    bool reload_again; /* asked for while one was under way */
    bool stopping;
    bool alone; /* the configuration wants one process for everything: this one */
    int status;
};

/* ---- who asks ---- */

static void let_go(struct master *master, size_t which)
{
    close(master->askers[which]);
    master->askers[which] = -1;
    master->waiting[which] = 0;
}

/* The last word to those who wait for a reload up to that number. Who does not read gets less. */
static void tell(struct master *master, unsigned reload, const char *text)
{
    for (size_t i = 0; i < ASKERS_MAX; i++) {
        if (master->waiting[i] == 0 || master->waiting[i] > reload)
            continue;
        if (send(master->askers[i], text, strlen(text), MSG_NOSIGNAL) < 0)
            log_warn("an answer to a reload was not heard: %s", strerror(errno));
        let_go(master, i);
    }
}

static bool is_reloading(const struct master *master)
{
    return master->planning.pid != 0 || master->next != NULL || master->leaving != NULL;
}

static void begin_reload(struct master *master);

/* A file that was changed while it was being read has to be read once more. */
static void want_reload(struct master *master)
{
    if (is_reloading(master))
        master->reload_again = true;
    else
        begin_reload(master);
}

static void hear_asker(struct master *master, size_t which)
{
    char line[64] = "";
    ssize_t len = recv(master->askers[which], line, sizeof(line) - 1, MSG_DONTWAIT);

    if (len < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (len > 0 && strcmp(line, "reload\n") == 0 && !master->stopping) {
        master->waiting[which] = master->reloads + 1; /* the next that begins */
        want_reload(master);
        return;
    }
    if (len > 0)
        dprintf(master->askers[which], "%s\nfailed\n",
                master->stopping ? "it is stopping" : "this is not understood");
    let_go(master, which);
}

static void accept_asker(struct master *master)
{
    int fd = accept4(master->control, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    size_t place = 0;

    while (place < ASKERS_MAX && master->askers[place] >= 0)
        place++;
    if (fd < 0)
        return;
    if (place == ASKERS_MAX || !control_peer_is_allowed(fd)) {
        close(fd);
        return;
    }
    master->askers[place] = fd;
    master->waiting[place] = 0;
}

/* ---- reload ---- */

static void begin_reload(struct master *master)
{
    master->reloads++;
    notify_systemd("RELOADING=1");
    if (!planning_start(&master->planning, master->config, master->workers)) {
        log_error("a child to read the configuration cannot be started: %s", strerror(errno));
        tell(master, master->reloads, "no process can be started\nfailed\n");
    }
}

/* What ends a line that may be ended already. */
static const char *line_end(const char *text)
{
    size_t len = strlen(text);

    return len > 0 && text[len - 1] == '\n' ? "" : "\n";
}

static void end_reload(struct master *master, const char *failure)
{
    struct arena arena = { 0 };

    if (failure == NULL) {
        log_info("generation %u serves", master->current->number);
        tell(master, master->reloads, "ok\n");
    } else {
        log_error("the reload has failed, and what served goes on serving: %s", failure);
        tell(master, master->reloads,
             arena_printf(&arena, "%s%sfailed\n", failure, line_end(failure)).at);
    }
    arena_release(&arena);
    notify_systemd("READY=1");
    if (master->reload_again && !master->stopping) {
        master->reload_again = false;
        begin_reload(master);
    }
}

/* The first one, before anything has served. */
static void fail_start(struct master *master, const char *why)
{
    fprintf(stderr, "%s%s", why, line_end(why));
    master->status = EXIT_CONFIGURATION;
    master->stopping = true;
}

/* A free place for a generation that finishes, else that of the oldest. */
static struct generation **place_for_old(struct master *master)
{
    struct generation **oldest = &master->old[0];

    for (size_t i = 0; i < OLD_MAX; i++) {
        if (master->old[i] == NULL)
            return &master->old[i];
        if (master->old[i]->number < (*oldest)->number)
            oldest = &master->old[i];
    }
    return oldest;
}

static void keep_old(struct master *master, struct generation *generation)
{
    struct generation **place = place_for_old(master);

    generation_stop(generation);
    if (*place != NULL) { /* has had its time */
        generation_kill(*place);
        generation_free(*place);
    }
    *place = generation;
}

/* NULL, or why not. */
static const char *start_next(struct master *master, struct plan *plan)
{
    bool alone = plan->workers == 0;

    if (alone && master->current != NULL)
        return "`workers: 0` is one process instead of several: that needs another start";
    if (alone) {
        master->alone = master->stopping = true;
        return NULL;
    }
    if (master->current == NULL)
        log_configure(plan->log_level, plan->log_format);
    master->next = generation_new(++master->count, plan);
    master->next_deadline = clock_monotonic_ms() + START_MS;
    return master->next != NULL ? NULL : "there is no memory for another generation";
}

/* The child has read the configuration: start what it says. */
static void take_plan(struct master *master)
{
    struct plan plan = { .settings = -1 };
    const char *wrong = planning_finish(&master->planning, &plan);

    if (wrong == NULL && !master->stopping)
        wrong = start_next(master, &plan);
    if (wrong != NULL && !master->stopping)
        (master->current == NULL ? fail_start : end_reload)(master, wrong);
    plan_release(&plan);
}

static void give_up_next(struct master *master, const char *why)
{
    struct generation *next = master->next;

    master->next = NULL;
    if (!master->stopping)
        (master->current == NULL ? fail_start : end_reload)(master, why);
    keep_old(master, next);
}

static void promote_next(struct master *master)
{
    struct generation *before = master->current;

    master->current = master->next;
    master->current->served = true;
    master->next = NULL;
    log_configure(master->current->plan.log_level, master->current->plan.log_format);
    if (before == NULL) {
        end_reload(master, NULL);
        return;
    }
    keep_old(master, before);
    master->leaving = before;
    master->leaving_deadline = clock_monotonic_ms() + LEAVE_MS;
}

static void look_after_planning(const struct master *master)
{
    if (master->planning.pid != 0 && clock_monotonic_ms() > master->planning.late_at)
        planning_kill(&master->planning);
}

/* A reload is done when nobody is served by the configuration of before who comes after it. */
static void look_after_leaving(struct master *master)
{
    if (master->leaving == NULL ||
        (generation_listens(master->leaving) && clock_monotonic_ms() < master->leaving_deadline))
        return;
    master->leaving = NULL;
    end_reload(master, NULL);
}

static void look_after_next(struct master *master)
{
    struct generation *next = master->next;

    if (next == NULL)
        return;
    bool late = clock_monotonic_ms() > master->next_deadline;
    bool has_room = master->current == NULL || *place_for_old(master) == NULL;

    if (!generation_start_due(next, master->sockets) || generation_has_failed(next))
        give_up_next(master, slice_is_set(next->failure) ? next->failure.at
                                                         : "its workers die before they are ready");
    else if (generation_is_ready(next) && (has_room || late))
        promote_next(master);
    else if (late)
        give_up_next(master, "its workers were not ready in time");
}

static void look_after_all(struct master *master)
{
    const struct plan *plans[3] = { NULL };
    size_t count = 0;

    look_after_planning(master);
    look_after_next(master);
    look_after_leaving(master);
    if (master->current != NULL && !master->stopping)
        generation_start_due(master->current, master->sockets);
    for (size_t i = 0; i < OLD_MAX; i++) {
        if (master->old[i] == NULL)
            continue;
        generation_kill_late(master->old[i]);
        if (generation_has_ended(master->old[i])) {
            generation_free(master->old[i]);
            master->old[i] = NULL;
            continue;
        }
    }
    /* Those that finish listen no more: a socket of theirs that was kept would be given connections
     * that nobody takes. */
    if (master->next != NULL && !master->stopping)
        plans[count++] = &master->next->plan;
    if (master->current != NULL && !master->stopping)
        plans[count++] = &master->current->plan;
    sockets_keep(master->sockets, plans);
}

/* ---- signals ---- */

static void reap_children(struct master *master)
{
    int status;
    pid_t pid;

    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
        /* What it said is read to its end, and that is where it is judged. */
        if (pid == master->planning.pid) {
            master->planning.ended = true;
            continue;
        }
        bool known = master->current != NULL &&
                     generation_reap(master->current, pid, status, !master->stopping);

        if (!known && master->next != NULL)
            known = generation_reap(master->next, pid, status, true);
        for (size_t i = 0; !known && i < OLD_MAX; i++)
            known = master->old[i] != NULL && generation_reap(master->old[i], pid, status, false);
    }
}

static void kill_all(struct master *master)
{
    log_info("stopping at once");
    if (master->next != NULL)
        generation_kill(master->next);
    if (master->current != NULL)
        generation_kill(master->current);
    for (size_t i = 0; i < OLD_MAX; i++) {
        if (master->old[i] != NULL)
            generation_kill(master->old[i]);
    }
}

static void begin_stop(struct master *master)
{
    if (master->stopping) { /* asked twice: no more patience */
        kill_all(master);
        return;
    }
    log_info("stopping");
    notify_systemd("STOPPING=1");
    master->stopping = true;
    if (master->planning.pid != 0)
        planning_kill(&master->planning);
    if (master->next != NULL)
        generation_stop(master->next);
    if (master->current != NULL)
        generation_stop(master->current);
}

static void hear_signals(struct master *master)
{
    struct signalfd_siginfo info;

    while (read(master->signals, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
        if (info.ssi_signo == SIGCHLD)
            reap_children(master);
        else if (info.ssi_signo == SIGHUP && !master->stopping)
            want_reload(master);
        else if (info.ssi_signo == SIGTERM || info.ssi_signo == SIGINT)
            begin_stop(master);
    }
}

/* ---- the loop ---- */

struct polled {
    struct pollfd fds[POLLED_MAX];
    struct {
        struct generation *generation; /* a worker of it, ... */
        size_t which;                  /* ... or an asker */
    } who[POLLED_MAX];
    nfds_t count;
};

static void add(struct polled *polled, int fd, struct generation *generation, size_t which)
{
    if (fd < 0 || polled->count == POLLED_MAX)
        return;
    polled->fds[polled->count] = (struct pollfd){ fd, POLLIN, 0 };
    polled->who[polled->count].generation = generation;
    polled->who[polled->count++].which = which;
}

static void add_generation(struct polled *polled, struct generation *generation)
{
    for (unsigned slot = 0; generation != NULL && slot < generation->plan.workers; slot++)
        add(polled, generation->slots[slot].socket, generation, slot);
}

static int64_t next_due(const struct master *master)
{
    int64_t due = master->next != NULL        ? master->next_deadline
                  : master->leaving != NULL   ? master->leaving_deadline
                  : master->planning.pid != 0 ? master->planning.late_at
                                              : INT64_MAX;
    const struct generation *all[OLD_MAX + 2] = { master->current, master->next };

    for (size_t i = 0; i < OLD_MAX; i++)
        all[i + 2] = master->old[i];
    for (size_t i = 0; i < OLD_MAX + 2; i++) {
        int64_t each = all[i] != NULL ? generation_next_due(all[i]) : INT64_MAX;

        if (each < due)
            due = each;
    }
    return due;
}

static void wait_for_something(struct master *master)
{
    static struct polled polled;
    int64_t due = next_due(master);
    int64_t wait = due == INT64_MAX ? 10000 : due - clock_monotonic_ms();

    polled.count = 0;
    add(&polled, master->signals, NULL, 0);
    add(&polled, master->control, NULL, 0);
    add(&polled, master->planning.pid != 0 ? master->planning.output : -1, NULL, 0);
    for (size_t i = 0; i < ASKERS_MAX; i++)
        add(&polled, master->waiting[i] > 0 ? -1 : master->askers[i], NULL, i);
    add_generation(&polled, master->current);
    add_generation(&polled, master->next);
    for (size_t i = 0; i < OLD_MAX; i++)
        add_generation(&polled, master->old[i]);
    if (poll(polled.fds, polled.count, wait < 0 ? 0 : (int)(wait > 10000 ? 10000 : wait)) <= 0)
        return;
    /* Signals last: they change what the other entries point to. */
    for (nfds_t i = polled.count; i-- > 0;) {
        int fd = polled.fds[i].fd;

        if (polled.fds[i].revents == 0)
            continue;
        if (polled.who[i].generation != NULL)
            generation_hear(polled.who[i].generation, (unsigned)polled.who[i].which);
        else if (fd == master->signals)
            hear_signals(master);
        else if (fd == master->control)
            accept_asker(master);
        else if (master->planning.pid != 0 && fd == master->planning.output)
            take_plan(master);
        else
            hear_asker(master, polled.who[i].which);
    }
}

static bool all_ended(const struct master *master)
{
    if (master->current != NULL && !generation_has_ended(master->current))
        return false;
    if (master->next != NULL && !generation_has_ended(master->next))
        return false;
    for (size_t i = 0; i < OLD_MAX; i++) {
        if (master->old[i] != NULL && !generation_has_ended(master->old[i]))
            return false;
    }
    return true;
}

static int open_signals(void)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    sigaddset(&set, SIGHUP);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigprocmask(SIG_BLOCK, &set, NULL);
    signal(SIGPIPE, SIG_IGN);
    return signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
}

static void let_signals_through(void)
{
    sigset_t none;

    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

static void close_master(struct master *master)
{
    generation_free(master->current);
    generation_free(master->next);
    for (size_t i = 0; i < OLD_MAX; i++)
        generation_free(master->old[i]);
    sockets_free(master->sockets);
    if (master->control >= 0) {
        unlink(master->control_path.at);
        close(master->control);
    }
    close(master->signals);
    arena_release(&master->arena);
}

static bool open_control(struct master *master)
{
    master->control_path = control_path(&master->arena, master->config);
    master->control =
        slice_is_set(master->control_path) ? control_listen(master->control_path) : -1;
    if (master->control < 0 && errno == EADDRINUSE) {
        fprintf(stderr,
                "cardea: %s is served already; `cardea reload` makes it read the file again\n",
                master->config);
        return false;
    }
    if (master->control < 0 && access(master->config, F_OK) == 0)
        log_warn(
            "`cardea reload` will not work: the control socket cannot be opened (%s); SIGHUP does",
            strerror(errno));
    return true;
}

static int run_master(struct master *master)
{
    if (!open_control(master)) {
        close_master(master);
        return 1;
    }
    begin_reload(master);
    while (!master->stopping || !all_ended(master) || master->planning.pid != 0) {
        wait_for_something(master);
        look_after_all(master);
    }
    tell(master, UINT_MAX, "it is stopping\nfailed\n");
    close_master(master);
    return master->status;
}

/* Without a master: this process is the one worker. */
static int run_alone(const char *config)
{
    struct arena arena = { 0 };
    struct problems problems = { .arena = &arena };
    struct settings *settings = settings_read(config, &problems);
    struct sockets *sockets = sockets_new();
    struct buf text = BUF_INIT(256 * 1024);
    int listeners[LISTEN_MAX];
    struct tls_identity identity = { 0 };
    const char *why = NULL;
    int status = EXIT_CONFIGURATION;
    int admin = -1;

    problems_write(&problems, &text);
    fputs(buf_slice(&text).at, stderr);
    buf_release(&text);
    if (settings != NULL && slice_is_set(settings->tls.certificate))
        why = tls_identity_read(&arena, arena_string(&arena, settings->tls.certificate),
                                arena_string(&arena, settings->tls.key), &identity);
    for (size_t i = 0; settings != NULL && why == NULL && i < settings->listen.count; i++)
        listeners[i] = sockets_open(sockets, &arena, settings->listen.at[i], 0, &why);
    if (settings != NULL && why == NULL && !slice_is(settings->admin.listen, "off"))
        admin = sockets_open(sockets, &arena, settings->admin.listen, 0, &why);
    if (why != NULL)
        fprintf(stderr, "cardea: %s\n", why);
    if (settings != NULL && why == NULL) {
        struct worker worker = { .settings = settings,
                                 .shared = shared_new(1),
                                 .identity = identity,
                                 .listeners = listeners,
                                 .admin = admin,
                                 .master = -1 };

        log_configure(settings->log.level, settings->log.format);
        status = worker_run(&worker);
        shared_free(worker.shared);
    }
    sockets_free(sockets);
    arena_release(&arena);
    return status;
}

int master_run(const char *config, int workers)
{
    static struct master master;

    if (workers == 0)
        return run_alone(config);
    log_context.process = "master";
    master = (struct master){ .config = config, .workers = workers, .sockets = sockets_new() };
    for (size_t i = 0; i < ASKERS_MAX; i++)
        master.askers[i] = -1;
    master.signals = open_signals();
    int status = run_master(&master);

    if (!master.alone)
        return status;
    log_context.process = NULL;
    let_signals_through();
    return run_alone(config);
}
