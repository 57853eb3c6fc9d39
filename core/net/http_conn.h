/*
 * The inside of the server: connections (http_conn.c) and what they share (http_server.c). Nobody
 * else includes this.
 *
 * A connection may end in the middle of whatever it does: serve() may answer at once, and the
 * answer may end it. So `running` is set while somebody up the stack holds on to it; conn_close()
 * then only marks it, and whoever lets go ends it (conn_settle()).
 */
#ifndef CARDEA_NET_HTTP_CONN_H
#define CARDEA_NET_HTTP_CONN_H

#include "base/list.h"
#include "net/http_server.h"

#include <event2/bufferevent.h>

enum conn_state {
    CONN_HANDSHAKE,
    CONN_READING,   /* a head, or the body of `exchange` */
    CONN_SERVING,   /* the handler has `exchange` */
    CONN_ANSWERING, /* a part of the answer waits in the bufferevent */
    CONN_LINGERING, /* we have said all, the client may still be talking */
    CONN_DEAD       /* to be freed when it no longer runs */
};

struct http_conn {
    struct list link; /* in server->conns */
    struct list turn; /* in server->turns while it waits for one */
    struct http_server *server;
    struct bufferevent *bev;
    struct http_exchange *exchange; /* NULL between two requests */
    enum conn_state state;
    bool tls;
    bool running;      /* somebody up the stack holds on to it */
    bool reading;      /* the bufferevent may read */
    bool eof;          /* the client says nothing more */
    bool begun;        /* a request has begun, and its deadline is set */
    bool served;       /* `exchange` is the handler's */
    bool closing;      /* after this answer */
    bool lingers;      /* the client may not know that we close */
    unsigned requests; /* so far */
    size_t line;       /* for http_head_end() */
    size_t lingered;   /* bytes thrown away */
    int64_t deadline;  /* clock_monotonic_ms() */
    struct http_chunks chunks;
    struct buf body; /* a chunked one, so far */
    struct address peer;
};

struct http_server {
    struct event_base *base;
    struct http_server_settings settings;
    struct http_handler handler;
    struct list listeners;
    struct list conns;
    struct list turns; /* connections with more to do, served in the next turn of the loop */
    size_t count;
    struct event *tick;
    struct event *turn;
    bool accept_paused;
    bool stopping;
    void (*idle)(void *context);
    void *idle_context;
    struct buf error_headers;
    struct buf head; /* of the answer being written */
};

/* A connection in state CONN_READING, or CONN_HANDSHAKE with TLS. It owns the bufferevent. */
struct http_conn *conn_new(struct http_server *server, struct bufferevent *bev, bool tls,
                           const struct address *peer);

/* Ends it, at once or when it no longer runs, and abandons its exchange. */
void conn_close(struct http_conn *conn);

/* Serves what has come, but only a few requests, so that others have their turn. */
void conn_run(struct http_conn *conn);

/* Answers without a handler and closes. `why` goes on after "the request ...". */
void conn_refuse(struct http_conn *conn, int status, const char *why);

/* Its deadline has passed. */
void conn_too_late(struct http_conn *conn);

/* Waits for a request, as long as an idle connection may. */
void conn_await_request(struct http_conn *conn);

/* Has the client gone without our being told, because we do not read (it sends too much)? */
bool conn_has_gone(const struct http_conn *conn);

/* The server runs connections in its next turn of the loop, and tells when all have gone. */
void server_wants_turn(struct http_server *server);

/* Writes status line and our own headers, without the empty line. */
void http_answer_write_head(struct buf *head, const struct http_answer *answer, bool closing);
bool http_answer_has_body(int status);

#endif
