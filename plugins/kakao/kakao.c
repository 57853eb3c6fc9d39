/*
 * Kakao.
 *
 * OAuth 2.0 with /v2/user/me, because OpenID Connect is off in an app until somebody switches it
 * on, and both name the same person by the same number. No scopes are asked for: then Kakao shows
 * what the app's consent items say, while a scope that is no such item ends the login; those who
 * set scopes have them joined by commas, as the vendor documents (a space is seen to work too). An
 * address counts only if it is valid and verified: is_email_valid is false once another account has
 * taken it over. The refresh token is replaced in its last month.
 */
#include <cardea/provider.h>

static const struct cardea_pair claims[] = {
    { "sub", "/id" },
    { "name", "/kakao_account/profile/nickname | /properties/nickname" },
    { "email", "/kakao_account/email" },
    { "email_verified",
      "/kakao_account/is_email_verified > when(/kakao_account/is_email_valid=true)" },
    { "picture", "/kakao_account/profile/profile_image_url | /properties/profile_image" },
    { NULL, NULL },
};

static const struct cardea_provider kakao = {
    CARDEA_PROVIDER,
    .id = "kakao",
    .name = "Kakao",
    .protocol = CARDEA_OAUTH2,
    .about = "What is told is decided by the consent items of the app; the client id is its REST "
             "API key.",
    .console_url = "https://developers.kakao.com/console/app",
    .color = "#fee500",
    .authorize_url = "https://kauth.kakao.com/oauth/authorize",
    .token_url = "https://kauth.kakao.com/oauth/token",
    .userinfo_url = "https://kapi.kakao.com/v2/user/me",
    .revoke_url = "https://kapi.kakao.com/v1/user/unlink",
    .api_base = "https://kapi.kakao.com",
    .scope_separator = ",",
    .token_auth = CARDEA_AUTH_POST,
    .token_scope_separator = " ",
    .userinfo_error = "/code",
    .userinfo_error_text = "/msg",
    .claims = claims,
    .email_trust = CARDEA_CLAIM,
    .refresh = CARDEA_YES,
    .revoke_auth = "token",
};

CARDEA_PLUGIN("1.0.0", &kakao);
