/*
 * Sina Weibo.
 *
 * The token reply names the person (uid) and the profile call wants to be told; the token goes in
 * the query, which more clients do than the header with the word OAuth2, and both work. The id is a
 * number, and `idstr` the same as text. The call for e-mail addresses needs a permission that few
 * apps get, so it is not made. Websites get no refresh token.
 */
#include <cardea/provider.h>

static const struct cardea_pair userinfo_params[] = {
    { "uid", "{token:/uid}" },
    { NULL, NULL },
};

static const struct cardea_pair claims[] = {
    { "sub", "/idstr | /id" },
    { "name", "/name | /screen_name" },
    { "preferred_username", "/screen_name" },
    { "picture", "/avatar_large | /profile_image_url" },
    { "profile", "=https://weibo.com/{/profile_url}" },
    { "locale", "/lang" },
    { NULL, NULL },
};

static const struct cardea_pair revoke_params[] = {
    { "access_token", "{access_token}" },
    { NULL, NULL },
};

static const struct cardea_provider weibo = {
    CARDEA_PROVIDER,
    .id = "weibo",
    .name = "Weibo",
    .protocol = CARDEA_OAUTH2,
    .console_url = "https://open.weibo.com/apps",
    .color = "#e6162d",
    .authorize_url = "https://api.weibo.com/oauth2/authorize",
    .token_url = "https://api.weibo.com/oauth2/access_token",
    .userinfo_url = "https://api.weibo.com/2/users/show.json",
    .api_base = "https://api.weibo.com/2",
    .revoke_url = "https://api.weibo.com/oauth2/revokeoauth2",
    .scope_separator = ",",
    .token_auth = CARDEA_AUTH_POST,
    .api_token = CARDEA_QUERY,
    .userinfo_params = userinfo_params,
    .userinfo_error = "/error_code",
    .userinfo_error_text = "/error",
    .claims = claims,
    .refresh = CARDEA_NO,
    .revoke_auth = "none",
    .revoke_params = revoke_params,
};

CARDEA_PLUGIN("1.0.0", &weibo);
