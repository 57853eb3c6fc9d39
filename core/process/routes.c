#include "process/routes.h"

#include "admin/routes.h"
#include "hub/routes.h"
#include "issuer/routes.h"
#include "upstream/routes.h"

const struct route *const public_routes[] = { issuer_routes, upstream_routes, hub_routes, NULL };
const struct route *const internal_routes[] = { admin_routes, NULL };
