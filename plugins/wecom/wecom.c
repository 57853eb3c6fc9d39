/*
 * WeCom (WeChat Work) with an application of the company's own.
 *
 * The token request has nothing to do with the person: company id and secret give the application's
 * token, good for the whole company and the same for all until it expires, and a first call asks
 * with it whose code this is. Members have a userid, which an administrator chooses; outsiders have
 * none and cannot log in. Since 2022 new applications are told neither address nor picture, and an
 * address is not known to be verified. There is nothing to refresh.
 */
#include <cardea/provider.h>

static const struct cardea_parameter parameters[] = {
    { "agent_id", "AgentId of the application.", NULL, NULL, "word" },
    { NULL, NULL, NULL, NULL, NULL },
};

static const struct cardea_pair authorize_params[] = {
    { "agentid", "{agent_id}" },
    { NULL, NULL },
};

static const struct cardea_pair authorize_rename[] = {
    { "client_id", "appid" },
    { NULL, NULL },
};

static const struct cardea_pair token_rename[] = {
    { "client_id", "corpid" },
    { "client_secret", "corpsecret" },
    { NULL, NULL },
};

static const struct cardea_pair who_params[] = {
    { "code", "{callback:/code}" },
    { NULL, NULL },
};

static const struct cardea_lookup who = {
    CARDEA_LOOKUP,        .first = 1,
    .name = "who",        .url = "https://qyapi.weixin.qq.com/cgi-bin/auth/getuserinfo",
    .params = who_params, .error = "/errcode",
    .error_ok = "0",
};

static const struct cardea_lookup *const lookups[] = { &who, NULL };

static const struct cardea_pair userinfo_params[] = {
    { "userid", "{who:/userid}" },
    { NULL, NULL },
};

static const struct cardea_pair claims[] = {
    { "sub", "who:/userid" }, { "name", "/name" }, { "email", "/email | /biz_mail" },
    { "picture", "/avatar" }, { NULL, NULL },
};

static const struct cardea_provider wecom = {
    CARDEA_PROVIDER,
    .id = "wecom",
    .name = "WeCom",
    .protocol = CARDEA_OAUTH2,
    .about = "The client id is the company's CorpID, the client secret that of the application.",
    .console_url = "https://work.weixin.qq.com",
    .parameters = parameters,
    .authorize_url = "https://open.work.weixin.qq.com/wwopen/sso/qrConnect",
    .token_url = "https://qyapi.weixin.qq.com/cgi-bin/gettoken",
    .userinfo_url = "https://qyapi.weixin.qq.com/cgi-bin/user/get",
    .api_base = "https://qyapi.weixin.qq.com/cgi-bin",
    .authorize_params = authorize_params,
    .authorize_rename = authorize_rename,
    .authorize_omit = "response_type",
    .pkce = CARDEA_NO,
    .callback_denied = "-code",
    .token_auth = CARDEA_AUTH_POST,
    .token_method = CARDEA_GET,
    .token_rename = token_rename,
    .token_omit = "grant_type code redirect_uri",
    .token_owner = CARDEA_APP,
    .token_error = "/errcode",
    .token_error_ok = "0",
    .token_error_text = "/errmsg",
    .api_token = CARDEA_QUERY,
    .userinfo_params = userinfo_params,
    .userinfo_error = "/errcode",
    .userinfo_error_ok = "0",
    .userinfo_error_text = "/errmsg",
    .lookups = lookups,
    .claims = claims,
    .refresh = CARDEA_NO,
};

CARDEA_PLUGIN("1.0.0", &wecom);
