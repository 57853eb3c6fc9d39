#include "process/plan.h"

#include "base/buf.h"
#include "base/clock.h"
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
    SNAPSHOT_MAX = 8 * 1024 * 1024,
    READ_MS = 15 * 1000 /* for a configuration that lies who knows where */
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

static void write_plan(struct buf *out, const struct settings *settings,
                       const struct tls_identity *identity, int workers)
{
    unsigned count = workers > 0 ? (unsigned)workers : settings_workers(settings);

    buf_printf(out, "plan\nworkers %u\n", count < WORKERS_MAX ? count : WORKERS_MAX);
    for (size_t i = 0; i < settings->listen.count; i++)
        add_line(out, "listen", settings->listen.at[i]);
    if (slice_is_set(settings->admin.listen) && !slice_is(settings->admin.listen, "off"))
        add_line(out, "admin", settings->admin.listen);
    buf_printf(out, "log_level %u\nlog_format %u\n", settings->log.level, settings->log.format);
    buf_printf(out, "certificate %zu\nkey %zu\n", identity->certificate.len, identity->key.len);
}

/* False, and a problem, when they are of no use. */
static bool read_identity(const struct settings *settings, struct tls_identity *identity,
                          struct problems *problems)
{
    struct arena *arena = problems->arena;
    const char *wrong;

    *identity = (struct tls_identity){ 0 };
    if (!slice_is_set(settings->tls.certificate))
        return true;
    wrong = tls_identity_read(arena, arena_string(arena, settings->tls.certificate),
                              arena_string(arena, settings->tls.key), identity);
    SSL_CTX *context = wrong == NULL ? tls_server_context_of(arena, identity, false, &wrong) : NULL;

    if (context == NULL)
        problem_add(problems, (struct mark){ 0 }, "tls: %s", wrong);
    SSL_CTX_free(context);
    return context != NULL;
}

static bool keep(int snapshot, const struct settings *settings, const struct tls_identity *identity)
{
    struct buf text = BUF_INIT(SNAPSHOT_MAX);

    settings_write(settings, &text);
    return buf_ok(&text) && write_whole(snapshot, buf_slice(&text)) &&
           write_whole(snapshot, identity->certificate) && write_whole(snapshot, identity->key);
}

static void read_configuration(const char *config, int workers, int output, int snapshot)
{
    struct arena arena = { 0 };
    struct problems problems = { .arena = &arena };
    struct settings *settings = settings_read(config, &problems);
    struct tls_identity identity;
    struct buf out = BUF_INIT(PLAN_MAX);

    if (settings == NULL || !read_identity(settings, &identity, &problems))
        problems_write(&problems, &out);
    else if (keep(snapshot, settings, &identity))
        write_plan(&out, settings, &identity, workers);
    else
        buf_add_text(&out, "the configuration cannot be kept in memory\n");
    write_whole(output, buf_slice(&out));
    _exit(0);
}

/* ---- in the master ---- */

static void close_planning(struct planning *planning, int other_end)
{
    int error = errno;

    if (other_end >= 0)
        close(other_end);
    if (planning->output >= 0)
        close(planning->output);
    if (planning->settings >= 0)
        close(planning->settings);
    *planning = (struct planning){ 0 };
    errno = error;
}

bool planning_start(struct planning *planning, const char *config, int workers)
{
    int ends[2] = { -1, -1 };

    *planning = (struct planning){ .output = -1, .late_at = clock_monotonic_ms() + READ_MS };
    planning->settings = memfd_create("cardea configuration", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (planning->settings >= 0 && pipe2(ends, O_CLOEXEC) == 0) {
        planning->output = ends[0];
        planning->pid = fork();
    }
    if (planning->output < 0 || planning->pid < 0) {
        close_planning(planning, ends[1]);
        return false;
    }
    if (planning->pid == 0) {
        sigset_t none;

        close(ends[0]);
        sigemptyset(&none);
        sigprocmask(SIG_SETMASK, &none, NULL);
        read_configuration(config, workers, ends[1], planning->settings);
    }
    close(ends[1]);
    return true;
}

void planning_kill(const struct planning *planning)
{
    if (!planning->ended)
        kill(planning->pid, SIGKILL);
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
    else if (slice_is(name, "certificate"))
        plan->certificate = (size_t)number;
    else if (slice_is(name, "key"))
        plan->key = (size_t)number;
}

/* Everything the child has to say. It begins to speak when it has nothing more to wait for. */
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
    if (!planning->ended)
        waitpid(planning->pid, &status, 0);
    *planning = (struct planning){ 0 };
    if (text.len == 0)
        return "the child that reads the configuration has ended without a word\n";
    if (!slice_starts(text, SL("plan\n")))
        return text.at;
    while (slice_next(&text, '\n', &line))
        read_line(plan_r, line);
    fcntl(plan_r->settings, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL);
    return plan_r->listen_count > 0 ? NULL : "nothing to listen on\n";
}

void plan_release(struct plan *plan)
{
    if (plan->settings >= 0)
        close(plan->settings);
    plan->settings = -1;
    arena_release(&plan->arena);
}

struct settings *plan_settings(const struct plan *plan, struct arena *arena,
                               struct tls_identity *identity_r)
{
    struct problems problems = { .arena = arena };
    off_t size = lseek(plan->settings, 0, SEEK_END);
    void *bytes =
        size > 0 ? mmap(NULL, (size_t)size, PROT_READ, MAP_PRIVATE, plan->settings, 0) : MAP_FAILED;

    if (bytes == MAP_FAILED)
        return NULL;
    struct slice all = slice_make(bytes, (size_t)size);
    size_t text = all.len - plan->certificate - plan->key;
    struct settings *read = settings_read_text("the configuration of this generation",
                                               slice_sub(all, 0, text), &problems);

    *identity_r = (struct tls_identity){ 0 };
    if (read != NULL && plan->certificate > 0)
        *identity_r = (struct tls_identity){
            .certificate = arena_copy(arena, slice_sub(all, text, plan->certificate)),
            .key = arena_copy(arena, slice_from(all, text + plan->certificate)),
            .certificate_file = arena_string(arena, read->tls.certificate),
            .key_file = arena_string(arena, read->tls.key)
        };
    munmap(bytes, (size_t)size);
    if (read == NULL) {
        struct buf words = BUF_INIT(PLAN_MAX);

        problems_write(&problems, &words);
        log_error("bug: %.*s", SLICE_ARG(buf_slice(&words)));
        buf_release(&words);
    }
    return read;
}
