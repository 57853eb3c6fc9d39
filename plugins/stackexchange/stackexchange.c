/*
 * Stack Overflow and the other sites of Stack Exchange.
 *
 * A person has one account and a user on each site: account_id is the same on all of them, so it is
 * the subject, and not user_id, which many clients take. Calls carry the app's request key beside
 * the access token; it is no secret. An answer is a list of one inside an envelope, always
 * compressed, and an error may come with status 200. Names are HTML-escaped. There is no address.
 */
#include <cardea/provider.h>

static const struct cardea_parameter parameters[] = {
    { "api_key", "The request key of the app, which stands beside its client id.", NULL, NULL,
      "text" },
    { "site", "The site whose profile is read.", "stackoverflow", NULL, "word" },
    { NULL, NULL, NULL, NULL, NULL },
};

static const struct cardea_pair token_fields[] = {
    { "expires_in", "/expires" },
    { NULL, NULL },
};

static const struct cardea_pair api_params[] = {
    { "key", "{api_key}" },
    { "site", "{site}" },
    { NULL, NULL },
};

static const struct cardea_pair claims[] = {
    { "sub", "/account_id" },
    { "name", "/display_name > html_decode" },
    { "picture", "/profile_image" },
    { "profile", "/link" },
    { NULL, NULL },
};

static const struct cardea_provider stackexchange = {
    CARDEA_PROVIDER,
    .id = "stackexchange",
    .name = "Stack Overflow",
    .protocol = CARDEA_OAUTH2,
    .about =
        "The console asks for the host of the callback URL (OAuth domain); the scope no_expiry "
        "gives tokens that last.",
    .console_url = "https://stackapps.com/apps/oauth",
    .color = "#f48024",
    .parameters = parameters,
    .authorize_url = "https://stackoverflow.com/oauth",
    .token_url = "https://stackoverflow.com/oauth/access_token/json",
    .userinfo_url = "https://api.stackexchange.com/2.3/me",
    .api_base = "https://api.stackexchange.com/2.3",
    .scope_separator = ",",
    .token_auth = CARDEA_AUTH_POST,
    .token_fields = token_fields,
    .token_error = "/error/type",
    .token_error_text = "/error/message",
    .api_token = CARDEA_QUERY,
    .api_params = api_params,
    .userinfo_root = "/items/0",
    .userinfo_error = "/error_id",
    .userinfo_error_text = "/error_message",
    .claims = claims,
    .email_trust = CARDEA_NEVER,
    .refresh = CARDEA_NO,
};

CARDEA_PLUGIN("1.0.0", &stackexchange);
