/*
 * A server for suites about calls: it says the bytes of a table, however wrong, to whoever asks for
 * a path, and remembers what it was asked. It lives in the event base of the suite.
 */
#ifndef CARDEA_TESTS_FAKE_SERVER_H
#define CARDEA_TESTS_FAKE_SERVER_H

#include "base/memory.h"
#include "base/slice.h"

#include <event2/buffer.h>
#include <event2/bufferevent_ssl.h>
#include <event2/listener.h>
#include <netinet/in.h>

/* What happens after the bytes of an answer. */
enum fake_end {
    FAKE_KEEP,  /* the connection waits for the next request */
    FAKE_CLOSE, /* it ends */
    FAKE_DRIP,  /* a byte every 20 ms, without end */
    FAKE_FLOOD  /* as many bytes as the other side takes, without end */
};

struct fake_answer {
    const char *path;
    enum fake_end end;
    const char *bytes;
    size_t len; /* of the bytes; 0: up to the NUL */
};

struct fake_server {
    struct event_base *base;
    struct evconnlistener *listener;
    SSL_CTX *tls; /* may be NULL */
    const struct fake_answer *answers;
    size_t answer_count;
    uint16_t port;
    int connections; /* accepted so far */
    int open;        /* now */
    int requests;
    char last[65536]; /* request, with its body */
};

struct fake_conn {
    struct fake_server *server;
    struct bufferevent *bev;
    struct event *drip;
    enum fake_end end;
};

static inline void fake_conn_free(struct fake_conn *conn)
{
    conn->server->open--;
    event_free(conn->drip);
    bufferevent_free(conn->bev);
    mem_free(conn);
}

static inline void fake_on_event(struct bufferevent *bev, short what, void *context)
{
    (void)bev;
    if (!(what & BEV_EVENT_CONNECTED))
        fake_conn_free(context);
}

static inline void fake_on_drip(evutil_socket_t fd, short what, void *context)
{
    const struct fake_conn *conn = context;

    (void)fd;
    (void)what;
    bufferevent_write(conn->bev, "x", 1);
}

static inline void fake_on_write(struct bufferevent *bev, void *context)
{
    static const char flood[16384] = { 'x' };
    struct fake_conn *conn = context;
    struct timeval interval = { 0, 20000 };

    if (conn->end == FAKE_CLOSE)
        fake_conn_free(conn);
    else if (conn->end == FAKE_FLOOD)
        bufferevent_write(bev, flood, sizeof(flood));
    else if (conn->end == FAKE_DRIP)
        event_add(conn->drip, &interval);
}

/* The length of the request at the beginning of the input, or 0. */
static inline size_t fake_request_len(struct evbuffer *input)
{
    struct evbuffer_ptr end = evbuffer_search(input, "\r\n\r\n", 4, NULL);
    char head[8192];

    if (end.pos < 0)
        return 0;
    ssize_t len = evbuffer_copyout(input, head, sizeof(head) - 1);

    head[len] = '\0';
    const char *length = strcasestr(head, "\r\nContent-Length: ");
    size_t body = length != NULL ? strtoul(length + 18, NULL, 10) : 0;

    return evbuffer_get_length(input) >= (size_t)end.pos + 4 + body ? (size_t)end.pos + 4 + body
                                                                    : 0;
}

static inline const struct fake_answer *fake_answer_for(const struct fake_server *server)
{
    const char *path = strchr(server->last, ' ');

    for (size_t i = 0; path != NULL && i < server->answer_count; i++) {
        size_t len = strlen(server->answers[i].path);

        if (strncmp(path + 1, server->answers[i].path, len) == 0 && path[1 + len] == ' ')
            return &server->answers[i];
    }
    return NULL;
}

static inline void fake_on_read(struct bufferevent *bev, void *context)
{
    struct fake_conn *conn = context;
    struct fake_server *server = conn->server;
    struct evbuffer *input = bufferevent_get_input(bev);
    size_t len = fake_request_len(input);

    if (len == 0 || len >= sizeof(server->last))
        return;
    evbuffer_remove(input, server->last, len);
    server->last[len] = '\0';
    server->requests++;
    const struct fake_answer *answer = fake_answer_for(server);

    if (answer == NULL)
        return; /* it hangs */
    conn->end = answer->end;
    if (answer->bytes[0] != '\0')
        bufferevent_write(bev, answer->bytes,
                          answer->len > 0 ? answer->len : strlen(answer->bytes));
    else
        fake_on_write(bev, conn);
}

static inline void fake_on_accept(struct evconnlistener *listener, evutil_socket_t fd,
                                  struct sockaddr *address, int len, void *context)
{
    struct fake_server *server = context;
    struct fake_conn *conn = mem_zalloc(1, sizeof(*conn));

    (void)listener;
    (void)address;
    (void)len;
    server->connections++;
    server->open++;
    conn->server = server;
    conn->drip = event_new(server->base, -1, EV_PERSIST, fake_on_drip, conn);
    conn->bev =
        server->tls == NULL
            ? bufferevent_socket_new(server->base, fd, BEV_OPT_CLOSE_ON_FREE)
            : bufferevent_openssl_socket_new(server->base, fd, SSL_new(server->tls),
                                             BUFFEREVENT_SSL_ACCEPTING, BEV_OPT_CLOSE_ON_FREE);
    bufferevent_setcb(conn->bev, fake_on_read, fake_on_write, fake_on_event, conn);
    bufferevent_enable(conn->bev, EV_READ | EV_WRITE);
}

/* `where` is INADDR_LOOPBACK or INADDR_ANY. */
static inline void fake_server_open(struct fake_server *server, struct event_base *base,
                                    SSL_CTX *tls, in_addr_t where)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(where) };
    socklen_t len = sizeof(address);

    *server = (struct fake_server){ .base = base, .tls = tls };
    server->listener = evconnlistener_new_bind(base, fake_on_accept, server,
                                               LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, 128,
                                               (struct sockaddr *)&address, sizeof(address));
    if (server->listener == NULL)
        abort();
    getsockname(evconnlistener_get_fd(server->listener), (struct sockaddr *)&address, &len);
    server->port = ntohs(address.sin_port);
}

/* Connections end when their clients do. */
static inline void fake_server_close(struct fake_server *server)
{
    evconnlistener_free(server->listener);
}

#endif
