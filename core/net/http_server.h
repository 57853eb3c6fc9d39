/*
 * The HTTP/1.1 front: plain, TLS and unix sockets, on libevent bufferevents.
 *
 * The server reads one request at a time from each connection and hands it over whole; the answer
 * may come at once or later. While it waits the server keeps listening to the client, and tells
 * when it has gone. Pipelined requests wait their turn. One coarse timer (250 ms) keeps all
 * deadlines: from the first byte of a request to its last (`total`), between requests (`idle`), and
 * for a client that does not take its answer (`total` again). A TLS handshake has ten seconds, or
 * `total` if that is less. Connections beyond the limit are answered 503 and closed.
 *
 * The server never looks at Host or at forwarded headers: the hub does, with its configuration.
 */
#ifndef CARDEA_NET_HTTP_SERVER_H
#define CARDEA_NET_HTTP_SERVER_H

#include "net/address.h"
#include "net/http_parse.h"

#include <event2/event.h>
#include <openssl/ssl.h>

struct http_conn;
struct http_server;

/* One request and its answer. The handler allocates it (see `open`), usually inside a flow. */
struct http_exchange {
    struct arena *arena;    /* set by open(); head, body and all slices below lie there */
    struct http_conn *conn; /* NULL when there is nobody to answer: answered, or gone */
    struct http_head head;
    struct slice body;   /* absent when there was none */
    struct address peer; /* of the socket */
    bool tls;
    int64_t began_us; /* clock_monotonic_us() when the head was complete */
};

struct http_handler {
    void *context;
    /* A head is complete, but not judged yet: give room for the exchange, cleared, with `arena`
     * set. */
    struct http_exchange *(*open)(void *context);
    /* The request is complete. http_answer() must follow, now or later, unless abandon() comes
     * first. */
    void (*serve)(struct http_exchange *exchange);
    /*
     * Nobody waits for the answer any more: the client has gone, sent garbage for a head or body,
     * or was too slow, or the server is freed. Half a closed connection is a client that has gone;
     * only requests that are answered within serve() are answered nevertheless. Called at most
     * once, never after http_answer(); the exchange must be let go (flow_cancel()). `served` tells
     * whether serve() was called before.
     */
    void (*abandon)(struct http_exchange *exchange, bool served);
};

struct http_server_settings {
    struct http_limits limits;
    size_t connections; /* at most, for all listeners of this server together */
    int64_t idle_ms;
    int64_t total_ms;
    unsigned requests_per_connection; /* then the connection is closed politely */
    struct slice
        error_headers; /* header lines, each with CRLF, for answers the server makes itself */
};

struct http_server *http_server_new(struct event_base *base,
                                    const struct http_server_settings *settings,
                                    const struct http_handler *handler);

/* Accepts on a listening socket, which stays the caller's; `tls` may be NULL. Returns false when
 * the event cannot be made. */
bool http_server_listen(struct http_server *server, int fd, SSL_CTX *tls);

/*
 * Takes the connections that the kernel has accepted already, then accepts no more; closes idle
 * connections, and the others when their answer has gone. Idle ones get a second before that,
 * because a request that is on its way to us when we close is lost. The listening sockets may be
 * closed when it returns.
 */
void http_server_stop(struct http_server *server);
/* Connections still open. */
size_t http_server_connections(const struct http_server *server);
/* Called once, from the event loop, when the last connection has gone after http_server_stop(); the
 * server may be freed then. */
void http_server_on_idle(struct http_server *server, void (*idle)(void *context), void *context);

/* Closes everything, abandons what is open, and frees. Not from within serve() or abandon().
 * Accepts NULL. */
void http_server_free(struct http_server *server);

struct http_answer {
    int status;
    /* Header lines, each ending in CRLF: the caller has built them with http_add_header(), which
     * refuses what could split an answer. Content-Length, Date and Connection are added here. */
    struct slice headers;
    struct slice body;
};

/* Appends "name: value\r\n". A value that no header may have makes the buffer fail. */
void http_add_header(struct buf *headers, const char *name, struct slice value);

/*
 * Answers and lets the connection go on. The bytes are copied (or sent) before it returns.
 * Afterwards `exchange->conn` is NULL and the exchange is the caller's again; HEAD gets no body.
 * When the client has gone meanwhile nothing happens.
 */
void http_answer(struct http_exchange *exchange, const struct http_answer *answer);

/* The reason phrase: "OK" for 200, and "" for what has none here. */
const char *http_status_text(int status);

/* The certificate the client has shown, or NULL. Borrowed; only before the answer. */
X509 *http_exchange_certificate(const struct http_exchange *exchange);

#endif
