/*
 * Coinbase.
 *
 * The addresses are those of 2024; the ones at www.coinbase.com are the old server. The vendor's
 * reference still says that scopes are separated by commas, but this server and all clients of it
 * have spaces. A refresh token comes when the configuration adds the scope offline_access; it is
 * good for one use. The API wants a date as its version. Whether an address is verified is not
 * said, so none counts.
 */
#include <cardea/provider.h>

static const struct cardea_parameter parameters[] = {
    { "version", "Version of the API, a date: what CB-VERSION says.", "2022-01-06", NULL, "word" },
    { NULL, NULL, NULL, NULL, NULL },
};

static const struct cardea_pair api_headers[] = {
    { "CB-VERSION", "{version}" },
    { NULL, NULL },
};

static const struct cardea_pair claims[] = {
    { "sub", "/id" },      { "name", "/name" },          { "preferred_username", "/username" },
    { "email", "/email" }, { "picture", "/avatar_url" }, { "profile", "/profile_url" },
    { NULL, NULL },
};

static const struct cardea_pair revoke_params[] = {
    { "token", "{access_token}" },
    { NULL, NULL },
};

static const struct cardea_provider coinbase = {
    CARDEA_PROVIDER,
    .id = "coinbase",
    .name = "Coinbase",
    .protocol = CARDEA_OAUTH2,
    .console_url = "https://portal.cdp.coinbase.com",
    .color = "#0052ff",
    .parameters = parameters,
    .authorize_url = "https://login.coinbase.com/oauth2/auth",
    .token_url = "https://login.coinbase.com/oauth2/token",
    .userinfo_url = "https://api.coinbase.com/v2/user",
    .revoke_url = "https://login.coinbase.com/oauth2/revoke",
    .api_base = "https://api.coinbase.com/v2",
    .scopes = "wallet:user:read wallet:user:email",
    .token_auth = CARDEA_AUTH_POST,
    .api_headers = api_headers,
    .userinfo_root = "/data",
    .userinfo_error = "/errors",
    .userinfo_error_text = "/errors/0/message",
    .claims = claims,
    .refresh_rotates = CARDEA_YES,
    .revoke_auth = "token",
    .revoke_params = revoke_params,
};

CARDEA_PLUGIN("1.0.0", &coinbase);
