/*
 * Preloaded into a hub under test: hours pass in a moment.
 *
 * The monotonic clock is as many seconds ahead as the file named by $CLOCK_AHEAD says, eight bytes
 * in the machine's order, which a test may change at any time. The time of day stays what it is.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static const volatile int64_t *ahead;

__attribute__((constructor)) static void map_file(void)
{
    const char *name = getenv("CLOCK_AHEAD");
    int fd = name != NULL ? open(name, O_RDONLY | O_CLOEXEC) : -1;
    void *mapped = fd >= 0 ? mmap(NULL, sizeof(*ahead), PROT_READ, MAP_SHARED, fd, 0) : MAP_FAILED;

    if (mapped != MAP_FAILED)
        ahead = mapped;
    if (fd >= 0)
        close(fd);
}

__attribute__((visibility("default"))) int clock_gettime(clockid_t which, struct timespec *now)
{
    long result = syscall(SYS_clock_gettime, which, now);

    if (result == 0 && ahead != NULL &&
        (which == CLOCK_MONOTONIC || which == CLOCK_MONOTONIC_COARSE || which == CLOCK_BOOTTIME))
        now->tv_sec += *ahead;
    return (int)result;
}
