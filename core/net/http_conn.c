#include "net/http_conn.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"

#include <event2/buffer.h>
#include <event2/bufferevent_ssl.h>
#include <openssl/err.h>
#include <poll.h>
#include <sys/uio.h>

enum {
    HANDSHAKE_MS = 10000,
    LINGER_MS = 1000,
    LINGER_BYTES = 256 * 1024,
    STOP_GRACE_MS = 1000,
    REQUEST_TURN = 8 /* requests of one connection before others have their turn */
};

static struct evbuffer *input_of(const struct http_conn *conn)
{
    return bufferevent_get_input(conn->bev);
}

static bool output_is_empty(const struct http_conn *conn)
{
    return evbuffer_get_length(bufferevent_get_output(conn->bev)) == 0;
}

static void conn_set_deadline(struct http_conn *conn, int64_t ms)
{
    conn->deadline = clock_monotonic_ms() + ms;
}

static void conn_say_goodbye(struct http_conn *conn)
{
    SSL *ssl = conn->tls ? bufferevent_openssl_get_ssl(conn->bev) : NULL;

    if (ssl != NULL && SSL_is_init_finished(ssl)) {
        SSL_shutdown(ssl);
        ERR_clear_error(); /* a client that has gone is no error of the next one */
    }
}

static void conn_abandon(struct http_conn *conn)
{
    struct http_exchange *exchange = conn->exchange;

    if (exchange == NULL)
        return;
    conn->exchange = NULL;
    exchange->conn = NULL;
    conn->server->handler.abandon(exchange, conn->served);
}

void conn_close(struct http_conn *conn)
{
    struct http_server *server = conn->server;

    conn->state = CONN_DEAD;
    if (conn->running)
        return;
    conn->running = true; /* whatever abandon() does, the connection ends once */
    conn_abandon(conn);
    conn_say_goodbye(conn);
    list_remove(&conn->link);
    list_remove(&conn->turn);
    buf_release_secret(&conn->body);
    bufferevent_free(conn->bev);
    mem_free(conn);
    server->count--;
    if (server->stopping && server->count == 0)
        server_wants_turn(server);
}

/* All has been said: closing at once would destroy it while the client still talks. */
static void conn_end(struct http_conn *conn)
{
    if (!conn->lingers || conn->eof) {
        conn_close(conn);
        return;
    }
    conn->state = CONN_LINGERING;
    conn_set_deadline(conn, LINGER_MS);
    conn_say_goodbye(conn);
    shutdown(bufferevent_getfd(conn->bev), SHUT_WR);
    evbuffer_drain(input_of(conn), SIZE_MAX);
}

void conn_await_request(struct http_conn *conn)
{
    const struct http_server *server = conn->server;
    int64_t idle = server->settings.idle_ms;

    conn->state = CONN_READING;
    conn->begun = false;
    conn_set_deadline(conn, server->stopping && idle > STOP_GRACE_MS ? STOP_GRACE_MS : idle);
}

static void conn_answered(struct http_conn *conn)
{
    if (conn->closing)
        conn_end(conn);
    else
        conn_await_request(conn);
}

/* Reads on while there is room; beyond it the client has to wait. */
static void conn_pace(struct http_conn *conn)
{
    const struct http_limits *limits = &conn->server->settings.limits;
    bool room = !conn->eof && evbuffer_get_length(input_of(conn)) < limits->head + limits->body;

    if (room == conn->reading)
        return;
    conn->reading = room;
    if (room)
        bufferevent_enable(conn->bev, EV_READ);
    else
        bufferevent_disable(conn->bev, EV_READ);
}

/* The connection stops running; `more` tells that it may have requests it did not look at. */
static void conn_settle(struct http_conn *conn, bool more)
{
    conn->running = false;
    if (conn->state == CONN_DEAD) {
        conn_close(conn);
        return;
    }
    more = more && conn->state == CONN_READING && evbuffer_get_length(input_of(conn)) > 0;
    if (conn->eof && !more && conn->state != CONN_ANSWERING) {
        conn_close(conn);
        return;
    }
    conn_pace(conn);
    if (more) {
        list_remove(&conn->turn);
        list_add(&conn->server->turns, &conn->turn);
        server_wants_turn(conn->server);
    }
}

/* What the kernel does not take now, or all with TLS, waits in the bufferevent; there an error
 * comes to light as well. */
static void conn_write(struct http_conn *conn, const struct slice *pieces, size_t count)
{
    struct iovec iov[4];
    struct msghdr message = { .msg_iov = iov, .msg_iovlen = count };
    size_t total = 0;
    ssize_t sent = 0;

    for (size_t i = 0; i < count; i++) {
        iov[i] = (struct iovec){ (void *)(uintptr_t)pieces[i].at, pieces[i].len };
        total += pieces[i].len;
    }
    if (!conn->tls && output_is_empty(conn))
        sent = sendmsg(bufferevent_getfd(conn->bev), &message, MSG_NOSIGNAL);
    if (sent == (ssize_t)total)
        return;
    size_t skip = sent > 0 ? (size_t)sent : 0;

    evbuffer_expand(bufferevent_get_output(conn->bev), total - skip);
    for (size_t i = 0; i < count; i++) {
        struct slice rest = slice_from(pieces[i], skip);

        skip -= pieces[i].len - rest.len;
        if (rest.len > 0)
            bufferevent_write(conn->bev, rest.at, rest.len);
    }
}

