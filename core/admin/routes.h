/*
 * The admin listener: is it alive, is it ready, what has it done. Never on the public one.
 */
#ifndef CARDEA_ADMIN_ROUTES_H
#define CARDEA_ADMIN_ROUTES_H

#include "hub/request.h"

extern const struct route admin_routes[];

extern const struct flow_kind healthz_flow; /* health.c */
extern const struct flow_kind readyz_flow;
extern const struct flow_kind metrics_flow; /* metrics.c */

#endif
