/*
 * Clients: who asks, and may it?
 */
#ifndef CARDEA_ISSUER_CLIENT_H
#define CARDEA_ISSUER_CLIENT_H

#include "hub/request.h"

/*
 * A row of every table whose caller is a client (RFC 6749, 2.3): sets request->client, or fails
 * with invalid_client. Methods: client_secret_basic (percent-decoded; raw accepted),
 * client_secret_post, none; the registered one only, and one at a time. A form is expected.
 */
enum step_result authenticate_client(struct flow *flow);
/* The same, and a public client is refused: introspection. */
enum step_result authenticate_confidential_client(struct flow *flow);

/* May it use that grant type? */
bool client_may(const struct client_settings *client, const char *grant_type);

/* May its people come from that provider? */
bool client_takes(const struct client_settings *client, struct slice provider);

/* All scopes it may ask for, as words. In the arena. */
struct slice client_scope(struct arena *arena, const struct client_settings *client);

/*
 * The audience of a token: the `resource` parameters (RFC 8707) when there are any, which must be
 * among `allowed`; else all of these. False when one is not. In the arena.
 */
bool resources_read(struct arena *arena, const struct params *params, struct slice allowed,
                    struct slice *audience_r);
struct slice client_audience(struct arena *arena, const struct client_settings *client);

/* request_fail_json(), with the challenge a 401 needs after an Authorization header. */
void client_fail(struct request *request);

#endif
