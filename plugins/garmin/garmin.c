/*
 * Garmin Connect, by OAuth 2.0 (its OAuth 1.0a is on the way out).
 *
 * For partners only, whose documentation is not public: the endpoints are those that clients agree
 * on, but for the authorization endpoint, where some have
 * https://apis.garmin.com/tools/oauth2/authorizeUser; the operator may override it. PKCE is
 * obligatory, no scopes are asked for, and the only thing that is told about a person is an id.
 */
#include <cardea/provider.h>

static const struct cardea_pair claims[] = {
    { "sub", "/userId" },
    { NULL, NULL },
};

static const struct cardea_provider garmin = {
    CARDEA_PROVIDER,
    .id = "garmin",
    .name = "Garmin",
    .protocol = CARDEA_OAUTH2,
    .about = "Garmin gives client credentials to approved partners only, and tells no name and no "
             "e-mail address.",
    .console_url = "https://developerportal.garmin.com",
    .authorize_url = "https://connect.garmin.com/oauth2Confirm",
    .token_url = "https://diauth.garmin.com/di-oauth2-service/oauth/token",
    .userinfo_url = "https://apis.garmin.com/wellness-api/rest/user/id",
    .api_base = "https://apis.garmin.com",
    .token_auth = CARDEA_AUTH_POST,
    .claims = claims,
    .refresh = CARDEA_YES,
    .refresh_rotates = CARDEA_YES,
};

CARDEA_PLUGIN("1.0.0", &garmin);
