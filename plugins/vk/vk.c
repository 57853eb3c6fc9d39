/*
 * VK by the older oauth.vk.com. New apps are registered for VK ID, which is the plugin vk_id.
 *
 * The address comes with the tokens and nowhere else, and nobody says that it is verified. Every
 * call names an API version. An answer of the API with status 200 may be an error, and the profile
 * is the first of a list of one. With the scope offline the token never expires, which is written
 * as 0.
 */
#include <cardea/provider.h>

static const struct cardea_parameter parameters[] = {
    { "domain", "vk.com or vk.ru.", "vk.com", "vk.com vk.ru", NULL },
    { "api_version", "Version of the VK API.", "5.131", NULL, "word" },
    { NULL, NULL, NULL, NULL, NULL },
};

static const struct cardea_pair version[] = {
    { "v", "{api_version}" },
    { NULL, NULL },
};

static const struct cardea_pair userinfo_params[] = {
    { "fields", "screen_name,photo_200" },
    { NULL, NULL },
};

static const struct cardea_pair claims[] = {
    { "sub", "/id" },
    { "name", "={/first_name} {/last_name}" },
    { "given_name", "/first_name" },
    { "family_name", "/last_name" },
    { "preferred_username", "/screen_name" },
    { "email", "token:/email" },
    { "picture", "/photo_200" },
    { "profile", "=https://{domain}/id{/id}" },
    { NULL, NULL },
};

static const struct cardea_provider vk = {
    CARDEA_PROVIDER,
    .id = "vk",
    .name = "VK",
    .protocol = CARDEA_OAUTH2,
    .about = "For apps of the older kind; those registered as VK ID use the plugin vk_id.",
    .console_url = "https://vk.com/apps?act=manage",
    .color = "#0077ff",
    .parameters = parameters,
    .authorize_url = "https://oauth.{domain}/authorize",
    .token_url = "https://oauth.{domain}/access_token",
    .userinfo_url = "https://api.{domain}/method/users.get",
    .api_base = "https://api.{domain}/method",
    .scopes = "email",
    .scope_separator = ",",
    .authorize_params = version,
    .token_auth = CARDEA_AUTH_POST,
    .api_token = CARDEA_QUERY,
    .api_params = version,
    .userinfo_params = userinfo_params,
    .userinfo_root = "/response/0",
    .userinfo_error = "/error/error_code",
    .userinfo_error_text = "/error/error_msg",
    .claims = claims,
    .email_trust = CARDEA_NEVER,
    .refresh = CARDEA_NO,
};

CARDEA_PLUGIN("1.0.0", &vk);
