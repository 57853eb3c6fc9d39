#include "tests/bench/models/http.h"

#include "base/memory.h"

#include <arpa/inet.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/listener.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/uio.h>

struct model_conn {
    struct bufferevent *bev;
    struct exchange exchange;
    bool busy; /* the handler has the exchange */
    bool gone; /* the client has; freed when the handler has answered */
};

static void (*handle_exchange)(struct exchange *exchange);

static void conn_free(struct model_conn *conn)
{
    bufferevent_free(conn->bev);
    mem_free(conn);
}

static size_t content_length(struct slice head)
{
    static const struct slice name = SLICE("Content-Length: ");
    size_t at = slice_find_text(head, name);
    size_t length = 0;

    for (at += name.len; at < head.len && head.at[at] >= '0' && head.at[at] <= '9'; at++)
        length = length * 10 + (size_t)(head.at[at] - '0');
    return length;
}

/* Takes one whole request from the input; false when there is none. The slices point into the
 * input, and hold until it is drained. */
static bool take_request(struct model_conn *conn, size_t *size_r)
{
    struct evbuffer *input = bufferevent_get_input(conn->bev);
    struct slice bytes = { (const char *)evbuffer_pullup(input, -1), evbuffer_get_length(input) };
    size_t end = slice_find_text(bytes, SL("\r\n\r\n"));
    struct exchange *exchange = &conn->exchange;
    struct slice target;
    struct slice rest;

    if (end == bytes.len)
        return false;
    size_t length = content_length(slice_sub(bytes, 0, end));

    if (bytes.len < end + 4 + length)
        return false;
    slice_cut(bytes, ' ', &target, &rest);
    slice_cut(rest, ' ', &target, &rest);
    exchange->conn = conn;
    exchange->head = slice_sub(bytes, 0, end);
    slice_cut(target, '?', &exchange->path, &exchange->query);
    exchange->body = slice_sub(bytes, end + 4, length);
    *size_r = end + 4 + length;
    return true;
}

static void run(struct model_conn *conn)
{
    size_t size;

    while (!conn->busy && !conn->gone && take_request(conn, &size)) {
        conn->busy = true;
        handle_exchange(&conn->exchange);
        evbuffer_drain(bufferevent_get_input(conn->bev), size);
    }
    if (conn->gone && !conn->busy)
        conn_free(conn);
}

void http_respond(struct exchange *exchange, const char *status, struct slice headers,
                  struct slice body)
{
    struct model_conn *conn = exchange->conn;
    char head[256];
    int len =
        snprintf(head, sizeof(head), "HTTP/1.1 %s\r\nContent-Length: %zu\r\n", status, body.len);
    struct iovec iov[] = { { head, (size_t)len },
                           { (void *)(uintptr_t)headers.at, headers.len },
                           { (void *)(uintptr_t) "\r\n", 2 },
                           { (void *)(uintptr_t)body.at, body.len } };
    struct msghdr message = { .msg_iov = iov, .msg_iovlen = 4 };
    size_t total = (size_t)len + headers.len + 2 + body.len;

    conn->busy = false;
    /* Never more than a socket takes: the other side reads before it asks again. */
    if (!conn->gone &&
        sendmsg(bufferevent_getfd(conn->bev), &message, MSG_NOSIGNAL) != (ssize_t)total)
        conn->gone = true;
}

static void on_read(struct bufferevent *bev, void *context)
{
    (void)bev;
    run(context);
}

static void on_event(struct bufferevent *bev, short what, void *context)
{
    struct model_conn *conn = context;

    (void)bev;
    (void)what;
    conn->gone = true;
    run(conn);
}

static void on_accept(struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *address,
                      int len, void *context)
{
    struct model_conn *conn = mem_zalloc(1, sizeof(*conn));
    int on = 1;

    (void)address;
    (void)len;
    (void)context;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    conn->bev =
        bufferevent_socket_new(evconnlistener_get_base(listener), fd, BEV_OPT_CLOSE_ON_FREE);
    bufferevent_setcb(conn->bev, on_read, NULL, on_event, conn);
    bufferevent_enable(conn->bev, EV_READ);
}

void http_serve(struct event_base *base, uint16_t port, void (*handle)(struct exchange *exchange))
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(port) };

    handle_exchange = handle;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (evconnlistener_new_bind(base, on_accept, NULL, LEV_OPT_CLOSE_ON_FREE | LEV_OPT_REUSEABLE,
                                4096, (const struct sockaddr *)&address, sizeof(address)) == NULL) {
        perror("listen");
        exit(1);
    }
}
