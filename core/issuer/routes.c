#include "issuer/routes.h"

const struct route issuer_routes[] = {
    { HTTP_GET | HTTP_POST, "/oauth2/authorize", &authorize_flow, ROUTE_FORM | ROUTE_NO_HEAD },
    { HTTP_POST, "/oauth2/token", &token_flow, ROUTE_FORM | ROUTE_NO_QUERY | ROUTE_CORS },
    { HTTP_GET | HTTP_POST, "/oauth2/userinfo", &userinfo_flow, ROUTE_FORM | ROUTE_CORS },
    { HTTP_POST, "/oauth2/introspect", &introspect_flow, ROUTE_FORM | ROUTE_NO_QUERY },
    { HTTP_POST, "/oauth2/revoke", &revoke_flow, ROUTE_FORM | ROUTE_NO_QUERY | ROUTE_CORS },
    { HTTP_GET, "/oauth2/jwks", &jwks_flow, ROUTE_CACHEABLE | ROUTE_CORS_ANY },
    { HTTP_GET, "/.well-known/openid-configuration", &metadata_flow,
      ROUTE_CACHEABLE | ROUTE_CORS_ANY },
    { HTTP_GET, "/.well-known/oauth-authorization-server", &metadata_flow,
      ROUTE_CACHEABLE | ROUTE_CORS_ANY },
    { 0, NULL, NULL, 0 },
};
