/*
 * TikTok (Login Kit, version 2).
 *
 * The client id is called client_key, and the slashes at the end of the addresses belong to them.
 * An answer has an `error` object even when all is well: then its code is "ok". Only the fields
 * asked for come, and a field without its scope is an error; for a user name the configuration adds
 * the scope user.info.profile and the field username. The subject is the open_id, another one for
 * each application; the union_id is the same for all of a developer's. There is no e-mail address.
 */
#include <cardea/provider.h>

static const struct cardea_pair client_key[] = {
    { "client_id", "client_key" },
    { NULL, NULL },
};

static const struct cardea_pair userinfo_params[] = {
    { "fields", "open_id,union_id,display_name,avatar_url" },
    { NULL, NULL },
};

static const struct cardea_pair claims[] = {
    { "sub", "/open_id" },
    { "name", "/display_name" },
    { "preferred_username", "/username" },
    { "picture", "/avatar_url" },
    { "union_id", "/union_id" },
    { NULL, NULL },
};

static const struct cardea_pair revoke_params[] = {
    { "client_key", "{client_id}" },
    { "token", "{access_token}" },
    { NULL, NULL },
};

static const struct cardea_provider tiktok = {
    CARDEA_PROVIDER,
    .id = "tiktok",
    .name = "TikTok",
    .protocol = CARDEA_OAUTH2,
    .console_url = "https://developers.tiktok.com/apps",
    .color = "#010101",
    .authorize_url = "https://www.tiktok.com/v2/auth/authorize/",
    .token_url = "https://open.tiktokapis.com/v2/oauth/token/",
    .userinfo_url = "https://open.tiktokapis.com/v2/user/info/",
    .api_base = "https://open.tiktokapis.com/v2",
    .revoke_url = "https://open.tiktokapis.com/v2/oauth/revoke/",
    .scopes = "user.info.basic",
    .scope_separator = ",",
    .authorize_rename = client_key,
    .token_auth = CARDEA_AUTH_POST,
    .token_rename = client_key,
    .userinfo_params = userinfo_params,
    .userinfo_root = "/data/user",
    .userinfo_error = "/error/code",
    .userinfo_error_ok = "ok",
    .userinfo_error_text = "/error/message",
    .claims = claims,
    .refresh = CARDEA_YES,
    .refresh_rotates = CARDEA_YES,
    .revoke_params = revoke_params,
};

CARDEA_PLUGIN("1.0.0", &tiktok);
