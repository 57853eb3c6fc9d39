#include "jail/sandbox.h"

#include "jail/wire.h"

#include <errno.h>
#include <seccomp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__)
#define WITH_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define WITH_SANITIZER 1
#endif
#endif
#ifndef WITH_SANITIZER
#define WITH_SANITIZER 0
#endif

#define MIB (1024UL * 1024)

static const struct {
    int resource;
    rlim_t limit;
} limits[] = {
    { RLIMIT_CORE, 0 },       { RLIMIT_NOFILE, 1024 }, { RLIMIT_STACK, 8 * MIB },
    { RLIMIT_MEMLOCK, 0 },    { RLIMIT_MSGQUEUE, 0 },
#if !WITH_SANITIZER /* has terabytes of shadow memory, and its report goes to a file */
    { RLIMIT_AS, 512 * MIB }, { RLIMIT_FSIZE, 0 },
#endif
};

/* What a loaded plugin needs, and the C library and the sanitizers on its behalf. */
static const int calls_inside[] = {
    SCMP_SYS(brk),
    SCMP_SYS(munmap),
    SCMP_SYS(mremap),
    SCMP_SYS(madvise),
    SCMP_SYS(futex),
    SCMP_SYS(clock_gettime),
    SCMP_SYS(clock_getres),
    SCMP_SYS(gettimeofday),
    SCMP_SYS(time),
    SCMP_SYS(getrandom),
    SCMP_SYS(exit),
    SCMP_SYS(exit_group),
    SCMP_SYS(rt_sigreturn),
    SCMP_SYS(rt_sigprocmask),
    SCMP_SYS(sigaltstack),
    SCMP_SYS(restart_syscall),
    SCMP_SYS(getpid),
    SCMP_SYS(gettid),
    SCMP_SYS(sched_yield),
    SCMP_SYS(rseq),
#if WITH_SANITIZER
    SCMP_SYS(mprotect),
    SCMP_SYS(getrlimit),
    SCMP_SYS(prlimit64),
    SCMP_SYS(rt_sigaction),
    SCMP_SYS(sched_getaffinity),
#endif
};

/* What loading needs besides: opening and mapping files. */
static const int calls_loading[] = {
    SCMP_SYS(mmap),
    SCMP_SYS(open),
    SCMP_SYS(openat),
    SCMP_SYS(close),
    SCMP_SYS(close_range),
    SCMP_SYS(fstat),
    SCMP_SYS(stat),
    SCMP_SYS(lstat),
    SCMP_SYS(newfstatat),
    SCMP_SYS(statx),
    SCMP_SYS(pread64),
    SCMP_SYS(getdents64),
    SCMP_SYS(lseek),
    SCMP_SYS(mprotect),
    SCMP_SYS(readlink),
    SCMP_SYS(readlinkat),
    SCMP_SYS(getcwd),
    SCMP_SYS(fcntl),
    SCMP_SYS(read),
    SCMP_SYS(access),
    SCMP_SYS(faccessat),
    SCMP_SYS(faccessat2),
    SCMP_SYS(geteuid),
    SCMP_SYS(getuid),
    SCMP_SYS(rt_sigaction),
    SCMP_SYS(prctl),
    SCMP_SYS(seccomp),
    SCMP_SYS(getrlimit),
    SCMP_SYS(prlimit64),
    SCMP_SYS(fadvise64),
#if defined(__SNR_landlock_create_ruleset)
    SCMP_SYS(landlock_create_ruleset),
    SCMP_SYS(landlock_add_rule),
    SCMP_SYS(landlock_restrict_self),
#endif
};

static void caught(int signal, siginfo_t *info, void *context)
{
    char why[64] = "called system call number ";
    char *name = seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, info->si_syscall);
    size_t len = strlen(why);

    (void)signal;
    (void)context;
    /* seccomp_syscall_resolve_num_arch() allocates; the heap may be in any state, but this process
     * says one more sentence and ends either way. */
    if (name != NULL)
        snprintf(why, sizeof(why), "called %s", name);
    else
        snprintf(why + len, sizeof(why) - len, "%d", info->si_syscall);
    wire_write_broken(why);
    _exit(1);
}

static int allow(scmp_filter_ctx filter, const int *calls, size_t count)
{
    int failed = 0;

    for (size_t i = 0; i < count; i++) {
        int result = seccomp_rule_add(filter, SCMP_ACT_ALLOW, calls[i], 0);

        if (result != 0 && result != -EDOM) /* -EDOM: not a call of this architecture */
            failed = result;
    }
    return failed;
}

/* The library's own macros leave members out, which clang calls missing. */
static struct scmp_arg_cmp when(unsigned argument, enum scmp_compare how, scmp_datum_t a,
                                scmp_datum_t b)
{
    return (struct scmp_arg_cmp){ .arg = argument, .op = how, .datum_a = a, .datum_b = b };
}

/* The socket, for writing; for reading too once loaded, when reads of files are over. abort()
 * signals the process itself. */
static int allow_own(scmp_filter_ctx filter)
{
    int failed = 0;

    failed |= seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(write), 1,
                               when(0, SCMP_CMP_EQ, JAIL_SOCKET, 0));
    failed |= seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1,
                               when(0, SCMP_CMP_EQ, (scmp_datum_t)getpid(), 0));
    /* Memory, but no new code: only loading maps that. */
    failed |= seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1,
                               when(2, SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
#if WITH_SANITIZER
    failed |=
        seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(write), 1, when(0, SCMP_CMP_EQ, 2, 0));
#endif
    return failed;
}

static const char *install(bool loading)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_TRAP);
    int failed = filter == NULL;

    if (!failed) {
        failed |= allow(filter, calls_inside, sizeof(calls_inside) / sizeof(calls_inside[0]));
        failed |= allow_own(filter);
        if (loading)
            failed |=
                allow(filter, calls_loading, sizeof(calls_loading) / sizeof(calls_loading[0]));
        else
            failed |= seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(read), 1,
                                       when(0, SCMP_CMP_EQ, JAIL_SOCKET, 0));
        failed |= seccomp_load(filter);
        seccomp_release(filter);
    }
    return failed ? "the seccomp filter cannot be installed" : NULL;
}

const char *sandbox_enter(void)
{
    struct sigaction action = { .sa_sigaction = caught, .sa_flags = SA_SIGINFO | SA_NODEFER };

    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
        return "no_new_privs cannot be set";
    if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0)
        return "the jail cannot be made to end with its worker";
    for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
        struct rlimit limit = { limits[i].limit, limits[i].limit };

        if (setrlimit(limits[i].resource, &limit) != 0)
            return "a resource limit cannot be set";
    }
    if (sigaction(SIGSYS, &action, NULL) != 0)
        return "the signal of the seccomp filter cannot be caught";
    return install(true);
}

const char *sandbox_close(void)
{
    return install(false);
}
