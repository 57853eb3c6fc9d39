#include "upstream/routes.h"

const struct route upstream_routes[] = {
    { HTTP_GET, "/login/{provider}", &login_flow, ROUTE_THROTTLED | ROUTE_NO_HEAD },
    { HTTP_GET | HTTP_POST, "/callback/{provider}", &callback_flow, ROUTE_FORM | ROUTE_NO_HEAD },
    { 0, NULL, NULL, 0 },
};
