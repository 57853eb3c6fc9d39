/*
 * Strava.
 *
 * There is no address. Ids are numbers beyond 2^53. Errors are a message with a list of the fields
 * that are wrong, at the token endpoint as well as in the API. Refresh tokens change now and then.
 */
#include <cardea/provider.h>

static const struct cardea_pair authorize_params[] = {
    { "approval_prompt", "auto" },
    { NULL, NULL },
};

static const struct cardea_pair claims[] = {
    { "sub", "/id" },
    { "name", "={/firstname} {/lastname}" },
    { "given_name", "/firstname" },
    { "family_name", "/lastname" },
    { "preferred_username", "/username" },
    { "picture", "/profile" },
    { "profile", "=https://www.strava.com/athletes/{/id}" },
    { NULL, NULL },
};

static const struct cardea_pair revoke_params[] = {
    { "access_token", "{access_token}" },
    { NULL, NULL },
};

static const struct cardea_provider strava = {
    CARDEA_PROVIDER,
    .id = "strava",
    .name = "Strava",
    .protocol = CARDEA_OAUTH2,
    .about = "The console asks for the host of the callback URL (Authorization Callback Domain).",
    .console_url = "https://www.strava.com/settings/api",
    .color = "#fc5200",
    .authorize_url = "https://www.strava.com/oauth/authorize",
    .token_url = "https://www.strava.com/api/v3/oauth/token",
    .userinfo_url = "https://www.strava.com/api/v3/athlete",
    .revoke_url = "https://www.strava.com/oauth/deauthorize",
    .api_base = "https://www.strava.com/api/v3",
    .scopes = "read",
    .scope_separator = ",",
    .authorize_params = authorize_params,
    .token_auth = CARDEA_AUTH_POST,
    .token_error = "/errors/0/code",
    .token_error_text = "/message",
    .userinfo_error = "/errors/0/code",
    .userinfo_error_text = "/message",
    .claims = claims,
    .email_trust = CARDEA_NEVER,
    .refresh = CARDEA_YES,
    .refresh_rotates = CARDEA_YES,
    .revoke_params = revoke_params,
};

CARDEA_PLUGIN("1.0.0", &strava);
