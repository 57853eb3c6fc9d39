/*
 * One connection to one Redis: dialled, secured, greeted (AUTH, SELECT, PING), kept, and made again
 * when it is lost. Many requests are under way on it at once and are answered in their order.
 *
 * Whatever is not exactly as it should be ends the connection, and with it all that is under way: a
 * wrong reply, a reply nobody asked for, a request that is not answered in time. So a late reply
 * never answers another request. A lost connection is made again at once if it had been of use,
 * else after 50 ms, 100 ms, ... 2 s. While it waits like this it is known to be down and takes no
 * requests; while it is being made it keeps them.
 */
#ifndef CARDEA_STORE_REDIS_WIRE_H
#define CARDEA_STORE_REDIS_WIRE_H

#include "store/redis_reply.h"
#include "store/redis_url.h"
#include "store/store.h"

#include <event2/bufferevent.h>
#include <openssl/ssl.h>

/* A command under way. */
struct redis_request {
    struct store_batch *batch; /* NULL: nobody waits for the reply any more */
    uint32_t place;            /* which of the batch's commands */
    uint8_t kind;              /* the owner's: what was asked */
    bool by_hash;              /* the owner's: a script called by its hash */
    int64_t deadline;          /* clock_monotonic_ms() */
};

/* Who sends on the wire. */
struct redis_wire_owner {
    /* May this request be answered so? False ends the connection. Must not run a flow. */
    bool (*accepts)(struct store *store, const struct redis_request *request,
                    const struct redis_reply *reply);
    /* The reply; `request` is no longer under way. May run flows. */
    void (*answered)(struct store *store, const struct redis_request *request,
                     const struct redis_reply *reply);
    /* There will be none; `request` is no longer under way. May run flows. */
    void (*lost)(struct store *store, const struct redis_request *request);
};

struct redis_wire;

/*
 * `address` must live as long; `tls` is NULL for plain connections, and stays the caller's. Begins
 * to connect at once.
 */
struct redis_wire *redis_wire_new(struct event_base *base, const struct redis_address *address,
                                  SSL_CTX *tls, int64_t timeout_ms, struct store *store,
                                  const struct redis_wire_owner *owner);
/* All requests are lost(). Accepts NULL. */
void redis_wire_free(struct redis_wire *wire);

/* Will a request be taken now? */
bool redis_wire_takes(const struct redis_wire *wire);

/* Sends one request; the bytes are copied and leave with others of this loop turn. Returns its
 * number. Only if redis_wire_takes(). */
uint64_t redis_wire_send(struct redis_wire *wire, const struct redis_request *request,
                         const char *bytes, size_t len);

/* The request of that number; NULL when it is no longer under way. Valid until the next send. */
struct redis_request *redis_wire_request(struct redis_wire *wire, uint64_t number);

/* Is the connection up, and was the last request answered without an error? */
bool redis_wire_is_healthy(const struct redis_wire *wire);

/* The owner has seen an error in a reply. */
void redis_wire_unhealthy(struct redis_wire *wire);

/* A connected socket with TLS on top, to be verified for the host of that address. NULL on failure;
 * the socket is closed then. (redis_tls.c) */
struct bufferevent *redis_tls_wrap(struct event_base *base, int fd, SSL_CTX *tls,
                                   const struct redis_address *address);
/* What went wrong with it, into `why`. */
void redis_tls_explain(struct bufferevent *connection, char *why, size_t size);

#endif
