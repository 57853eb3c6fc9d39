/*
 * Twitch.
 *
 * OpenID Connect that gives nothing but the subject unless the parameter `claims` asks for more by
 * name. Errors are a number and a sentence. Granted scopes come as a list. The API (helix) wants
 * the client id in a header. Revocation knows the client by its id alone. A refresh may give a new
 * refresh token or the same.
 */
#include <cardea/provider.h>

static const struct cardea_pair authorize_params[] = {
    { "claims", "{\"id_token\":{\"email\":null,\"email_verified\":null,\"preferred_username\":null,"
                "\"picture\":null},\"userinfo\":{\"email\":null,\"email_verified\":null,"
                "\"preferred_username\":null,\"picture\":null}}" },
    { NULL, NULL },
};

static const struct cardea_pair api_headers[] = {
    { "Client-Id", "{client_id}" },
    { NULL, NULL },
};

static const struct cardea_pair claims[] = {
    { "name", "/preferred_username" },
    { "updated_at", "/updated_at > time" },
    { NULL, NULL },
};

static const struct cardea_pair revoke_params[] = {
    { "client_id", "{client_id}" },
    { "token", "{access_token}" },
    { NULL, NULL },
};

static const struct cardea_provider twitch = {
    CARDEA_PROVIDER,
    .id = "twitch",
    .name = "Twitch",
    .protocol = CARDEA_OIDC,
    .console_url = "https://dev.twitch.tv/console/apps",
    .color = "#9146ff",
    .issuer = "https://id.twitch.tv/oauth2",
    .revoke_url = "https://id.twitch.tv/oauth2/revoke",
    .api_base = "https://api.twitch.tv/helix",
    .scopes = "openid user:read:email",
    .authorize_params = authorize_params,
    .token_auth = CARDEA_AUTH_POST,
    .token_error = "/status",
    .token_error_text = "/message",
    .api_headers = api_headers,
    .userinfo_error = "/status",
    .userinfo_error_text = "/message",
    .claims = claims,
    .email_trust = CARDEA_CLAIM,
    .refresh = CARDEA_YES,
    .refresh_rotates = CARDEA_YES,
    .revoke_auth = "none",
    .revoke_params = revoke_params,
};

CARDEA_PLUGIN("1.0.0", &twitch);
