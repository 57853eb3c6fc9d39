/*
 * Etsy, by Open API v3.
 *
 * The code is redeemed without the secret, by PKCE alone; but every API call wants it, in x-api-key
 * behind the client id (since February 2026 a key without it is refused; older clients send the id
 * alone). An access token has the user id in front of its first dot, which some clients cut out; a
 * call that names the user is made instead. An address comes without a word on whether it is
 * verified. Of the two equal hosts the one of the documentation is taken.
 */
#include <cardea/provider.h>

static const struct cardea_pair api_headers[] = {
    { "x-api-key", "{client_id}:{client_secret}" },
    { NULL, NULL },
};

static const struct cardea_lookup me = {
    CARDEA_LOOKUP,     .first = 1,
    .name = "me",      .url = "https://api.etsy.com/v3/application/users/me",
    .error = "/error",
};

static const struct cardea_lookup *const lookups[] = { &me, NULL };

static const struct cardea_pair claims[] = {
    { "sub", "/user_id" },
    { "name", "={/first_name} {/last_name}" },
    { "given_name", "/first_name" },
    { "family_name", "/last_name" },
    { "email", "/primary_email" },
    { "picture", "/image_url_75x75" },
    { NULL, NULL },
};

static const struct cardea_provider etsy = {
    CARDEA_PROVIDER,
    .id = "etsy",
    .name = "Etsy",
    .protocol = CARDEA_OAUTH2,
    .about = "client_id is the keystring of the app, client_secret its shared secret.",
    .console_url = "https://www.etsy.com/developers/your-apps",
    .color = "#f1641e",
    .authorize_url = "https://www.etsy.com/oauth/connect",
    .token_url = "https://api.etsy.com/v3/public/oauth/token",
    .userinfo_url = "https://api.etsy.com/v3/application/users/{me:/user_id}",
    .api_base = "https://api.etsy.com/v3/application",
    .scopes = "email_r shops_r",
    .token_auth = CARDEA_AUTH_NONE,
    .api_headers = api_headers,
    .userinfo_error = "/error",
    .userinfo_error_text = "/error",
    .lookups = lookups,
    .claims = claims,
    .email_trust = CARDEA_NEVER,
    .refresh = CARDEA_YES,
    .refresh_rotates = CARDEA_YES,
};

CARDEA_PLUGIN("1.0.0", &etsy);
