/*
 * How we say at a provider who we are (RFC 6749, 2.3; RFC 7523, 2.2): what the description's
 * `token_auth` names, for the token request and for whatever else a client authenticates itself at.
 */
#ifndef CARDEA_UPSTREAM_CLIENT_AUTH_H
#define CARDEA_UPSTREAM_CLIENT_AUTH_H

#include "upstream/login.h"

/*
 * Adds it to login->request, parameters to `params` (its query or its form): last of all, so that
 * no hook gets to see the secret, and not in the place of what the description or a hook has put
 * there. `url` is the endpoint, for the audience of an assertion. NULL, or a sentence for the log
 * when a key is missing or cannot sign.
 */
const char *client_auth_add(struct login *login, struct arena *arena, struct params *params,
                            struct slice url);

/* Does a parameter say who the client is? With Basic and Bearer the header does. */
bool client_auth_names_client(const struct provider *provider);

/* A standard name of the token request as this provider spells it. */
struct slice token_name(const struct login *login, const char *standard);

/* Is it one that this token request does without? */
bool token_omits(const struct login *login, const char *standard);

/* A client secret that we sign ourselves (Apple's), kept until shortly before it expires. Accepts
 * NULL. */
struct client_jwt;
void client_jwt_free(struct client_jwt *jwt);

#endif
