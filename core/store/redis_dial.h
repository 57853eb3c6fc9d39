/*
 * From a host name or path to a connected socket, without ever blocking.
 *
 * Names are looked up by libevent's resolver (hosts file and DNS), and every address a name has is
 * tried in turn, each for its share of the time: "localhost" is often two addresses of which the
 * server listens on one.
 */
#ifndef CARDEA_STORE_REDIS_DIAL_H
#define CARDEA_STORE_REDIS_DIAL_H

#include "store/redis_url.h"

#include <event2/event.h>

struct redis_dial;

/* `fd` is connected, non-blocking and the callee's; or -1, and `why` (until the call returns) says
 * what was wrong with the last address tried. The dial is gone by then. */
typedef void redis_dial_done(void *arg, int fd, const char *why);

/* Calls `done` later, never before it returns, unless redis_dial_cancel() is called first. */
struct redis_dial *redis_dial_start(struct event_base *base, const struct redis_address *address,
                                    int64_t timeout_ms, redis_dial_done *done, void *arg);
/* Accepts NULL. */
void redis_dial_cancel(struct redis_dial *dial);

#endif
