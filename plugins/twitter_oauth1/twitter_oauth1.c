/*
 * X (Twitter), OAuth 1.0a.
 *
 * Still the only way to an e-mail address: the app has to ask for it in its settings, and even then
 * nothing says that it was confirmed. /oauth/authenticate lets through whoever has allowed the app
 * before; /oauth/authorize would ask each time. A refusal comes back as `denied` with the request
 * token. `id` is beyond 2^53, so the subject is its text.
 */
#include <cardea/provider.h>

static const struct cardea_pair userinfo_params[] = {
    { "include_email", "true" },
    { "include_entities", "false" },
    { "skip_status", "true" },
    { NULL, NULL },
};

static const struct cardea_pair claims[] = {
    { "sub", "/id_str" },
    { "name", "/name" },
    { "preferred_username", "/screen_name" },
    { "email", "/email" },
    { "picture", "/profile_image_url_https" },
    { "profile", "=https://x.com/{/screen_name}" },
    { NULL, NULL },
};

static const struct cardea_provider twitter_oauth1 = {
    CARDEA_PROVIDER,
    .id = "twitter_oauth1",
    .name = "X (OAuth 1.0a)",
    .protocol = CARDEA_OAUTH1,
    .about =
        "Gives an e-mail address when \"Request email from users\" is on in the app's settings; "
        "client_id and client_secret are the consumer keys.",
    .console_url = "https://developer.x.com/en/portal/dashboard",
    .color = "#000000",
    .request_token_url = "https://api.twitter.com/oauth/request_token",
    .authorize_url = "https://api.twitter.com/oauth/authenticate",
    .token_url = "https://api.twitter.com/oauth/access_token",
    .userinfo_url = "https://api.twitter.com/1.1/account/verify_credentials.json",
    .api_base = "https://api.twitter.com",
    .callback_denied = "denied",
    .token_error = "/oauth_problem | /errors/0/code",
    .token_error_text = "/oauth_problem_advice | /errors/0/message",
    .userinfo_params = userinfo_params,
    .userinfo_error = "/errors/0/code",
    .userinfo_error_text = "/errors/0/message",
    .claims = claims,
    .email_trust = CARDEA_NEVER,
    .refresh = CARDEA_NO,
};

CARDEA_PLUGIN("1.0.0", &twitter_oauth1);
