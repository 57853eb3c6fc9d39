/*
 * Instagram (API with Instagram Login): professional accounts only. The Basic Display API that
 * older clients use ended in 2024, with its addresses and scopes.
 *
 * A profile has two ids that are different numbers. user_id is the account's own, which webhooks
 * name too, and is the subject; id is another one for each app. As with Facebook, API calls carry
 * an HMAC of the token under the app secret. The token object stands at the top of the reply or
 * inside `data`, by version. The token is good for an hour; a refresh exchanges it for one of sixty
 * days, once: after that the person logs in again. There is no e-mail address.
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

static const struct cardea_pair api_params[] = {
    { "appsecret_proof", "{access_token > hmac_sha256(client_secret)}" },
    { NULL, NULL },
};

static const struct cardea_pair token_fields[] = {
    { "access_token", "/access_token | /data/0/access_token" },
    { "scope", "/permissions > join( ) | /permissions | /data/0/permissions" },
    { NULL, NULL },
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
    .refresh_url = "https://graph.instagram.com/access_token",
    .userinfo_url = "https://graph.instagram.com/me",
    .api_base = "https://graph.instagram.com",
    .scopes = "instagram_business_basic",
    .scope_separator = ",",
    .token_auth = CARDEA_AUTH_POST,
    .token_fields = token_fields,
    .token_error = "/error_type | /error",
    .token_error_text = "/error_message | /error/message",
    .api_token = CARDEA_QUERY,
    .api_params = api_params,
    .userinfo_params = userinfo_params,
    .userinfo_error = "/error",
    .userinfo_error_text = "/error/message",
    .claims = claims,
    .refresh = CARDEA_YES,
    .refresh_grant = "ig_exchange_token",
    .refresh_token_param = "access_token",
    .refresh_source = "access_token",
    .refresh_method = CARDEA_GET,
};

CARDEA_PLUGIN("1.0.0", &instagram);
