/*
 * Zoom.
 *
 * `verified` is the number 1 when Zoom has checked the address, and only that counts here; some
 * clients also trust every address that was not registered by e-mail, for which then somebody else
 * vouches. Scopes are fixed at the app, and none are sent. Token errors say what is wrong under
 * `reason`.
 */
#include <cardea/provider.h>

static const struct cardea_pair claims[] = {
    { "sub", "/id" },
    { "name", "/display_name | ={/first_name} {/last_name}" },
    { "given_name", "/first_name" },
    { "family_name", "/last_name" },
    { "email", "/email" },
    { "email_verified", "/verified > bool" },
    { "picture", "/pic_url" },
    { "profile", "/vanity_url" },
    { "locale", "/language" },
    { "zoneinfo", "/timezone" },
    { NULL, NULL },
};

static const struct cardea_provider zoom = {
    CARDEA_PROVIDER,
    .id = "zoom",
    .name = "Zoom",
    .protocol = CARDEA_OAUTH2,
    .about = "The app needs the scope user:read:user (user:read in older apps).",
    .console_url = "https://marketplace.zoom.us/user/build",
    .color = "#0b5cff",
    .authorize_url = "https://zoom.us/oauth/authorize",
    .token_url = "https://zoom.us/oauth/token",
    .userinfo_url = "https://api.zoom.us/v2/users/me",
    .revoke_url = "https://zoom.us/oauth/revoke",
    .api_base = "https://api.zoom.us/v2",
    .token_error_text = "/reason",
    .userinfo_error = "/code",
    .userinfo_error_text = "/message",
    .claims = claims,
    .email_trust = CARDEA_CLAIM,
    .refresh = CARDEA_YES,
    .refresh_rotates = CARDEA_YES,
};

CARDEA_PLUGIN("1.0.0", &zoom);
