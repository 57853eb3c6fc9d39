/*
 * Where a Redis is, and who we are there, as one URL says it (store.h has the forms).
 */
#ifndef CARDEA_STORE_REDIS_URL_H
#define CARDEA_STORE_REDIS_URL_H

#include "base/arena.h"

enum {
    REDIS_PORT = 6379,
    REDIS_DATABASE_MAX = 16383
};

/* Lies in the arena it was read into. */
struct redis_address {
    bool is_unix;
    bool tls;
    const char *place; /* host, without brackets, or path */
    uint16_t port;
    struct slice user;     /* absent: the default user */
    struct slice password; /* absent: none is sent */
    unsigned database;
    const char *name; /* for messages; holds no secret */
};

/* NULL, or a sentence that holds no part of user or password. */
const char *redis_url_read(struct arena *arena, struct slice text, struct redis_address *address_r);

#endif
