/*
 * Instagram (API with Instagram Login): professional accounts only. The Basic Display API that
 * older clients use ended in 2024, with its addresses and scopes.
 *
 * A profile has two ids that are different numbers. user_id is the account's own, which webhooks
 * name too, and is the subject; id is another one for each app. As with Facebook, API calls carry
 * an HMAC of the token under the app secret. The token is good for an hour and has no refresh
 * token. There is no e-mail address.
 */
#include <cardea/provider.h>

static const struct cardea_pair userinfo_params[] = {
    { "fields", "user_id,username,name,profile_picture_url" },
    { NULL, NULL },
};

static const struct cardea_pair claims[] = {
    { "sub", "/user_id" },
    { "name", "/name | /username" },
    { "preferred_username", "/username" },
    { "picture", "/profile_picture_url" },
    { "profile", "=https://www.instagram.com/{/username}/" },
    { NULL, NULL },
};

static int32_t shape_api(const struct cardea_host *host, cardea_call *call, cardea_request *request)
{
    const struct cardea_digest_1 *digest = host->extension("cardea.digest/1");
    cardea_str token = host->request_param(request, "access_token");

    if (digest == NULL)
        return host->fail(call, "server_error", "this Cardea has no cardea.digest/1");
    return host->request_set_param(call, request, "appsecret_proof",
                                   digest->hmac_hex(call, "sha256", "client_secret", token));
}

static const struct cardea_hooks hooks = {
    CARDEA_HOOKS,
    .shape_api = shape_api,
};

static const struct cardea_provider instagram = {
    CARDEA_PROVIDER,
    .id = "instagram",
    .name = "Instagram",
    .protocol = CARDEA_OAUTH2,
    .about = "Only professional accounts can log in. Id and secret are those of the Instagram app, "
             "not of the Meta app around it.",
    .console_url = "https://developers.facebook.com/apps",
    .color = "#e4405f",
    .authorize_url = "https://www.instagram.com/oauth/authorize",
    .token_url = "https://api.instagram.com/oauth/access_token",
    .userinfo_url = "https://graph.instagram.com/me",
    .api_base = "https://graph.instagram.com",
    .scopes = "instagram_business_basic",
    .scope_separator = ",",
    .token_auth = CARDEA_AUTH_POST,
    .token_error = "/error_type",
    .token_error_text = "/error_message",
    .api_token = CARDEA_QUERY,
    .userinfo_params = userinfo_params,
    .userinfo_error = "/error",
    .userinfo_error_text = "/error/message",
    .claims = claims,
    .refresh = CARDEA_NO,
    .hooks = &hooks,
};

CARDEA_PLUGIN("1.0.0", &instagram);
