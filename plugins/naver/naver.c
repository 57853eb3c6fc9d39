/*
 * Naver.
 *
 * What a person is asked for is chosen at the registered application, so no scope is sent; items
 * the person did not tick are simply missing. Errors come with status 200, at the token endpoint
 * too, and lifetimes are texts. The subject is an id of this application only. The contact address
 * is whatever the person has entered, so it never counts as verified. To end a grant is one more
 * request to the token endpoint, with grant_type=delete.
 */
#include <cardea/provider.h>

static const struct cardea_pair claims[] = {
    { "sub", "/id" },      { "name", "/name | /nickname" }, { "nickname", "/nickname" },
    { "email", "/email" }, { "picture", "/profile_image" }, { NULL, NULL },
};

static const struct cardea_pair revoke_params[] = {
    { "grant_type", "delete" },
    { "client_id", "{client_id}" },
    { "access_token", "{access_token}" },
    { "service_provider", "NAVER" },
    { NULL, NULL },
};

static const struct cardea_provider naver = {
    CARDEA_PROVIDER,
    .id = "naver",
    .name = "Naver",
    .protocol = CARDEA_OAUTH2,
    .about =
        "Name, nickname, address and picture come only if they are required at the application.",
    .console_url = "https://developers.naver.com/apps",
    .color = "#03c75a",
    .authorize_url = "https://nid.naver.com/oauth2.0/authorize",
    .token_url = "https://nid.naver.com/oauth2.0/token",
    .userinfo_url = "https://openapi.naver.com/v1/nid/me",
    .api_base = "https://openapi.naver.com",
    .revoke_url = "https://nid.naver.com/oauth2.0/token",
    .callback_forward = "state",
    .token_auth = CARDEA_AUTH_POST,
    .userinfo_root = "/response",
    .userinfo_error = "/resultcode",
    .userinfo_error_ok = "00",
    .userinfo_error_text = "/message",
    .claims = claims,
    .refresh = CARDEA_YES,
    .revoke_params = revoke_params,
};

CARDEA_PLUGIN("1.0.0", &naver);
