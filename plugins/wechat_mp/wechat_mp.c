/*
 * WeChat inside the WeChat client, with an official account. In other browsers the page says to
 * open it in WeChat.
 *
 * As wechat, but for the address and the scope. A unionid comes only if the official account is
 * bound to an Open Platform account: bind it before people log in, because the subject is an openid
 * until then and a unionid from then on. The link is matched against a pattern, so nothing may be
 * added to it, PKCE included.
 */
#include <cardea/provider.h>

static const struct cardea_pair authorize_rename[] = {
    { "client_id", "appid" },
    { NULL, NULL },
};

static const struct cardea_pair token_rename[] = {
    { "client_id", "appid" },
    { "client_secret", "secret" },
    { NULL, NULL },
};

static const struct cardea_pair userinfo_params[] = {
    { "openid", "{token:/openid}" },
    { NULL, NULL },
};

static const struct cardea_pair claims[] = {
    { "sub", "/unionid | token:/unionid | /openid" },
    { "name", "/nickname" },
    { "picture", "/headimgurl" },
    { "openid", "/openid" },
    { NULL, NULL },
};

static const struct cardea_pair refuse[] = {
    { "the account is made up, for a preview of the page", "token:/is_snapshotuser" },
    { NULL, NULL },
};

static const struct cardea_provider wechat_mp = {
    CARDEA_PROVIDER,
    .id = "wechat_mp",
    .name = "WeChat",
    .protocol = CARDEA_OAUTH2,
    .about =
        "Works inside the WeChat app only. Bind the official account to an Open Platform account "
        "before people log in: it changes who they are.",
    .console_url = "https://mp.weixin.qq.com",
    .color = "#07c160",
    .authorize_url = "https://open.weixin.qq.com/connect/oauth2/authorize",
    .token_url = "https://api.weixin.qq.com/sns/oauth2/access_token",
    .refresh_url = "https://api.weixin.qq.com/sns/oauth2/refresh_token",
    .userinfo_url = "https://api.weixin.qq.com/sns/userinfo",
    .api_base = "https://api.weixin.qq.com/sns",
    .scopes = "snsapi_userinfo",
    .scope_separator = ",",
    .authorize_rename = authorize_rename,
    .authorize_fragment = "wechat_redirect",
    .pkce = CARDEA_NO,
    .callback_denied = "-code",
    .token_auth = CARDEA_AUTH_POST,
    .token_method = CARDEA_GET,
    .token_rename = token_rename,
    .token_error = "/errcode",
    .token_error_ok = "0",
    .token_error_text = "/errmsg",
    .api_token = CARDEA_QUERY,
    .userinfo_params = userinfo_params,
    .userinfo_error = "/errcode",
    .userinfo_error_ok = "0",
    .userinfo_error_text = "/errmsg",
    .claims = claims,
    .refuse = refuse,
    .refresh = CARDEA_YES,
    .refresh_omit = "client_secret",
};

CARDEA_PLUGIN("1.0.0", &wechat_mp);
