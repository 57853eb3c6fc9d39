#include "process/generation.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "process/worker.h"

#include <errno.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    BACKOFF_FIRST_MS = 100,
    BACKOFF_LAST_MS = 60 * 1000,
    BACKOFF_LACKING_MS = 1000, /* when the system has not what a process needs */
    USEFUL_MS = 1000,          /* a worker that lived that long was of use */
    START_FAILURES_MAX = 3,
    KILL_AFTER_MS = WORKER_DRAIN_MS + 5000
};

struct generation *generation_new(unsigned number, struct plan *plan)
{
    struct generation *generation = mem_zalloc(1, sizeof(*generation));

    generation->number = number;
    generation->plan = *plan;
    *plan = (struct plan){ .settings = -1 };
    generation->shared = shared_new(generation->plan.workers);
    for (unsigned slot = 0; slot < WORKERS_MAX; slot++) {
        generation->slots[slot].socket = -1;
        generation->slots[slot].state =
            slot < generation->plan.workers ? WORKER_NONE : WORKER_ENDED;
    }
    if (generation->shared != NULL)
        return generation;
    generation_free(generation);
    return NULL;
}

void generation_free(struct generation *generation)
{
    if (generation == NULL)
        return;
    for (unsigned slot = 0; slot < WORKERS_MAX; slot++) {
        if (generation->slots[slot].socket >= 0)
            close(generation->slots[slot].socket);
    }
    shared_free(generation->shared);
    plan_release(&generation->plan);
    mem_free(generation);
}

static int by_number(const void *a, const void *b)
{
    return *(const int *)a - *(const int *)b;
}

/* A fork inherits everything: the sockets to its siblings too, which would keep them from noticing
 * that the master has gone. */
static void close_others(const int *keep, size_t count)
{
    int kept[LISTEN_MAX + 4];
    unsigned from = 3;

    memcpy(kept, keep, count * sizeof(*keep));
    qsort(kept, count, sizeof(*kept), by_number);
    for (size_t i = 0; i < count; i++) {
        if (kept[i] < (int)from)
            continue;
        if (kept[i] > (int)from)
            close_range(from, (unsigned)kept[i] - 1, 0);
        from = (unsigned)kept[i] + 1;
    }
    close_range(from, ~0U, 0);
}

/* In the child. */
static void become_worker(struct generation *generation, unsigned slot, const int *listeners,
                          int admin, int master)
{
    static char name[24];
    struct arena arena = { 0 };
    sigset_t none;
    int keep[LISTEN_MAX + 3] = { admin, master, generation->plan.settings };
    size_t kept = 3;

    for (size_t i = 0; i < generation->plan.listen_count; i++)
        keep[kept++] = listeners[i];
    close_others(keep, kept);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    snprintf(name, sizeof(name), "worker %u", slot + 1);
    log_context.process = name;
    struct worker worker = { .shared = generation->shared,
                             .slot = slot,
                             .listeners = listeners,
                             .admin = admin,
                             .master = master,
                             .again = generation->served };

    worker.settings = plan_settings(&generation->plan, &arena, &worker.identity);
    exit(worker.settings != NULL ? worker_run(&worker) : EXIT_CONFIGURATION);
}

static bool open_listeners(struct generation *generation, struct sockets *sockets, unsigned slot,
                           int listeners[LISTEN_MAX], int *admin)
{
    struct plan *plan = &generation->plan;
    const char *why = NULL;

    for (size_t i = 0; i < plan->listen_count; i++) {
        listeners[i] = sockets_open(sockets, &plan->arena, plan->listen[i], slot, &why);
        if (listeners[i] < 0)
            break;
    }
    *admin = -1;
    if (why == NULL && slice_is_set(plan->admin))
        *admin = sockets_open(sockets, &plan->arena, plan->admin, slot, &why);
    if (why != NULL)
        generation->failure = slice_of(why);
    return why == NULL;
}

/* There may be descriptors and processes again in a moment. */
static bool start_later(struct worker_slot *worker)
{
    log_error("a worker cannot be started: %s", strerror(errno));
    worker->start_at = clock_monotonic_ms() + BACKOFF_LACKING_MS;
    return true;
}

static bool start_worker(struct generation *generation, struct sockets *sockets, unsigned slot)
{
    struct worker_slot *worker = &generation->slots[slot];
    int listeners[LISTEN_MAX] = { 0 };
    int admin;
    int pair[2];

    if (!open_listeners(generation, sockets, slot, listeners, &admin))
        return false;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0)
        return start_later(worker);
    pid_t pid = fork();

    if (pid == 0) {
        close(pair[0]);
        become_worker(generation, slot, listeners, admin, pair[1]);
    }
    int error = errno;

    close(pair[1]);
    if (pid < 0) {
        close(pair[0]);
        errno = error;
        return start_later(worker);
    }
    worker->pid = pid;
    worker->socket = pair[0];
    worker->state = WORKER_STARTING;
    worker->started = clock_monotonic_ms();
    return true;
}

bool generation_start_due(struct generation *generation, struct sockets *sockets)
{
    int64_t now = clock_monotonic_ms();

    for (unsigned slot = 0; slot < generation->plan.workers; slot++) {
        struct worker_slot *worker = &generation->slots[slot];

        if (worker->state == WORKER_NONE && !generation->stopping && worker->start_at <= now &&
            !start_worker(generation, sockets, slot))
            return false;
    }
    return true;
}

static void hear_failure(struct generation *generation, unsigned slot, struct slice why)
{
    if (generation->served)
        log_error("worker %u of generation %u cannot start: %.*s", slot + 1, generation->number,
                  SLICE_ARG(why));
    else if (!slice_is_set(generation->failure))
        generation->failure = arena_copy(&generation->plan.arena, why);
}

