/*
 * The least server that still answers HTTP/1.1 with keep-alive: libevent's bufferevents and a
 * parser that looks for the end of the head, the target and the length of the body, and checks
 * nothing. What it does is the limit for a server that does more.
 */
#ifndef CARDEA_BENCH_MODELS_HTTP_H
#define CARDEA_BENCH_MODELS_HTTP_H

#include "base/arena.h"

#include <event2/event.h>

struct model_conn;

/* One request and what its handler notes while it works; lives in its connection. */
struct exchange {
    struct model_conn *conn;
    struct slice head;
    struct slice path;
    struct slice query;
    struct slice body;
    const char *work; /* what is still to be done; model.c */
    uint64_t number;
    char secret[44]; /* the newest random text */
    char hash[32];   /* the newest hash */
    char token[1024];
    size_t token_len;
};

/* The handler answers each request once, with http_respond(), now or later. */
void http_serve(struct event_base *base, uint16_t port, void (*handle)(struct exchange *exchange));

/* `headers`: more lines, each with CRLF. */
void http_respond(struct exchange *exchange, const char *status, struct slice headers,
                  struct slice body);

#endif
