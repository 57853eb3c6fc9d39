/*
 * Linear.
 *
 * The API is GraphQL: the profile is the answer to a fixed query, and what goes wrong stands in
 * `errors`, with status 200 as well. Scopes are separated by commas (one client uses spaces; the
 * documentation says commas). PKCE works, though one client has it switched off. Since April 2026
 * all apps get refresh tokens. A person is somebody else in each workspace, with another id. Nobody
 * says whether an address is verified.
 */
#include <cardea/provider.h>

static const struct cardea_pair claims[] = {
    { "sub", "/id" }, /* in one workspace */
    { "name", "/name" },
    { "email", "/email" }, /* nobody says whether it is verified */
    { "picture", "/avatarUrl" },
    { NULL, NULL },
};

static const struct cardea_provider linear = {
    CARDEA_PROVIDER,
    .id = "linear",
    .name = "Linear",
    .protocol = CARDEA_OAUTH2,
    .console_url = "https://linear.app/settings/api/applications/new",
    .color = "#5e6ad2",
    .authorize_url = "https://linear.app/oauth/authorize",
    .token_url = "https://api.linear.app/oauth/token",
    .userinfo_url = "https://api.linear.app/graphql",
    .revoke_url = "https://api.linear.app/oauth/revoke",
    .scopes = "read",
    .scope_separator = ",",
    .token_auth = CARDEA_AUTH_POST,
    .userinfo_method = CARDEA_POST,
    .userinfo_body = "{\"query\":\"{ viewer { id name email avatarUrl } }\"}",
    .userinfo_root = "/data/viewer",
    .userinfo_error = "/errors",
    .userinfo_error_text = "/errors/0/message",
    .claims = claims,
    .email_trust = CARDEA_NEVER,
    .refresh = CARDEA_YES,
    .refresh_rotates = CARDEA_YES,
};

CARDEA_PLUGIN("1.0.0", &linear);
