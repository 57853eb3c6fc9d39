/*
 * VK ID, VK's OAuth 2.1.
 *
 * The client has no secret, only PKCE. The callback brings a device_id, which the token request
 * sends back, together with a state. The profile is got by a POST that has the token in its form;
 * errors come with status 200. Nobody says that an address is verified, so it is not trusted.
 */
#include <cardea/provider.h>

static const struct cardea_parameter parameters[] = {
    { "domain", "id.vk.ru or id.vk.com.", "id.vk.ru", "id.vk.ru id.vk.com", NULL },
    { NULL, NULL, NULL, NULL, NULL },
};

static const struct cardea_pair token_params[] = {
    { "state", "{state}" },
    { NULL, NULL },
};

static const struct cardea_pair claims[] = {
    { "sub", "/user_id" },
    { "name", "={/first_name} {/last_name}" },
    { "given_name", "/first_name" },
    { "family_name", "/last_name" },
    { "email", "/email" },
    { "picture", "/avatar" },
    { NULL, NULL },
};

static const struct cardea_provider vk_id = {
    CARDEA_PROVIDER,
    .id = "vk_id",
    .name = "VK ID",
    .protocol = CARDEA_OAUTH2,
    .about = "For web apps registered as VK ID; client_id alone is needed.",
    .console_url = "https://id.vk.com/about/business/go",
    .color = "#0077ff",
    .parameters = parameters,
    .authorize_url = "https://{domain}/authorize",
    .token_url = "https://{domain}/oauth2/auth",
    .userinfo_url = "https://{domain}/oauth2/user_info",
    .api_base = "https://{domain}/oauth2",
    .scopes = "email",
    .callback_forward = "device_id",
    .token_auth = CARDEA_AUTH_NONE,
    .token_params = token_params,
    .api_token = CARDEA_BODY,
    .userinfo_method = CARDEA_POST,
    .userinfo_body = "client_id={client_id}&access_token={access_token}",
    .userinfo_body_type = "application/x-www-form-urlencoded",
    .userinfo_root = "/user",
    .userinfo_error = "/error",
    .userinfo_error_text = "/error_description",
    .claims = claims,
    .email_trust = CARDEA_NEVER,
    .refresh = CARDEA_NO, /* it would want the device_id of that callback again */
};

CARDEA_PLUGIN("1.0.0", &vk_id);
