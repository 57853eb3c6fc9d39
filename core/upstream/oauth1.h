/*
 * A login at a provider that speaks OAuth 1.0a (RFC 5849): what is otherwise there than with OAuth
 * 2. The request token is fetched before the browser is sent anywhere, and instead of a `state` it
 * says whose answer comes back; it travels with its secret in the attempt's cookie.
 */
#ifndef CARDEA_UPSTREAM_OAUTH1_H
#define CARDEA_UPSTREAM_OAUTH1_H

#include "upstream/login.h"

/*
 * Signs login->request as it stands, last of all: with the access token, else with the request
 * token, else (2.1) with none. `name` is one more protocol parameter (oauth_callback,
 * oauth_verifier), or NULL. NULL, or a sentence for the log when it cannot be signed.
 */
const char *oauth1_authorize(struct login *login, struct arena *arena, const char *name,
                             struct slice value);

/* The request for temporary credentials (2.1): login->attempt has them then. */
extern const struct step temporary_credentials[];

#endif
