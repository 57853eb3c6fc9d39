/*
 * Alipay.
 *
 * All calls go to one gateway, which is told by `method` what is wanted, and each carries a
 * signature: RSA-SHA256 over its parameters in the order of their names, under the application's
 * private key (`keys: {app: ...}`). The hook asks Cardea for it and never sees the key; there is no
 * client secret. `timestamp` is China's time. An answer is inside an object named after the method.
 * Newer applications get an open_id, another one for each application, in place of the user_id.
 * That Alipay signs its answers as well is not made use of: they come by TLS from its own host.
 * There is no e-mail address.
 */
#include <cardea/provider.h>

/* What a signed request may have, in the order in which it is signed. */
static const char *const signed_names[] = {
    "app_id", "auth_token",    "charset",   "code",      "format",  "grant_type",
    "method", "refresh_token", "sign_type", "timestamp", "version",
};

static int32_t sign(const struct cardea_host *host, cardea_call *call, cardea_request *request)
{
    const struct cardea_sign_1 *signer = host->extension("cardea.sign/1");
    cardea_str text = { "", 0 };

    if (signer == NULL)
        return host->fail(call, "server_error", "this Cardea has no cardea.sign/1");
    for (size_t i = 0; i < sizeof(signed_names) / sizeof(signed_names[0]); i++) {
        cardea_str value = host->request_param(request, signed_names[i]);

        if (value.len > 0)
            text = host->printf(call, "%.*s%s%s=%.*s", (int)text.len, text.at,
                                text.len > 0 ? "&" : "", signed_names[i], (int)value.len, value.at);
    }
    return host->request_set_param(call, request, "sign",
                                   signer->sign_base64(call, "rsa-sha256", "app", text));
}

static const struct cardea_hooks hooks = {
    CARDEA_HOOKS,
    .shape_token = sign,
    .shape_api = sign,
};

static const struct cardea_pair app_id[] = {
    { "client_id", "app_id" },
    { NULL, NULL },
};

static const struct cardea_pair callback_rename[] = {
    { "code", "auth_code" },
    { NULL, NULL },
};

static const struct cardea_pair token_params[] = {
    { "method", "alipay.system.oauth.token" },
    { "format", "JSON" },
    { "charset", "utf-8" },
    { "sign_type", "RSA2" },
    { "timestamp", "{now > format(YYYY-MM-DD hh:mm:ss, +08:00)}" },
    { "version", "1.0" },
    { NULL, NULL },
};

static const struct cardea_pair userinfo_params[] = {
    { "app_id", "{client_id}" }, { "method", "alipay.user.info.share" },
    { "format", "JSON" },        { "charset", "utf-8" },
    { "sign_type", "RSA2" },     { "timestamp", "{now > format(YYYY-MM-DD hh:mm:ss, +08:00)}" },
    { "version", "1.0" },        { NULL, NULL },
};

static const struct cardea_pair claims[] = {
    { "sub", "/user_id | /open_id" },
    { "name", "/nick_name | /user_name" },
    { "picture", "/avatar" },
    { NULL, NULL },
};

static const struct cardea_provider alipay = {
    CARDEA_PROVIDER,
    .id = "alipay",
    .name = "Alipay",
    .protocol = CARDEA_OAUTH2,
    .about = "The client id is the APPID; the private key of the application, in PEM, goes under "
             "keys: {app: ...}.",
    .console_url = "https://open.alipay.com",
    .color = "#1677ff",
    .authorize_url = "https://openauth.alipay.com/oauth2/publicAppAuthorize.htm",
    .token_url = "https://openapi.alipay.com/gateway.do",
    .userinfo_url = "https://openapi.alipay.com/gateway.do",
    .api_base = "https://openapi.alipay.com",
    .scopes = "auth_user",
    .scope_separator = ",",
    .authorize_rename = app_id,
    .authorize_omit = "response_type",
    .pkce = CARDEA_NO,
    .callback_rename = callback_rename,
    .token_auth = CARDEA_AUTH_NONE,
    .token_body = CARDEA_QUERY,
    .token_params = token_params,
    .token_rename = app_id,
    .token_omit = "redirect_uri",
    .token_root = "/alipay_system_oauth_token_response",
    .token_error = "/error_response | /alipay_system_oauth_token_response/sub_code",
    .token_error_text = "/error_response/sub_msg | /alipay_system_oauth_token_response/sub_msg",
    .api_token = CARDEA_QUERY,
    .api_token_name = "auth_token",
    .userinfo_method = CARDEA_POST,
    .userinfo_params = userinfo_params,
    .userinfo_root = "/alipay_user_info_share_response",
    .userinfo_error = "/alipay_user_info_share_response/code",
    .userinfo_error_ok = "10000",
    .userinfo_error_text = "/alipay_user_info_share_response/sub_msg",
    .claims = claims,
    .refresh = CARDEA_YES,
    .refresh_rotates = CARDEA_YES,
    .hooks = &hooks,
};

CARDEA_PLUGIN("1.0.0", &alipay);
