#include "net/http_conn.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"

#include <errno.h>
#include <event2/bufferevent_ssl.h>
#include <event2/util.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <unistd.h>

enum {
    TICK_MS = 250,
    ACCEPT_TURN = 16,    /* connections taken before others have their turn */
    ACCEPT_LAST = 4096,  /* that may be waiting when the server stops */
    REFUSED_SURPLUS = 64 /* connections beyond the limit that are told so */
};

struct listener {
    struct list link;
    struct http_server *server;
    struct event *event;
    SSL_CTX *tls;
};

static const struct timeval at_once = { 0, 0 };
static const struct timeval tick_interval = { 0, TICK_MS * 1000 };

void server_wants_turn(struct http_server *server)
{
    event_add(server->turn, &at_once);
}

static void accept_resume(struct http_server *server)
{
    list_each (&server->listeners, link)
        event_add(list_entry(link, struct listener, link)->event, NULL);
    server->accept_paused = false;
}

static void on_tick(evutil_socket_t fd, short what, void *context)
{
    struct http_server *server = context;
    int64_t now = clock_monotonic_ms();
    struct list late;

    (void)fd;
    (void)what;
    list_init(&late);
    list_each_safe (&server->conns, link) {
        const struct http_conn *conn = list_entry(link, struct http_conn, link);

        if (now >= conn->deadline || conn_has_gone(conn)) {
            list_remove(link);
            list_add(&late, link);
        }
    }
    while (!list_is_empty(&late)) { /* not list_each: the end of one may be the end of others */
        struct http_conn *conn = list_entry(late.next, struct http_conn, link);

        list_remove(&conn->link);
        list_add(&server->conns, &conn->link);
        conn_too_late(conn);
    }
    if (server->accept_paused)
        accept_resume(server);
}

static void on_turn(evutil_socket_t fd, short what, void *context)
{
    struct http_server *server = context;
    struct list turns;

    (void)fd;
    (void)what;
    list_init(&turns);
    list_each_safe (&server->turns, link) {
        list_remove(link);
        list_add(&turns, link);
    }
    while (!list_is_empty(&turns)) {
        struct http_conn *conn = list_entry(turns.next, struct http_conn, turn);

        list_remove(&conn->turn);
        conn_run(conn);
    }
    if (server->stopping && server->count == 0 && server->idle != NULL) {
        void (*idle)(void *) = server->idle;

        server->idle = NULL;
        idle(server->idle_context);
    }
}

static struct bufferevent *bufferevent_on(const struct listener *listener, int fd)
{
    struct event_base *base = listener->server->base;

    if (listener->tls == NULL)
        return bufferevent_socket_new(base, fd, BEV_OPT_CLOSE_ON_FREE);
    SSL *ssl = SSL_new(listener->tls);

    return ssl == NULL ? NULL
                       : bufferevent_openssl_socket_new(base, fd, ssl, BUFFEREVENT_SSL_ACCEPTING,
                                                        BEV_OPT_CLOSE_ON_FREE);
}

static void take_connection(const struct listener *listener, int fd, const struct address *peer)
{
    struct http_server *server = listener->server;
    bool tls = listener->tls != NULL;
    bool full = server->count >= server->settings.connections;
    size_t limit = server->settings.connections + (tls ? 0 : REFUSED_SURPLUS);
    struct bufferevent *bev = server->count < limit ? bufferevent_on(listener, fd) : NULL;

    if (bev == NULL) {
        close(fd);
        return;
    }
    struct http_conn *conn = conn_new(server, bev, tls, peer);

    if (full)
        conn_refuse(conn, 503, "came on a connection too many");
}

/* The socket stays readable when there are no descriptors left: the loop would spin. */
static void accept_pause(struct http_server *server)
{
    log_error("cannot accept connections for a moment: %s", strerror(errno));
    list_each (&server->listeners, link)
        event_del(list_entry(link, struct listener, link)->event);
    server->accept_paused = true;
}

static void accept_some(const struct listener *listener, int at_most)
{
    int listening = event_get_fd(listener->event);

    for (int i = 0; i < at_most && !listener->server->accept_paused; i++) {
        struct address peer = { .len = sizeof(peer.sockaddr) };
        int fd = accept4(listening, (struct sockaddr *)&peer.sockaddr, &peer.len,
                         SOCK_NONBLOCK | SOCK_CLOEXEC);

        if (fd >= 0)
            take_connection(listener, fd, &peer);
        else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
            accept_pause(listener->server);
        else if (errno == EAGAIN)
            return;
    }
}

static void on_accept(evutil_socket_t listening, short what, void *context)
{
    (void)listening;
    (void)what;
    accept_some(context, ACCEPT_TURN);
}

struct http_server *http_server_new(struct event_base *base,
                                    const struct http_server_settings *settings,
                                    const struct http_handler *handler)
{
    struct http_server *server = mem_zalloc(1, sizeof(*server));

    server->base = base;
    server->settings = *settings;
    server->handler = *handler;
    list_init(&server->listeners);
    list_init(&server->conns);
    list_init(&server->turns);
    buf_init(&server->head, 1024);
    buf_init(&server->error_headers, settings->error_headers.len + 64);
    buf_add(&server->error_headers, SL("Content-Type: text/plain\r\n"));
    buf_add(&server->error_headers, settings->error_headers);
    server->tick = event_new(base, -1, EV_PERSIST, on_tick, server);
    server->turn = event_new(base, -1, 0, on_turn, server);
    event_add(server->tick, &tick_interval);
    return server;
}

bool http_server_listen(struct http_server *server, int fd, SSL_CTX *tls)
{
    struct listener *listener = mem_zalloc(1, sizeof(*listener));
    int on = 1;

    listener->server = server;
    listener->tls = tls;
    listener->event = event_new(server->base, fd, EV_READ | EV_PERSIST, on_accept, listener);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)); /* accepted sockets inherit it */
    if (listener->event == NULL || evutil_make_socket_nonblocking(fd) != 0 ||
        event_add(listener->event, NULL) != 0) {
        if (listener->event != NULL)
            event_free(listener->event);
        mem_free(listener);
        return false;
    }
    list_add(&server->listeners, &listener->link);
    return true;
}

static void stop_listening(struct http_server *server)
{
    list_each_safe (&server->listeners, link) {
        struct listener *listener = list_entry(link, struct listener, link);

        list_remove(link);
        event_free(listener->event);
        mem_free(listener);
    }
}

void http_server_stop(struct http_server *server)
{
    if (!server->stopping) {
        list_each (&server->listeners, link)
            accept_some(list_entry(link, struct listener, link), ACCEPT_LAST);
    }
    server->stopping = true;
    stop_listening(server);
    list_each (&server->conns, link) {
        struct http_conn *conn = list_entry(link, struct http_conn, link);

        if (conn->state == CONN_READING && conn->exchange == NULL && !conn->begun)
            conn_await_request(conn);
    }
    server_wants_turn(server);
}

size_t http_server_connections(const struct http_server *server)
{
    return server->count;
}

void http_server_on_idle(struct http_server *server, void (*idle)(void *context), void *context)
{
    server->idle = idle;
    server->idle_context = context;
    server_wants_turn(server);
}

void http_server_free(struct http_server *server)
{
    if (server == NULL)
        return;
    stop_listening(server);
    while (!list_is_empty(&server->conns))
        conn_close(list_entry(server->conns.next, struct http_conn, link));
    event_free(server->tick);
    event_free(server->turn);
    buf_release(&server->head);
    buf_release(&server->error_headers);
    mem_free(server);
}
