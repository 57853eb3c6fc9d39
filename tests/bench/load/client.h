/*
 * Keep-alive connections to one server on loopback: each sends a request, waits for the whole
 * answer, and hands it over.
 */
#ifndef CARDEA_BENCH_LOAD_CLIENT_H
#define CARDEA_BENCH_LOAD_CLIENT_H

#include "base/buf.h"

struct answer {
    int status;
    struct slice head; /* status line and headers */
    struct slice body;
};

struct client {
    int fd;
    struct buf request; /* what is asked: written by its owner, sent by client_send() */
    struct buf input;
    /* The answer is complete; the slices hold until the next client_send(). */
    void (*answered)(struct client *client, const struct answer *answer);
};

void client_init(struct client *client, uint16_t port,
                 void (*answered)(struct client *client, const struct answer *answer));
/* Sends `request`; on a new connection when the server has closed the old one. */
void client_send(struct client *client);

/* Serves all clients until `running(context)` is false; asked after each round of events. */
void clients_run(bool (*running)(void *context), void *context);

/* What stands behind `mark` up to the first of the bytes in `ends`; absent when there is no mark.
 */
struct slice text_behind(struct slice text, const char *mark, const char *ends);

#endif
