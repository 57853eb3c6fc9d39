/*
 * X (Twitter) by OAuth 2.0.
 *
 * The only address X gives is confirmed_email, which it has checked itself; hence "always". It
 * needs the scope users.email and a switch in the developer portal, and is missing without an error
 * for people who registered with a phone number. The member `verified` of a profile is the badge
 * and says nothing about the address. Fields that may not be read come as `errors` beside `data`,
 * so those are no failure; a real one is a problem document with a title.
 */
#include <cardea/provider.h>

static const struct cardea_pair userinfo_params[] = {
    { "user.fields", "id,name,username,profile_image_url,confirmed_email" },
    { NULL, NULL },
};

static const struct cardea_pair claims[] = {
    { "sub", "/id" },
    { "name", "/name" },
    { "preferred_username", "/username" },
    { "email", "/confirmed_email" },
    { "picture", "/profile_image_url" },
    { "profile", "=https://x.com/{/username}" },
    { NULL, NULL },
};

static const struct cardea_provider x_oauth2 = {
    CARDEA_PROVIDER,
    .id = "x_oauth2",
    .name = "X",
    .protocol = CARDEA_OAUTH2,
    .about = "Switch on \"Request email from users\" in the portal, or take users.email out of "
             "`scopes`; offline.access gives a refresh token.",
    .console_url = "https://developer.x.com/en/portal/dashboard",
    .color = "#000000",
    .authorize_url = "https://x.com/i/oauth2/authorize",
    .token_url = "https://api.x.com/2/oauth2/token",
    .userinfo_url = "https://api.x.com/2/users/me",
    .revoke_url = "https://api.x.com/2/oauth2/revoke",
    .api_base = "https://api.x.com/2",
    .scopes = "users.read tweet.read users.email", /* users/me wants tweet.read as well */
    .userinfo_params = userinfo_params,
    .userinfo_root = "/data",
    .userinfo_error = "/title",
    .userinfo_error_text = "/detail",
    .claims = claims,
    .email_trust = CARDEA_ALWAYS,
    .refresh_rotates = CARDEA_YES,
};

CARDEA_PLUGIN("1.0.0", &x_oauth2);
