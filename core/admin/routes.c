#include "admin/routes.h"

const struct route admin_routes[] = {
    { HTTP_GET, "/healthz", &healthz_flow, 0 },
    { HTTP_GET, "/readyz", &readyz_flow, 0 },
    { HTTP_GET, "/metrics", &metrics_flow, 0 },
    { 0, NULL, NULL, 0 },
};
