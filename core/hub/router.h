/*
 * From a request to its route. Every area brings a table; they are joined here once, at start-up.
 */
#ifndef CARDEA_HUB_ROUTER_H
#define CARDEA_HUB_ROUTER_H

#include "hub/request.h"

struct router;

/*
 * `tables` end with a route whose path is NULL; the list of tables ends with NULL. `base_path`
 * stands in front of all (the issuer's path, without a trailing slash). `counted`: its requests go
 * into the metrics, whose labels were laid out with the same tables.
 */
struct router *router_new(struct hub *hub, const struct route *const *tables,
                          struct slice base_path, bool counted);
void router_free(struct router *router);

/* The paths of all routes (and the names of all their steps), each once, NULL at the end; for
 * metrics. */
const char *const *router_route_names(struct arena *arena, const struct route *const *tables);
const char *const *router_step_names(struct arena *arena, const struct route *const *tables);

/* The handler for net/http_server.h. */
struct http_handler router_handler(struct router *router);

/* Header lines for answers that the server makes itself. */
struct slice router_error_headers(struct hub *hub);

#endif
