/*
 * The routes of our role as an authorization server and OpenID provider.
 */
#ifndef CARDEA_ISSUER_ROUTES_H
#define CARDEA_ISSUER_ROUTES_H

#include "hub/pages.h"
#include "hub/request.h"

extern const struct route issuer_routes[];

extern const struct flow_kind authorize_flow;  /* authorize.c */
extern const struct flow_kind token_flow;      /* token.c */
extern const struct flow_kind userinfo_flow;   /* userinfo.c */
extern const struct flow_kind introspect_flow; /* introspect.c */
extern const struct flow_kind revoke_flow;     /* revoke.c */
extern const struct flow_kind metadata_flow;   /* metadata.c */
extern const struct flow_kind jwks_flow;

/* The grants, as tables that the token endpoint enters; each in a file of its own. */
extern const struct step grant_authorization_code[];
extern const struct step grant_refresh_token[];
extern const struct step grant_client_credentials[];

#endif
