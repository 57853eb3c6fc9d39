#include "upstream/routes.h"

const struct route upstream_routes[] = {
    { HTTP_GET, "/login/{provider}", &login_flow, ROUTE_THROTTLED },
    { HTTP_GET | HTTP_POST, "/callback/{provider}", &callback_flow, ROUTE_FORM },
    { 0, NULL, NULL, 0 },
};