static void conn_send(struct http_conn *conn, const struct http_answer *answer, bool body)
{
    struct buf *head = &conn->server->head;

    http_answer_write_head(head, answer, conn->closing);
    struct slice pieces[4] = { buf_slice(head), answer->headers, SL("\r\n"), answer->body };

    conn_write(conn, pieces, body && http_answer_has_body(answer->status) ? 4 : 3);
    if (output_is_empty(conn)) {
        conn_answered(conn);
        return;
    }
    conn->state = CONN_ANSWERING;
    conn_set_deadline(conn, conn->server->settings.total_ms);
}

void http_answer(struct http_exchange *exchange, const struct http_answer *answer)
{
    struct http_conn *conn = exchange->conn;

    if (conn == NULL)
        return;
    const struct http_server *server = conn->server;
    bool nested = conn->running;

    exchange->conn = NULL;
    conn->exchange = NULL;
    conn->requests++;
    conn->closing = server->stopping || !exchange->head.keep_alive ||
                    conn->requests >= server->settings.requests_per_connection;
    conn->lingers = exchange->head.keep_alive || evbuffer_get_length(input_of(conn)) > 0;
    conn->running = true;
    conn_send(conn, answer, exchange->head.method != HTTP_HEAD);
    if (!nested)
        conn_settle(conn, true);
}

static void log_refusal(const struct http_conn *conn, int status, const char *why)
{
    struct arena arena = { 0 };

    if (!log_wants(LEVEL_DEBUG))
        return;
    struct slice peer = address_host_text(&arena, &conn->peer);

    log_debug("%.*s is answered %d: the request %s", SLICE_ARG(peer), status, why);
    arena_release(&arena);
}

void conn_refuse(struct http_conn *conn, int status, const char *why)
{
    char text[64];
    int len = snprintf(text, sizeof(text), "%d %s\n", status, http_status_text(status));
    struct http_answer answer = { .status = status,
                                  .headers = buf_slice(&conn->server->error_headers),
                                  .body = slice_make(text, (size_t)len) };

    log_refusal(conn, status, why);
    conn_abandon(conn);
    conn->closing = conn->lingers = true;
    conn_send(conn, &answer, true);
}

X509 *http_exchange_certificate(const struct http_exchange *exchange)
{
    const struct http_conn *conn = exchange->conn;

    if (conn == NULL || !conn->tls)
        return NULL;
    return SSL_get0_peer_certificate(bufferevent_openssl_get_ssl(conn->bev));
}

static void conn_begin_clock(struct http_conn *conn)
{
    if (conn->begun)
        return;
    conn->begun = true;
    conn_set_deadline(conn, conn->server->settings.total_ms);
}

static void conn_serve(struct http_conn *conn)
{
    conn->state = CONN_SERVING;
    conn->served = true;
    conn->deadline = INT64_MAX; /* how long an answer may take is the handler's affair */
    conn->server->handler.serve(conn->exchange);
}

static char *take_bytes(struct http_conn *conn, size_t len)
{
    char *bytes = arena_alloc(conn->exchange->arena, len + 1);

    evbuffer_remove(input_of(conn), bytes, len);
    bytes[len] = '\0';
    return bytes;
}

/* The first bytes of the input that lie together, at least `least` of them. */
static struct slice peek(struct evbuffer *input, size_t least)
{
    size_t together = evbuffer_get_contiguous_space(input);
    size_t len = together > least ? together : least;

    return slice_make((const char *)evbuffer_pullup(input, (ev_ssize_t)len), len);
}

static bool conn_take_chunks(struct http_conn *conn)
{
    struct evbuffer *input = input_of(conn);
    const char *why;
    int status = 0;
    size_t used;

    while (status == 0 && evbuffer_get_length(input) > 0) {
        status = http_chunks_take(&conn->chunks, peek(input, 1), &conn->body, &used, &why);
        if (status > 1) {
            conn_refuse(conn, status, why);
            return false;
        }
        evbuffer_drain(input, used);
    }
    if (status == 0)
        return false;
    conn->exchange->body = arena_copy(conn->exchange->arena, buf_slice(&conn->body));
    buf_release_secret(&conn->body);
    conn->chunks = (struct http_chunks){ 0 };
    return true;
}

static bool conn_take_body(struct http_conn *conn)
{
    struct http_exchange *exchange = conn->exchange;
    size_t len = exchange->head.content_length;

    if (exchange->head.body == HTTP_BODY_CHUNKED)
        return conn_take_chunks(conn);
    if (exchange->head.body == HTTP_BODY_NONE)
        return true;
    if (evbuffer_get_length(input_of(conn)) < len)
        return false;
    exchange->body = slice_make(take_bytes(conn, len), len);
    return true;
}

