/*
 * DingTalk (v1.0 API).
 *
 * The token request is JSON, and all names in it and in the reply are its own: clientId, grantType,
 * accessToken, expireIn. The code comes as authCode. API calls carry the bare token in a header of
 * the vendor's. openid is a scope here, but no ID token comes. The subject is the unionId, the same
 * in all apps of one developer; the openId is another one for each app. The address is what the
 * person has entered, so it never counts as verified.
 */
#include <cardea/provider.h>

static const struct cardea_pair authorize_params[] = {
    { "prompt", "consent" }, /* without it there is an error page */
    { NULL, NULL },
};

static const struct cardea_pair callback_rename[] = {
    { "code", "authCode" },
    { NULL, NULL },
};

static const struct cardea_pair token_rename[] = {
    { "client_id", "clientId" },
    { "client_secret", "clientSecret" },
    { "grant_type", "grantType" },
    { NULL, NULL },
};

static const struct cardea_pair token_fields[] = {
    { "access_token", "/accessToken" },
    { "refresh_token", "/refreshToken" },
    { "expires_in", "/expireIn" },
    { NULL, NULL },
};

static const struct cardea_pair claims[] = {
    { "sub", "/unionId | /openId" }, { "name", "/nick" }, { "email", "/email" },
    { "picture", "/avatarUrl" },     { NULL, NULL },
};

static const struct cardea_provider dingtalk = {
    CARDEA_PROVIDER,
    .id = "dingtalk",
    .name = "DingTalk",
    .protocol = CARDEA_OAUTH2,
    .about = "The app needs the permission Contact.User.Read; without it there is no profile.",
    .console_url = "https://open-dev.dingtalk.com",
    .authorize_url = "https://login.dingtalk.com/oauth2/auth",
    .token_url = "https://api.dingtalk.com/v1.0/oauth2/userAccessToken",
    .userinfo_url = "https://api.dingtalk.com/v1.0/contact/users/me",
    .api_base = "https://api.dingtalk.com/v1.0",
    .scopes = "openid",
    .authorize_params = authorize_params,
    .pkce = CARDEA_NO,
    .callback_rename = callback_rename,
    .token_auth = CARDEA_AUTH_POST,
    .token_body = CARDEA_JSON,
    .token_rename = token_rename,
    .token_omit = "redirect_uri",
    .token_fields = token_fields,
    .token_error = "/code",
    .token_error_text = "/message",
    .api_token_name = "x-acs-dingtalk-access-token",
    .api_scheme = "none",
    .userinfo_error = "/code",
    .userinfo_error_text = "/message",
    .claims = claims,
    .refresh = CARDEA_YES,
    .refresh_rotates = CARDEA_YES,
    .refresh_token_param = "refreshToken",
};

CARDEA_PLUGIN("1.0.0", &dingtalk);
