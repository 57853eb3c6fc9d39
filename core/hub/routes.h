/*
 * The routes of what a browser sees besides logins: chooser, home, session, logout, static files.
 */
#ifndef CARDEA_HUB_ROUTES_H
#define CARDEA_HUB_ROUTES_H

#include "hub/request.h"

extern const struct route hub_routes[];

extern const struct flow_kind chooser_flow; /* chooser.c */
extern const struct flow_kind home_flow;    /* home.c */
extern const struct flow_kind session_flow;
extern const struct flow_kind ask_logout_flow; /* logout.c */
extern const struct flow_kind logout_flow;
extern const struct flow_kind static_flow; /* static.c */
extern const struct flow_kind mark_flow;

/* A step's answer: the provider's mark, drawn from its initial and colour where it brings none. */
enum step_result static_send_mark(struct request *request, const struct description *d);

#endif
