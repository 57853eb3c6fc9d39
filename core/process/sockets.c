#include "process/sockets.h"

#include "base/list.h"
#include "base/memory.h"
#include "net/address.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum {
    BACKLOG = 4096
};

struct kept {
    struct list link;
    struct slice address; /* its own memory */
    unsigned slot;
    bool is_unix;
    int fd;
};

struct sockets {
    struct list all;
};

struct sockets *sockets_new(void)
{
    struct sockets *sockets = mem_zalloc(1, sizeof(*sockets));

    list_init(&sockets->all);
    return sockets;
}

static void drop(struct kept *kept)
{
    list_remove(&kept->link);
    if (kept->is_unix)
        unlink(kept->address.at + sizeof("unix:") - 1);
    close(kept->fd);
    mem_free((char *)(uintptr_t)kept->address.at);
    mem_free(kept);
}

void sockets_free(struct sockets *sockets)
{
    list_each_safe (&sockets->all, link)
        drop(list_entry(link, struct kept, link));
    mem_free(sockets);
}

/* A path that a dead process has left may be taken over; one where somebody answers may not. */
static bool clear_path(const struct address *address)
{
    const struct sockaddr_un *un = (const void *)&address->sockaddr;
    struct stat status;

    if (lstat(un->sun_path, &status) != 0 || !S_ISSOCK(status.st_mode))
        return true;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool alive = connect(fd, (const struct sockaddr *)&address->sockaddr, address->len) == 0;

    close(fd);
    return !alive && unlink(un->sun_path) == 0;
}

/* SO_REUSEPORT would let a second instance of ours share the port unnoticed. Without it the port
 * must be free. */
static bool port_is_free(const struct address *address)
{
    int one = 1;
    int fd = socket(address->sockaddr.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
    if (address->sockaddr.ss_family == AF_INET6)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one));
    bool is_free = bind(fd, (const struct sockaddr *)&address->sockaddr, address->len) == 0 &&
                   listen(fd, 1) == 0;
    int error = errno;

    close(fd);
    errno = error;
    return is_free;
}

static int open_socket(const struct address *address, bool first)
{
    int family = address->sockaddr.ss_family;
    int one = 1;
    int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return -1;
    if (first && family != AF_UNIX && !port_is_free(address)) {
        int error = errno;

        close(fd);
        errno = error;
        return -1;
    }
    if (family == AF_UNIX) {
        if (!clear_path(address))
            errno = EADDRINUSE;
        else
            errno = 0;
    } else {
        errno = 0;
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
        setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof(one));
        if (family == AF_INET6)
            setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one));
    }
    if (errno == 0 && bind(fd, (const struct sockaddr *)&address->sockaddr, address->len) == 0 &&
        listen(fd, BACKLOG) == 0)
        return fd;
    int error = errno;

    close(fd);
    errno = error;
    return -1;
}

static int find(const struct sockets *sockets, struct slice address, unsigned slot, bool is_unix)
{
    list_each (&sockets->all, link) {
        const struct kept *kept = list_entry(link, struct kept, link);

        if (slice_equal(kept->address, address) && (is_unix || kept->slot == slot))
            return kept->fd;
    }
    return -1;
}

static bool is_known(const struct sockets *sockets, struct slice address)
{
    list_each (&sockets->all, link) {
        if (slice_equal(list_entry(link, struct kept, link)->address, address))
            return true;
    }
    return false;
}

int sockets_open(struct sockets *sockets, struct arena *arena, struct slice address, unsigned slot,
                 const char **why_r)
{
    struct address place;
    bool is_unix = slice_starts(address, SL("unix:"));
    int fd = find(sockets, address, slot, is_unix);

    if (fd >= 0)
        return fd;
    *why_r = address_read_listen(address, &place);
    if (*why_r == NULL)
        fd = open_socket(&place, !is_known(sockets, address));
    if (fd < 0) {
        *why_r = arena_printf(arena, "cannot listen on %.*s: %s", SLICE_ARG(address),
                              *why_r != NULL ? *why_r : strerror(errno))
                     .at;
        return -1;
    }
    struct kept *kept = mem_zalloc(1, sizeof(*kept));

    *kept = (struct kept){ .address = slice_make(mem_strndup(address.at, address.len), address.len),
                           .slot = slot,
                           .is_unix = is_unix,
                           .fd = fd };
    list_init(&kept->link);
    list_add(&sockets->all, &kept->link);
    return fd;
}

static bool is_wanted(const struct kept *kept, const struct plan *plan)
{
    if (slice_is_set(plan->admin) && slice_equal(plan->admin, kept->address))
        return kept->slot < plan->workers;
    for (size_t i = 0; i < plan->listen_count; i++) {
        if (slice_equal(plan->listen[i], kept->address))
            return kept->slot < plan->workers;
    }
    return false;
}

void sockets_keep(struct sockets *sockets, const struct plan *const *plans)
{
    list_each_safe (&sockets->all, link) {
        struct kept *kept = list_entry(link, struct kept, link);
        bool wanted = false;

        for (const struct plan *const *plan = plans; *plan != NULL; plan++)
            wanted = wanted || is_wanted(kept, *plan);
        if (!wanted)
            drop(kept);
    }
}
