#include "plugin/jail_process.h"

#include "base/clock.h"
#include "plugin/frame.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    ATTEMPTS_MAX = 64
};

void jail_process_init(struct jail_process *process, const struct jail_settings *settings)
{
    *process = (struct jail_process){ .settings = *settings, .socket = -1 };
    buf_init(&process->incoming, FRAME_MAX + FRAME_HEAD + 65536);
    process->plugins = json_array();
    process->except = json_array();
}

void jail_process_release(struct jail_process *process)
{
    char why[64] = "";

    if (process->pid != 0) {
        kill(process->pid, SIGKILL);
        jail_process_end(process, why, sizeof(why));
    }
    buf_release_secret(&process->incoming);
    json_decref(process->plugins);
    json_decref(process->except);
}

static const char *find_program(const char *given, char path[PATH_MAX])
{
    static const char *const places[] = { "cardea-jail", "../libexec/cardea/cardea-jail",
                                          "../cardea-jail" };
    char self[PATH_MAX];
    ssize_t len = readlink("/proc/self/exe", self, sizeof(self) - 1);

    if (given != NULL)
        return given;
    if (len < 0)
        return NULL;
    self[len] = '\0';
    *strrchr(self, '/') = '\0';
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        if (snprintf(path, PATH_MAX, "%s/%s", self, places[i]) < PATH_MAX &&
            access(path, X_OK) == 0)
            return path;
    }
    return NULL;
}

/* In the child: nothing of ours goes along but one end of the socketpair. */
static void become_jail(const char *program, int socket)
{
    static char name[] = "cardea-jail";
    char *arguments[] = { name, NULL };
    char *environment[] = { NULL };
    sigset_t none;

    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGPIPE, SIG_DFL);
    /* A terminal and systemd signal all processes. The jail ends when its worker does, which may
     * have logins to finish. */
    signal(SIGINT, SIG_IGN);
    signal(SIGTERM, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
    if (dup2(socket, 3) == 3) {
        fcntl(3, F_SETFD, 0); /* when it was 3 already, dup2() left close-on-exec on */
        execve(program, arguments, environment);
    }
    _exit(127);
}

