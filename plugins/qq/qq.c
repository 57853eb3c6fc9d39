/*
 * QQ (Tencent).
 *
 * Replies are forms or JSONP under text/html. The profile call needs an openid, which a call of its
 * own tells (with a unionid for developers who have several apps: that one is then the subject,
 * because an openid is another one for each app). An answer with status 200 is an error when its
 * `ret` is not 0.
 */
#include <cardea/provider.h>

static const struct cardea_pair openid_params[] = {
    { "unionid", "1" },
    { NULL, NULL },
};

static const struct cardea_lookup openid = {
    .struct_size = CARDEA_LOOKUP,
    .first = 1,
    .name = "openid",
    .url = "https://graph.qq.com/oauth2.0/me",
    .params = openid_params,
    .reply = CARDEA_JSONP,
    .error = "/error",
};

static const struct cardea_lookup *const lookups[] = { &openid, NULL };

static const struct cardea_pair userinfo_params[] = {
    { "oauth_consumer_key", "{client_id}" },
    { "openid", "{openid:/openid}" },
    { NULL, NULL },
};

static const struct cardea_pair claims[] = {
    { "sub", "openid:/unionid | openid:/openid" },
    { "name", "/nickname" },
    { "picture", "/figureurl_qq_2 | /figureurl_qq_1" },
    { NULL, NULL },
};

static const struct cardea_provider qq = {
    CARDEA_PROVIDER,
    .id = "qq",
    .name = "QQ",
    .protocol = CARDEA_OAUTH2,
    .console_url = "https://connect.qq.com/manage.html",
    .color = "#12b7f5",
    .authorize_url = "https://graph.qq.com/oauth2.0/authorize",
    .token_url = "https://graph.qq.com/oauth2.0/token",
    .userinfo_url = "https://graph.qq.com/user/get_user_info",
    .api_base = "https://graph.qq.com",
    .scopes = "get_user_info",
    .scope_separator = ",",
    .token_auth = CARDEA_AUTH_POST,
    .token_method = CARDEA_GET,
    .api_token = CARDEA_QUERY,
    .userinfo_params = userinfo_params,
    .userinfo_error = "/ret",
    .userinfo_error_ok = "0",
    .userinfo_error_text = "/msg",
    .lookups = lookups,
    .claims = claims,
    .email_trust = CARDEA_NEVER, /* there is none */
    .refresh = CARDEA_YES,
};

CARDEA_PLUGIN("1.0.0", &qq);