void generation_hear(struct generation *generation, unsigned slot)
{
    struct worker_slot *worker = &generation->slots[slot];
    char message[65536];
    ssize_t len = recv(worker->socket, message, sizeof(message) - 1, MSG_DONTWAIT);

    if (len <= 0) {
        if (len == 0 || (errno != EAGAIN && errno != EINTR)) {
            close(worker->socket); /* its end will be noticed by wait() */
            worker->socket = -1;
        }
        return;
    }
    switch (message[0]) {
    case 'R':
        worker->state = worker->state == WORKER_STARTING ? WORKER_READY : worker->state;
        break;
    case 'S':
        worker->state = WORKER_STOPPING;
        break;
    case 'F':
        hear_failure(generation, slot, slice_make(message + 1, (size_t)len - 1));
        break;
    default:
        break;
    }
}

static void describe_end(char *text, size_t size, int status)
{
    if (WIFSIGNALED(status))
        snprintf(text, size, "ended by signal %d (%s)", WTERMSIG(status),
                 strsignal(WTERMSIG(status)));
    else
        snprintf(text, size, "exited with status %d", WEXITSTATUS(status));
}

/* When a worker that ended is started again: at once if it was of use, later and later if not. */
static void schedule(struct worker_slot *worker)
{
    int64_t now = clock_monotonic_ms();
    bool was_useful = now - worker->started >= USEFUL_MS;
    int64_t pause = BACKOFF_FIRST_MS;

    worker->failures = was_useful ? 0 : worker->failures + 1;
    for (unsigned i = 1; i < worker->failures && pause < BACKOFF_LAST_MS; i++)
        pause *= 2;
    if (pause > BACKOFF_LAST_MS)
        pause = BACKOFF_LAST_MS;
    worker->start_at = was_useful ? now : now + pause;
    worker->state = WORKER_NONE;
}

bool generation_reap(struct generation *generation, pid_t pid, int status, bool keep)
{
    char how[128];

    for (unsigned slot = 0; slot < generation->plan.workers; slot++) {
        struct worker_slot *worker = &generation->slots[slot];

        if (worker->pid != pid)
            continue;
        if (worker->socket >= 0) {
            generation_hear(generation, slot); /* its last words */
            if (worker->socket >= 0)
                close(worker->socket);
        }
        worker->socket = -1;
        worker->pid = 0;
        bool told = generation->stopping;
        /* What was good once may be good again: a folder that is not mounted, a plugin that is just
         * being replaced. Nobody but a worker of this slot can serve its sockets. */
        bool wrong =
            WIFEXITED(status) && WEXITSTATUS(status) == EXIT_CONFIGURATION && !generation->served;

        describe_end(how, sizeof(how), status);
        if (!told)
            log_error("worker %u of generation %u %s", slot + 1, generation->number, how);
        if (wrong && !slice_is_set(generation->failure))
            generation->failure = SL("a worker refused the configuration");
        if (keep && !told && !wrong)
            schedule(worker);
        else
            worker->state = WORKER_ENDED;
        return true;
    }
    return false;
}

bool generation_is_ready(const struct generation *generation)
{
    for (unsigned slot = 0; slot < generation->plan.workers; slot++) {
        if (generation->slots[slot].state != WORKER_READY)
            return false;
    }
    return true;
}

bool generation_has_failed(const struct generation *generation)
{
    if (slice_is_set(generation->failure))
        return true;
    for (unsigned slot = 0; slot < generation->plan.workers; slot++) {
        if (generation->slots[slot].failures >= START_FAILURES_MAX)
            return true;
    }
    return false;
}

bool generation_has_ended(const struct generation *generation)
{
    for (unsigned slot = 0; slot < generation->plan.workers; slot++) {
        if (generation->slots[slot].pid != 0)
            return false;
    }
    return true;
}

bool generation_listens(const struct generation *generation)
{
    for (unsigned slot = 0; slot < generation->plan.workers; slot++) {
        if (generation->slots[slot].pid != 0 && generation->slots[slot].state != WORKER_STOPPING)
            return true;
    }
    return false;
}

void generation_stop(struct generation *generation)
{
    if (generation->stopping)
        return;
    generation->stopping = true;
    generation->kill_at = clock_monotonic_ms() + KILL_AFTER_MS;
    for (unsigned slot = 0; slot < generation->plan.workers; slot++) {
        if (generation->slots[slot].socket >= 0)
            send(generation->slots[slot].socket, "S", 1, MSG_NOSIGNAL);
    }
}

void generation_kill_late(struct generation *generation)
{
    if (generation->kill_at == 0 || clock_monotonic_ms() < generation->kill_at)
        return;
    generation_kill(generation);
}

void generation_kill(struct generation *generation)
{
    for (unsigned slot = 0; slot < generation->plan.workers; slot++) {
        if (generation->slots[slot].pid != 0) {
            log_warn("worker %u of generation %u does not stop and is killed", slot + 1,
                     generation->number);
            kill(generation->slots[slot].pid, SIGKILL);
        }
    }
    generation->kill_at = INT64_MAX;
}

int64_t generation_next_due(const struct generation *generation)
{
    int64_t next = generation->kill_at != 0 ? generation->kill_at : INT64_MAX;

    for (unsigned slot = 0; slot < generation->plan.workers && !generation->stopping; slot++) {
        const struct worker_slot *worker = &generation->slots[slot];

        if (worker->state == WORKER_NONE && worker->start_at < next)
            next = worker->start_at;
    }
    return next;
}