static bool spawn(struct jail_process *process)
{
    char path[PATH_MAX];
    const char *program = find_program(process->settings.program, path);
    int pair[2];

    if (program == NULL)
        errno = ENOENT;
    if (program == NULL || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
        return false;
    pid_t pid = fork();

    if (pid == 0)
        become_jail(program, pair[1]);
    close(pair[1]);
    if (pid < 0) {
        close(pair[0]);
        return false;
    }
    process->pid = pid;
    process->socket = pair[0];
    process->loaded = false;
    process->loading[0] = '\0';
    buf_reset(&process->incoming);
    return true;
}

static json_t *strings(const char *const *texts)
{
    json_t *array = json_array();

    for (; texts != NULL && *texts != NULL; texts++)
        json_array_append_new(array, json_string(*texts));
    return array;
}

bool jail_process_send(struct jail_process *process, const json_t *frame)
{
    struct buf buf = BUF_INIT(FRAME_MAX + FRAME_HEAD);
    struct timeval patience = { JAIL_BUDGET_MS / 1000, 0 };
    size_t sent = 0;

    /* A jail that works reads at once: it waits for nothing else. */
    frame_write(&buf, frame);
    setsockopt(process->socket, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
    while (buf_ok(&buf) && sent < buf.len) {
        ssize_t now = send(process->socket, buf.at + sent, buf.len - sent, MSG_NOSIGNAL);

        if (now < 0 && errno == EINTR)
            continue;
        if (now <= 0)
            break;
        sent += (size_t)now;
    }
    bool whole = buf_ok(&buf) && sent == buf.len;

    buf_release_secret(&buf);
    return whole;
}

bool jail_process_start(struct jail_process *process)
{
    char why[64] = "";

    if (!spawn(process))
        return false;
    json_t *frame = json_pack("{s:s, s:o, s:o, s:O}", "type", "start", "directories",
                              strings(process->settings.directories), "files",
                              strings(process->settings.files), "except", process->except);
    bool sent = jail_process_send(process, frame);

    json_decref(frame);
    if (!sent)
        jail_process_end(process, why, sizeof(why));
    return sent;
}

bool jail_process_receive(struct jail_process *process)
{
    char *room = buf_reserve(&process->incoming, 65536);
    ssize_t got = room != NULL ? recv(process->socket, room, 65536, MSG_DONTWAIT) : -1;

    if (got > 0)
        buf_grew(&process->incoming, (size_t)got);
    return got > 0 || (got < 0 && room != NULL && (errno == EAGAIN || errno == EINTR));
}

static void note(struct jail_process *process, const json_t *frame)
{
    json_t *plugins = json_object_get(frame, "plugins");

    if (process->loaded)
        return;
    if (frame_is(frame, "loading"))
        snprintf(process->loading, sizeof(process->loading), "%.*s",
                 SLICE_ARG(json_member(frame, "file")));
    if (!frame_is(frame, "loaded") || !json_is_array(plugins))
        return;
    json_decref(process->plugins);
    process->plugins = json_incref(plugins);
    process->loaded = true;
}

json_t *jail_process_next(struct jail_process *process, const char **why_r)
{
    json_t *frame = NULL;
    ssize_t used = frame_read(buf_slice(&process->incoming), &frame, why_r);

    if (used <= 0)
        return NULL;
    process->incoming.len -= (size_t)used;
    memmove(process->incoming.at, process->incoming.at + used, process->incoming.len);
    note(process, frame);
    return frame;
}

bool jail_process_wait(const struct jail_process *process, int64_t milliseconds)
{
    struct pollfd ready = { process->socket, POLLIN, 0 };

    return milliseconds > 0 && poll(&ready, 1, (int)milliseconds) > 0;
}

void jail_process_end(struct jail_process *process, char *why, size_t size)
{
    int status = 0;
    pid_t ended = 0;

    /* It may be dying of its own cause, whose status is the better story: let it for a moment. */
    for (int i = 0; i < 10 && why[0] == '\0' && ended == 0; i++) {
        ended = waitpid(process->pid, &status, WNOHANG);
        if (ended == 0)
            poll(NULL, 0, 2);
    }
    if (ended == 0) {
        kill(process->pid, SIGKILL);
        waitpid(process->pid, &status, 0);
    }
    close(process->socket);
    process->pid = 0;
    process->socket = -1;
    process->loaded = false;
    if (why[0] != '\0')
        return;
    if (WIFSIGNALED(status))
        snprintf(why, size, "was ended by signal %d (%s)", WTERMSIG(status),
                 strsignal(WTERMSIG(status)));
    else
        snprintf(why, size, "called exit(%d)", WEXITSTATUS(status));
}

static void report_problems(const json_t *list, struct problems *problems)
{
    const json_t *each;
    size_t i;

    json_array_foreach(list, i, each)
    {
        struct mark mark = { arena_string(problems->arena, json_member(each, "file")), 0, 0 };

        problem_add(problems, mark, "%.*s", SLICE_ARG(json_member(each, "text")));
    }
}

/* Waits for "loaded". False when the process has ended instead; `why` says how. */
static bool await_loaded(struct jail_process *process, struct problems *problems, char *why,
                         size_t size)
{
    int64_t until = clock_monotonic_ms() + JAIL_LOAD_MS;
    const char *broken = NULL;
    bool in_time = true;

    for (;;) {
        json_t *frame = jail_process_next(process, &broken);

        if (frame == NULL) {
            in_time = jail_process_wait(process, until - clock_monotonic_ms());
            if (broken != NULL || !in_time || !jail_process_receive(process))
                break;
            continue;
        }
        until = clock_monotonic_ms() + JAIL_LOAD_MS;
        if (frame_is(frame, "broken"))
            snprintf(why, size, "%.*s", SLICE_ARG(json_member(frame, "why")));
        if (process->loaded)
            report_problems(json_object_get(frame, "problems"), problems);
        json_decref(frame);
        if (process->loaded)
            return true;
    }
    if (broken != NULL && why[0] == '\0')
        snprintf(why, size, "sent what is no frame: %s", broken);
    if (!in_time && why[0] == '\0')
        snprintf(why, size, "did not load in time");
    jail_process_end(process, why, size);
    return false;
}

bool jail_process_start_and_wait(struct jail_process *process, struct problems *problems)
{
    for (int attempt = 0; attempt < ATTEMPTS_MAX; attempt++) { /* with one file less each time */
        char why[256] = "";

        if (!jail_process_start(process)) {
            problem_add(problems, (struct mark){ 0 },
                        "the plugin jail (cardea-jail) cannot be started: %s", strerror(errno));
            return false;
        }
        if (await_loaded(process, problems, why, sizeof(why)))
            return true;
        if (process->loading[0] == '\0') {
            problem_add(problems, (struct mark){ 0 }, "the plugin jail %s", why);
            return false;
        }
        struct mark mark = { arena_string(problems->arena, slice_of(process->loading)), 0, 0 };

        problem_add(problems, mark, "ended the jail while it was loaded: it %s", why);
        json_array_append_new(process->except, json_string(process->loading));
    }
    problem_add(problems, (struct mark){ 0 }, "more than %d plugins have ended the jail",
                ATTEMPTS_MAX);
    return false;
}
