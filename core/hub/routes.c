#include "hub/routes.h"

const struct route hub_routes[] = {
    { HTTP_GET, "/", &home_flow, 0 },
    { HTTP_GET, "/login", &chooser_flow, 0 },
    { HTTP_GET, "/session", &session_flow, 0 },
    { HTTP_GET, "/logout", &ask_logout_flow, 0 },
    { HTTP_POST, "/logout", &logout_flow, ROUTE_FORM },
    { HTTP_GET, "/static/{file}", &static_flow, ROUTE_CACHEABLE },
    { HTTP_GET, "/marks/{provider}", &mark_flow, ROUTE_CACHEABLE },
    { 0, NULL, NULL, 0 },
};
