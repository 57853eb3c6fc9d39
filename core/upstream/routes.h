/*
 * The routes of our role as a client: to a provider and back.
 */
#ifndef CARDEA_UPSTREAM_ROUTES_H
#define CARDEA_UPSTREAM_ROUTES_H

#include "hub/request.h"

extern const struct route upstream_routes[];

extern const struct flow_kind login_flow;    /* begin.c */
extern const struct flow_kind callback_flow; /* callback.c */

struct attempt;

/* From an error page back to the chooser of this attempt: for the same app, or the same page of
 * ours. Its ticket must be one that this browser has. */
void upstream_offer_again(struct request *request, const struct attempt *attempt);

/* {issuer}/callback/{provider id}: what is registered at the provider. */
struct slice upstream_callback_url(struct request *request, const struct provider *provider);

#endif
