/*
 * Feishu and Lark by their open platform (authen), whose tokens are good for its other APIs too.
 *
 * Clients mostly use the first version of the token address, which wants an application token
 * fetched beforehand; the vendor has replaced it by a second one that is plain OAuth 2.0 with a
 * JSON body and PKCE, and that is used here. It answers with `code` 0 besides the tokens, the
 * profile with `code` 0 around it. The address comes with the permission
 * contact:user.email:readonly and is not known to be verified; a refresh token, good for one use,
 * with the scope offline_access. The subject is the union_id, the same in all apps of one
 * developer.
 */
#include <cardea/provider.h>

static const struct cardea_parameter parameters[] = {
    { "domain", "feishu.cn, or larksuite.com for Lark.", "feishu.cn", "feishu.cn larksuite.com",
      "host" },
    { NULL, NULL, NULL, NULL, NULL },
};

static const struct cardea_pair claims[] = {
    { "sub", "/union_id | /open_id" },         { "name", "/name" },
    { "email", "/enterprise_email | /email" }, { "picture", "/avatar_url | /avatar_big" },
    { "tenant_key", "/tenant_key" },           { NULL, NULL },
};

static const struct cardea_provider feishu_open = {
    CARDEA_PROVIDER,
    .id = "feishu_open",
    .name = "Feishu",
    .protocol = CARDEA_OAUTH2,
    .about = "Scopes must be permissions that the app has; offline_access gives a refresh token.",
    .console_url = "https://open.feishu.cn/app",
    .color = "#3370ff",
    .parameters = parameters,
    .authorize_url = "https://accounts.{domain}/open-apis/authen/v1/authorize",
    .token_url = "https://open.{domain}/open-apis/authen/v2/oauth/token",
    .userinfo_url = "https://open.{domain}/open-apis/authen/v1/user_info",
    .api_base = "https://open.{domain}/open-apis",
    .token_auth = CARDEA_AUTH_POST,
    .token_body = CARDEA_JSON,
    .userinfo_root = "/data",
    .userinfo_error = "/code",
    .userinfo_error_ok = "0",
    .userinfo_error_text = "/msg",
    .claims = claims,
    .refresh_rotates = CARDEA_YES,
};

CARDEA_PLUGIN("1.0.0", &feishu_open);
