/*
 * DigitalOcean.
 *
 * A token is for a team that the person chooses on the consent page, and what it may do is about
 * that team; uuid and address are the person's all the same. The name is surest in the token reply.
 * Revoking wants the access token twice, as bearer and as a parameter.
 */
#include <cardea/provider.h>

static const struct cardea_pair claims[] = {
    { "sub", "/uuid" }, /* the person's, whatever the team */
    { "name", "token:/info/name | /name" },
    { "email", "/email" },
    { "email_verified", "/email_verified" },
    { NULL, NULL },
};

static const struct cardea_pair revoke_params[] = {
    { "token", "{access_token}" },
    { NULL, NULL },
};

static const struct cardea_provider digitalocean = {
    CARDEA_PROVIDER,
    .id = "digitalocean",
    .name = "DigitalOcean",
    .protocol = CARDEA_OAUTH2,
    .console_url = "https://cloud.digitalocean.com/account/api/applications",
    .color = "#0080ff",
    .authorize_url = "https://cloud.digitalocean.com/v1/oauth/authorize",
    .token_url = "https://cloud.digitalocean.com/v1/oauth/token",
    .userinfo_url = "https://api.digitalocean.com/v2/account",
    .api_base = "https://api.digitalocean.com/v2",
    .revoke_url = "https://cloud.digitalocean.com/v1/oauth/revoke",
    .scopes = "read",
    .token_auth = CARDEA_AUTH_POST,
    .userinfo_root = "/account",
    .userinfo_error = "/id", /* beside the account there is none */
    .userinfo_error_text = "/message",
    .claims = claims,
    .email_trust = CARDEA_CLAIM,
    .refresh = CARDEA_YES,
    .refresh_rotates = CARDEA_YES,
    .revoke_auth = "token",
    .revoke_params = revoke_params,
};

CARDEA_PLUGIN("1.0.0", &digitalocean);
