#include "store/redis_dial.h"

#include "base/memory.h"

#include <errno.h>
#include <event2/dns.h>
#include <event2/util.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum {
    ADDRESSES_MAX = 8,
    KEEPALIVE_IDLE_S = 60 /* an idle connection through a firewall is noticed when it is dead */
};

/* One question to the resolver. It outlives a dial that is cancelled: libevent calls back even
 * then. Its own resolver, so that a changed resolv.conf is read at the next attempt. */
struct lookup {
    struct redis_dial *dial; /* NULL: cancelled */
    struct event_base *base;
    struct evdns_base *dns;
    struct evdns_getaddrinfo_request *request;
};

struct redis_dial {
    struct event_base *base;
    const struct redis_address *address;
    int64_t timeout_ms;
    redis_dial_done *done;
    void *arg;

    struct lookup *lookup; /* while a name is looked up */
    struct sockaddr_storage found[ADDRESSES_MAX];
    socklen_t lens[ADDRESSES_MAX];
    size_t count;
    size_t tried;
    int fd; /* of the one being tried, or -1 */
    struct event *event;
    char why[160];
};

static void try_next(struct redis_dial *dial);

static void release(struct redis_dial *dial)
{
    event_free(dial->event);
    if (dial->fd >= 0)
        close(dial->fd);
    mem_free(dial);
}

/* `fd` is -1, or passes on. */
static void finish(struct redis_dial *dial, int fd)
{
    if (fd >= 0)
        dial->fd = -1;
    dial->done(dial->arg, fd, dial->why);
    release(dial);
}

static void add_address(struct redis_dial *dial, const void *sockaddr, socklen_t len)
{
    if (dial->count == ADDRESSES_MAX || len > sizeof(dial->found[0]))
        return;
    memcpy(&dial->found[dial->count], sockaddr, len);
    dial->lens[dial->count++] = len;
}

static void add_unix(struct redis_dial *dial)
{
    struct sockaddr_un sockaddr = { .sun_family = AF_UNIX };
    size_t len = strlen(dial->address->place); /* fits: redis_url.c looked */

    memcpy(sockaddr.sun_path, dial->address->place, len + 1);
    add_address(dial, &sockaddr, sizeof(sockaddr));
}

static void add_found(struct redis_dial *dial, const struct evutil_addrinfo *found)
{
    for (; found != NULL; found = found->ai_next)
        add_address(dial, found->ai_addr, (socklen_t)found->ai_addrlen);
}

static struct evutil_addrinfo hints(int flags)
{
    return (struct evutil_addrinfo){ .ai_family = AF_UNSPEC,
                                     .ai_socktype = SOCK_STREAM,
                                     .ai_protocol = IPPROTO_TCP,
                                     .ai_flags = flags };
}

static void free_resolver(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    evdns_base_free(arg, 0);
}

static void looked_up(int error, struct evutil_addrinfo *found, void *arg)
{
    struct lookup *lookup = arg;
    struct redis_dial *dial = lookup->dial;

    if (dial != NULL) {
        dial->lookup = NULL;
        add_found(dial, found);
        if (dial->count == 0)
            snprintf(dial->why, sizeof(dial->why), "its name is not found: %s",
                     evutil_gai_strerror(error));
    }
    if (found != NULL)
        evutil_freeaddrinfo(found);
    /* Not now: it is the resolver that calls. */
    event_base_once(lookup->base, -1, EV_TIMEOUT, free_resolver, lookup->dns,
                    &(struct timeval){ 0, 0 });
    mem_free(lookup);
    if (dial != NULL)
        try_next(dial);
}

static void look_up(struct redis_dial *dial, const char *port)
{
    struct evutil_addrinfo wanted = hints(0);
    struct lookup *lookup = mem_zalloc(1, sizeof(*lookup));

    lookup->dial = dial;
    lookup->base = dial->base;
    lookup->dns = evdns_base_new(dial->base, EVDNS_BASE_DISABLE_WHEN_INACTIVE);
    if (lookup->dns == NULL) {
        mem_free(lookup);
        snprintf(dial->why, sizeof(dial->why), "the resolver cannot be started");
        finish(dial, -1);
        return;
    }
    /* Without that file names come from the hosts file alone. */
    evdns_base_resolv_conf_parse(lookup->dns, DNS_OPTIONS_ALL, "/etc/resolv.conf");
    dial->lookup = lookup;
    struct evdns_getaddrinfo_request *request =
        evdns_getaddrinfo(lookup->dns, dial->address->place, port, &wanted, looked_up, lookup);

    if (request != NULL) /* else it has called back already */
        lookup->request = request;
}

