/*
 * WeChat on a website: the person scans a QR code. Inside the WeChat client it is wechat_mp.
 *
 * The client id is called appid and the secret `secret`; requests are GET, replies JSON under
 * text/plain, and an errcode other than 0 is an error whatever the status says. The subject is the
 * unionid, which is the same in all apps of an Open Platform account (every website app belongs to
 * one); an openid is another one for each app. There is no e-mail address. PKCE is unknown there.
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

static const struct cardea_provider wechat = {
    CARDEA_PROVIDER,
    .id = "wechat",
    .name = "WeChat",
    .protocol = CARDEA_OAUTH2,
    .about = "For websites; people who are in the WeChat app already need wechat_mp.",
    .console_url = "https://open.weixin.qq.com",
    .color = "#07c160",
    .authorize_url = "https://open.weixin.qq.com/connect/qrconnect",
    .token_url = "https://api.weixin.qq.com/sns/oauth2/access_token",
    .refresh_url = "https://api.weixin.qq.com/sns/oauth2/refresh_token",
    .userinfo_url = "https://api.weixin.qq.com/sns/userinfo",
    .api_base = "https://api.weixin.qq.com/sns",
    .scopes = "snsapi_login",
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
    .refresh = CARDEA_YES,
    .refresh_omit = "client_secret",
};

CARDEA_PLUGIN("1.0.0", &wechat);
