/*
 * All routes there are, area by area.
 */
#ifndef CARDEA_PROCESS_ROUTES_H
#define CARDEA_PROCESS_ROUTES_H

#include "hub/request.h"

/* Lists of tables, NULL at the end. */
extern const struct route *const public_routes[];
extern const struct route *const internal_routes[];

#endif
