/*
 * The demo app: a small relying party that logs in at Cardea like any other app (OpenID Connect,
 * code with PKCE) and shows what it was told.
 */
#ifndef CARDEA_CLI_DEMO_APP_H
#define CARDEA_CLI_DEMO_APP_H

#include "kit/small_server.h"

struct demo_app {
    const char *issuer;
    const char *url; /* its own */
    const char *client_id;
    const char *client_secret;
    struct list visits; /* browsers that are logged in, in memory */
    size_t visit_count;
};

extern const struct route demo_app_routes[];

void demo_app_release(struct demo_app *app);

#endif
