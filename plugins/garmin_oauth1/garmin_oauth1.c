/*
 * Garmin Connect, OAuth 1.0a.
 *
 * Its successor speaks OAuth 2 and has another plugin; apps of before still have these keys. The
 * callback is wanted in the authorization request as well, and is never confirmed in the reply. Of
 * a person nothing is told but an id, which stays when the tokens change.
 */
#include <cardea/provider.h>

static const struct cardea_pair authorize_params[] = {
    { "oauth_callback", "{callback_url}" },
    { NULL, NULL },
};

static const struct cardea_pair claims[] = {
    { "sub", "/userId" },
    { NULL, NULL },
};

static const struct cardea_provider garmin_oauth1 = {
    CARDEA_PROVIDER,
    .id = "garmin_oauth1",
    .name = "Garmin (OAuth 1.0a)",
    .protocol = CARDEA_OAUTH1,
    .about = "Says nothing of a person but an id; new apps use OAuth 2 (plugin garmin).",
    .console_url = "https://developer.garmin.com/gc-developer-program/",
    .color = "#000000",
    .request_token_url = "https://connectapi.garmin.com/oauth-service/oauth/request_token",
    .authorize_url = "https://connect.garmin.com/oauthConfirm",
    .token_url = "https://connectapi.garmin.com/oauth-service/oauth/access_token",
    .userinfo_url = "https://apis.garmin.com/wellness-api/rest/user/id",
    .api_base = "https://apis.garmin.com",
    .oauth1_confirmed = "absent",
    .authorize_params = authorize_params,
    .callback_denied = "denied oauth_verifier=null -oauth_verifier",
    .userinfo_error = "/errorMessage",
    .userinfo_error_text = "/errorMessage",
    .claims = claims,
    .email_trust = CARDEA_NEVER, /* there is none */
    .refresh = CARDEA_NO,
};

CARDEA_PLUGIN("1.0.0", &garmin_oauth1);
