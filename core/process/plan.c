#include "process/plan.h"

#include "base/buf.h"
#include "base/log.h"
#include "config/settings.h"
#include "process/shared.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    PLAN_MAX = 256 * 1024,
    SNAPSHOT_MAX = 8 * 1024 * 1024
};

/* ---- in the child ---- */

static bool write_whole(int fd, struct slice bytes)
{
    while (bytes.len > 0) {
        ssize_t written = write(fd, bytes.at, bytes.len);

        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return false;
        bytes = slice_from(bytes, (size_t)written);
    }
    return true;
}

static void add_line(struct buf *out, const char *name, struct slice value)
{
    buf_printf(out, "%s %.*s\n", name, SLICE_ARG(value));
}

static void write_plan(struct buf *out, const struct settings *settings, int workers)
{
    unsigned count = workers > 0 ? (unsigned)workers : settings_workers(settings);

    buf_printf(out, "plan\nworkers %u\n", count < WORKERS_MAX ? count : WORKERS_MAX);
    for (size_t i = 0; i < settings->listen.count; i++)
        add_line(out, "listen", settings->listen.at[i]);
    if (slice_is_set(settings->admin.listen) && !slice_is(settings->admin.listen, "off"))
        add_line(out, "admin", settings->admin.listen);
    buf_printf(out, "log_level %u\nlog_format %u\n", settings->log.level, settings->log.format);
}

static void read_configuration(const char *config, int workers, int output, int snapshot)
{
    struct arena arena = { 0 };
    struct problems problems = { .arena = &arena };
    struct settings *settings = settings_read(config, &problems);
    struct buf out = BUF_INIT(PLAN_MAX);
    struct buf text = BUF_INIT(SNAPSHOT_MAX);

    if (settings != NULL) {
        settings_write(settings, &text);
        if (buf_ok(&text) && write_whole(snapshot, buf_slice(&text)))
            write_plan(&out, settings, workers);
        else
            buf_add_text(&out, "the configuration cannot be kept in memory\n");
    } else {
        problems_write(&problems, &out);
    }
    write_whole(output, buf_slice(&out));
    _exit(0);
}

/* ---- in the master ---- */

bool planning_start(struct planning *planning, const char *config, int workers)
{
    int ends[2];

    planning->settings = memfd_create("cardea configuration", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (planning->settings < 0 || pipe(ends) != 0)
        return false;
    planning->pid = fork();
    if (planning->pid == 0) {
        sigset_t none;

        close(ends[0]);
        sigemptyset(&none);
        sigprocmask(SIG_SETMASK, &none, NULL);
        read_configuration(config, workers, ends[1], planning->settings);
    }
    close(ends[1]);
    planning->output = ends[0];
    return planning->pid > 0;
}

static void read_line(struct plan *plan, struct slice line)
{
    struct slice name;
    struct slice value;
    uint64_t number = 0;

    slice_cut(line, ' ', &name, &value);
    slice_to_u64(value, UINT32_MAX, &number);
    if (slice_is(name, "workers"))
        plan->workers = (unsigned)number;
    else if (slice_is(name, "listen") && plan->listen_count < LISTEN_MAX)
        plan->listen[plan->listen_count++] = value;
    else if (slice_is(name, "admin"))
        plan->admin = value;
    else if (slice_is(name, "log_level"))
        plan->log_level = (unsigned)number;
    else if (slice_is(name, "log_format"))
        plan->log_format = (unsigned)number;
}

/* Everything the child has to say; it has a deadline, because a master must not wait for ever. */
static struct slice read_whole(int fd, struct arena *arena)
{
    struct buf all = BUF_INIT(PLAN_MAX);
    ssize_t got;

    do {
        char *room = buf_reserve(&all, 4096);

        got = room != NULL ? read(fd, room, 4096) : 0;
        if (got > 0)
            buf_grew(&all, (size_t)got);
    } while (got > 0 || (got < 0 && errno == EINTR));
    struct slice text = arena_copy(arena, buf_slice(&all));

    buf_release(&all);
    return text;
}

const char *planning_finish(struct planning *planning, struct plan *plan_r)
{
    struct slice line;
    int status;

    *plan_r = (struct plan){ .settings = planning->settings };
    struct slice text = read_whole(planning->output, &plan_r->arena);

    close(planning->output);
    waitpid(planning->pid, &status, 0);
    planning->pid = 0;
    if (text.len == 0)
        return "the child that reads the configuration has died\n";
    if (!slice_starts(text, SL("plan\n")))
        return text.at;
    while (slice_next(&text, '\n', &line))
        read_line(plan_r, line);
    fcntl(plan_r->settings, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL);
    return plan_r->workers > 0 && plan_r->listen_count > 0 ? NULL : "nothing to listen on\n";
}

void plan_release(struct plan *plan)
{
    if (plan->settings >= 0)
        close(plan->settings);
    plan->settings = -1;
    arena_release(&plan->arena);
}

struct settings *plan_settings(int settings, struct arena *arena)
{
    struct problems problems = { .arena = arena };
    off_t size = lseek(settings, 0, SEEK_END);
    void *bytes =
        size > 0 ? mmap(NULL, (size_t)size, PROT_READ, MAP_PRIVATE, settings, 0) : MAP_FAILED;

    if (bytes == MAP_FAILED)
        return NULL;
    struct settings *read = settings_read_text("the configuration of this generation",
                                               slice_make(bytes, (size_t)size), &problems);

    munmap(bytes, (size_t)size);
    if (read == NULL) {
        struct buf text = BUF_INIT(PLAN_MAX);

        problems_write(&problems, &text);
        log_error("bug: %.*s", SLICE_ARG(buf_slice(&text)));
        buf_release(&text);
    }
    return read;
}