/* Numbers need no resolver. */
static bool add_literal(struct redis_dial *dial, const char *port)
{
    struct evutil_addrinfo wanted = hints(EVUTIL_AI_NUMERICHOST | EVUTIL_AI_NUMERICSERV);
    struct evutil_addrinfo *found = NULL;

    if (evutil_getaddrinfo(dial->address->place, port, &wanted, &found) != 0)
        return false;
    add_found(dial, found);
    evutil_freeaddrinfo(found);
    return true;
}

static void failed_with(struct redis_dial *dial, int error)
{
    snprintf(dial->why, sizeof(dial->why), "%s", strerror(error));
    if (dial->fd >= 0)
        close(dial->fd);
    dial->fd = -1;
}

static void on_connected(evutil_socket_t fd, short what, void *arg)
{
    struct redis_dial *dial = arg;
    int error = 0;
    socklen_t len = sizeof(error);

    if ((what & EV_TIMEOUT) != 0)
        error = ETIMEDOUT;
    else if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) != 0)
        error = errno;
    if (error == 0) {
        finish(dial, dial->fd);
        return;
    }
    failed_with(dial, error);
    try_next(dial);
}

static void set_options(int fd)
{
    int on = 1;
    int idle = KEEPALIVE_IDLE_S;

    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof(idle));
}

/* Connects to one address. False, with `why`, when that has failed at once. */
static bool try_address(struct redis_dial *dial, size_t which)
{
    const struct sockaddr *sockaddr = (const struct sockaddr *)&dial->found[which];
    int64_t share_ms = dial->timeout_ms / (int64_t)dial->count;

    dial->fd = socket(sockaddr->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (dial->fd < 0) {
        failed_with(dial, errno);
        return false;
    }
    if (!dial->address->is_unix)
        set_options(dial->fd);
    if (connect(dial->fd, sockaddr, dial->lens[which]) != 0 && errno != EINPROGRESS) {
        failed_with(dial, errno);
        return false;
    }
    /* A connection that stands already is writable, and is told of in the next turn. */
    event_assign(dial->event, dial->base, dial->fd, EV_WRITE, on_connected, dial);
    event_add(dial->event,
              &(struct timeval){ share_ms / 1000, (suseconds_t)(share_ms % 1000 * 1000) });
    return true;
}

static void try_next(struct redis_dial *dial)
{
    while (dial->tried < dial->count) {
        if (try_address(dial, dial->tried++))
            return;
    }
    finish(dial, -1);
}

static void begin(evutil_socket_t fd, short what, void *arg)
{
    struct redis_dial *dial = arg;
    char port[8];

    (void)fd, (void)what;
    snprintf(port, sizeof(port), "%u", (unsigned)dial->address->port);
    if (dial->address->is_unix)
        add_unix(dial);
    else if (!add_literal(dial, port)) {
        look_up(dial, port);
        return;
    }
    try_next(dial);
}

struct redis_dial *redis_dial_start(struct event_base *base, const struct redis_address *address,
                                    int64_t timeout_ms, redis_dial_done *done, void *arg)
{
    struct redis_dial *dial = mem_zalloc(1, sizeof(*dial));

    dial->base = base;
    dial->address = address;
    dial->timeout_ms = timeout_ms;
    dial->done = done;
    dial->arg = arg;
    dial->fd = -1;
    dial->event = evtimer_new(base, begin, dial);
    event_add(dial->event, &(struct timeval){ 0, 0 });
    return dial;
}

void redis_dial_cancel(struct redis_dial *dial)
{
    if (dial == NULL)
        return;
    if (dial->lookup != NULL) {
        dial->lookup->dial = NULL;
        if (dial->lookup->request != NULL)
            evdns_getaddrinfo_cancel(dial->lookup->request);
    }
    release(dial);
}
