/*
 * Pinterest (API v5).
 *
 * Older clients use v1 or v3 addresses, which are gone, and take the user name for the subject;
 * that one can change, and v5 has an id, so the id it is. Refresh tokens live 60 days and are
 * replaced at each use; apps registered before September 2025 get that kind only if they ask for it
 * with continuous_refresh. An answer with `code` is an error. There is no e-mail address.
 */
#include <cardea/provider.h>

static const struct cardea_pair token_params[] = {
    { "continuous_refresh", "true" },
    { NULL, NULL },
};

static const struct cardea_pair claims[] = {
    { "sub", "/id" },
    { "name", "/business_name | /username" },
    { "preferred_username", "/username" },
    { "picture", "/profile_image" },
    { "profile", "=https://www.pinterest.com/{/username}/" },
    { "website", "/website_url" },
    { NULL, NULL },
};

static const struct cardea_provider pinterest = {
    CARDEA_PROVIDER,
    .id = "pinterest",
    .name = "Pinterest",
    .protocol = CARDEA_OAUTH2,
    .console_url = "https://developers.pinterest.com/apps",
    .color = "#e60023",
    .authorize_url = "https://www.pinterest.com/oauth/",
    .token_url = "https://api.pinterest.com/v5/oauth/token",
    .userinfo_url = "https://api.pinterest.com/v5/user_account",
    .api_base = "https://api.pinterest.com/v5",
    .scopes = "user_accounts:read",
    .scope_separator = ",",
    .token_params = token_params,
    .token_scope_separator = " ",
    .token_error = "/code",
    .token_error_text = "/message",
    .userinfo_error = "/code",
    .userinfo_error_text = "/message",
    .claims = claims,
    .refresh = CARDEA_YES,
    .refresh_rotates = CARDEA_YES,
};

CARDEA_PLUGIN("1.0.0", &pinterest);