static bool conn_open_exchange(struct http_conn *conn, size_t len)
{
    const struct http_server *server = conn->server;
    struct http_exchange *exchange = server->handler.open(server->handler.context);
    const char *why;

    conn->exchange = exchange;
    conn->served = false;
    conn->line = 0;
    exchange->conn = conn;
    exchange->peer = conn->peer;
    exchange->tls = conn->tls;
    exchange->began_us = clock_monotonic_us();
    struct slice bytes = slice_make(take_bytes(conn, len), len);
    int status =
        http_head_read(exchange->arena, bytes, &server->settings.limits, &exchange->head, &why);

    if (status != 0) {
        conn_refuse(conn, status, why);
        return false;
    }
    if (exchange->head.expects_continue && exchange->head.body != HTTP_BODY_NONE &&
        evbuffer_get_length(input_of(conn)) == 0)
        conn_write(conn, &SL("HTTP/1.1 100 Continue\r\n\r\n"), 1);
    return true;
}

static bool conn_take_head(struct http_conn *conn)
{
    const struct http_limits *limits = &conn->server->settings.limits;
    struct evbuffer *input = input_of(conn);
    size_t len = evbuffer_get_length(input);
    const char *why;

    if (len == 0)
        return false;
    struct slice bytes = peek(input, 0);
    size_t end = http_head_end(bytes, &conn->line);

    if (end == 0 && bytes.len < len && bytes.len < limits->head) {
        bytes = peek(input, len < limits->head ? len : limits->head);
        end = http_head_end(bytes, &conn->line);
    }
    if (end > 0)
        return conn_open_exchange(conn, end);
    int status = http_head_check_part(bytes, limits, &why);

    if (status != 0)
        conn_refuse(conn, status, why);
    return false;
}

/* One request further; false when more bytes are needed, or no more wanted. */
static bool conn_take_request(struct http_conn *conn)
{
    bool complete = (conn->exchange != NULL || conn_take_head(conn)) && conn_take_body(conn);

    if (complete)
        conn_serve(conn);
    else if (conn->state == CONN_READING &&
             (conn->exchange != NULL || evbuffer_get_length(input_of(conn)) > 0))
        conn_begin_clock(conn);
    return complete;
}

void conn_run(struct http_conn *conn)
{
    unsigned requests = 0;

    conn->running = true;
    if (conn->state == CONN_ANSWERING && output_is_empty(conn))
        conn_answered(conn);
    while (conn->state == CONN_READING && requests < REQUEST_TURN && conn_take_request(conn))
        requests++;
    conn_settle(conn, requests == REQUEST_TURN);
}

static void on_read(struct bufferevent *bev, void *context)
{
    struct http_conn *conn = context;
    struct evbuffer *input = bufferevent_get_input(bev);

    if (conn->state != CONN_LINGERING) {
        conn_run(conn);
        return;
    }
    conn->lingered += evbuffer_get_length(input);
    evbuffer_drain(input, SIZE_MAX);
    if (conn->lingered > LINGER_BYTES)
        conn_close(conn);
}

static void on_write(struct bufferevent *bev, void *context)
{
    (void)bev;
    conn_run(context);
}

static void on_event(struct bufferevent *bev, short what, void *context)
{
    struct http_conn *conn = context;

    (void)bev;
    if (what & BEV_EVENT_CONNECTED) {
        conn_await_request(conn);
        return;
    }
    /* Half a plain connection can still carry the rest of an answer. */
    if (conn->tls || !(what & BEV_EVENT_EOF)) {
        conn_close(conn);
        return;
    }
    conn->eof = true;
    conn->reading = false;
    conn_run(conn);
}

void conn_too_late(struct http_conn *conn)
{
    if (conn->state != CONN_READING || !conn->begun) {
        conn_close(conn);
        return;
    }
    conn->running = true;
    conn_refuse(conn, 408, "was too slow");
    conn_settle(conn, false);
}

/* While we do not read because the client sends too much, nobody else would tell. */
bool conn_has_gone(const struct http_conn *conn)
{
    struct pollfd pollfd = { .fd = bufferevent_getfd(conn->bev), .events = POLLRDHUP };

    return conn->state == CONN_SERVING && !conn->reading && poll(&pollfd, 1, 0) > 0;
}

struct http_conn *conn_new(struct http_server *server, struct bufferevent *bev, bool tls,
                           const struct address *peer)
{
    struct http_conn *conn = mem_zalloc(1, sizeof(*conn));

    conn->server = server;
    conn->bev = bev;
    conn->tls = tls;
    conn->peer = *peer;
    buf_init(&conn->body, server->settings.limits.body);
    list_init(&conn->turn);
    list_add(&server->conns, &conn->link);
    server->count++;
    bufferevent_setcb(bev, on_read, on_write, on_event, conn);
    conn_await_request(conn);
    if (tls) {
        int64_t total = server->settings.total_ms;

        conn->state = CONN_HANDSHAKE;
        conn_set_deadline(conn, total < HANDSHAKE_MS ? total : HANDSHAKE_MS);
    }
    conn_pace(conn);
    return conn;
}
