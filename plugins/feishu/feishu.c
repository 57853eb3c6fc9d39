/*
 * Feishu and Lark by their passport service: the older and simpler way in. Apps that call other
 * APIs than the profile take feishu_open.
 *
 * Projects differ in the subject. The union_id is the same in all apps of one developer and is
 * taken; open_id and sub (which are the same) are others for each app. Nobody says that the address
 * is verified. tenant_key names the organisation, for those who want to let in one only.
 */
#include <cardea/provider.h>

static const struct cardea_parameter parameters[] = {
    { "host", "passport.feishu.cn, or passport.larksuite.com for Lark.", "passport.feishu.cn",
      "passport.feishu.cn passport.larksuite.com", "host" },
    { NULL, NULL, NULL, NULL, NULL },
};

static const struct cardea_pair claims[] = {
    { "sub", "/union_id | /open_id | /sub" },
    { "name", "/name" },
    { "email", "/email" },
    { "picture", "/avatar_url | /picture" },
    { "tenant_key", "/tenant_key" },
    { NULL, NULL },
};

static const struct cardea_provider feishu = {
    CARDEA_PROVIDER,
    .id = "feishu",
    .name = "Feishu",
    .protocol = CARDEA_OAUTH2,
    .console_url = "https://open.feishu.cn/app",
    .color = "#3370ff",
    .parameters = parameters,
    .authorize_url = "https://{host}/suite/passport/oauth/authorize",
    .token_url = "https://{host}/suite/passport/oauth/token",
    .userinfo_url = "https://{host}/suite/passport/oauth/userinfo",
    .api_base = "https://{host}/suite/passport",
    .token_auth = CARDEA_AUTH_POST,
    .claims = claims,
    .refresh = CARDEA_YES,
    .refresh_rotates = CARDEA_YES,
};

CARDEA_PLUGIN("1.0.0", &feishu);
