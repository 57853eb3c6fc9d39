/* Calls what no plugin may call: one provider for each. */
#define _GNU_SOURCE
#include "../misbehaving.h"

#include <fcntl.h>
#include <locale.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static void *run(void *nothing)
{
    return nothing;
}

static void do_fork(void)
{
    if (fork() == 0)
        _exit(0);
}

static void do_thread(void)
{
    pthread_t thread;

    pthread_create(&thread, NULL, run, NULL);
}

static void do_socket(void)
{
    socket(AF_INET, SOCK_STREAM, 0);
}

static void do_open(void)
{
    (void)open("/etc/passwd", O_RDONLY);
}

static void do_exec(void)
{
    execl("/bin/sh", "sh", (char *)NULL);
}

static void do_sleep(void)
{
    nanosleep(&(struct timespec){ .tv_sec = 60 }, NULL);
}

static void do_setlocale(void)
{
    setlocale(LC_ALL, "de_DE.UTF-8");
}

static void do_signal(void)
{
    signal(SIGSEGV, SIG_IGN);
}

static void do_umask(void)
{
    umask(0);
}

static void do_kill(void)
{
    kill(getppid(), SIGKILL);
}

static void do_ptrace(void)
{
    ptrace(PTRACE_TRACEME, 0, NULL, NULL);
}

static void do_chdir(void)
{
    if (chdir("/") != 0)
        abort();
}

static void do_code(void)
{
    (void)mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static void do_close(void)
{
    close(3);
}

static void do_read(void)
{
    char bytes[16];

    if (read(0, bytes, sizeof(bytes)) > 0)
        abort();
}

#define CALLS(what)                                                                                \
    static int32_t map_##what(const struct cardea_host *host, cardea_call *call,                   \
                              const cardea_json *answers, cardea_profile *profile)                 \
    {                                                                                              \
        MISBEHAVING_UNUSED;                                                                        \
        do_##what();                                                                               \
        return CARDEA_OK;                                                                          \
    }                                                                                              \
    static const struct cardea_hooks what##_hooks = { CARDEA_HOOKS, .map_profile = map_##what };   \
    static const struct cardea_provider calls_##what =                                             \
        MISBEHAVING_PROVIDER(calls_##what, &what##_hooks);

CALLS(fork)
CALLS(thread)
CALLS(socket)
CALLS(open)
CALLS(exec)
CALLS(sleep)
CALLS(setlocale)
CALLS(signal)
CALLS(umask)
CALLS(kill)
CALLS(ptrace)
CALLS(chdir)
CALLS(code)
CALLS(close)
CALLS(read)

CARDEA_PLUGIN("0.0.1", &calls_fork, &calls_thread, &calls_socket, &calls_open, &calls_exec,
              &calls_sleep, &calls_setlocale, &calls_signal, &calls_umask, &calls_kill,
              &calls_ptrace, &calls_chdir, &calls_code, &calls_close, &calls_read);
