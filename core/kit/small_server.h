/*
 * A small server on loopback: router, pages and flows as the hub has them, without store, sessions
 * and keys. The simulator, the plugin kit and the demo app are such.
 */
#ifndef CARDEA_KIT_SMALL_SERVER_H
#define CARDEA_KIT_SMALL_SERVER_H

#include "hub/hub.h"
#include "hub/request.h"
#include "process/hub_open.h"

struct small_server {
    struct arena arena;
    struct event_base *base;
    struct shared *shared;
    struct settings *settings;
    struct hub *hub;
    struct router *router;
    struct http_server *server;
    struct event *tick;
    struct event *signals[2];
    int listener;
    const char *url; /* "http://127.0.0.1:PORT" */
};

/* A listening socket on 127.0.0.1; `port` 0: any. Its URL in `*url_r`. -1, with errno. */
int small_listen(struct arena *arena, uint16_t port, const char **url_r);

/*
 * Opens a server on a listening socket (which becomes its own), whose URL is `url`. `parts` as for
 * hub_open(); `title` stands on its pages; `context` is hub->context. False, with problems.
 */
bool small_server_open(struct small_server *server, int listener, const char *url,
                       const char *title, unsigned parts, const struct route *const *routes,
                       void *context, struct problems *problems);

/* Serves until SIGTERM or SIGINT. */
void small_server_run(struct small_server *server);

void small_server_close(struct small_server *server);

#endif
