/*
 * Trello.
 *
 * The name of the application and how long its token lives are said in the authorization request,
 * not where it is registered. The e-mail address needs the scope `account` and is given without a
 * word about its confirmation. The callback must be below an origin that the app's page allows.
 */
#include <cardea/provider.h>

static const struct cardea_parameter parameters[] = {
    { "app_name", "What people read on the page where they allow the app.", "Cardea", NULL,
      "text" },
    { "expiration", "How long a token lives.", "never", "1hour 1day 30days never", "word" },
    { NULL, NULL, NULL, NULL, NULL },
};

static const struct cardea_pair authorize_params[] = {
    { "name", "{app_name}" },
    { "expiration", "{expiration}" },
    { NULL, NULL },
};

static const struct cardea_pair claims[] = {
    { "sub", "/id" },
    { "name", "/fullName | /username" },
    { "preferred_username", "/username" },
    { "email", "/email" },
    { "picture", "=https://trello-members.s3.amazonaws.com/{/id}/{/avatarHash}/170.png" },
    { "profile", "/url" },
    { NULL, NULL },
};

static const struct cardea_provider trello = {
    CARDEA_PROVIDER,
    .id = "trello",
    .name = "Trello",
    .protocol = CARDEA_OAUTH1,
    .about = "client_id is the API key and client_secret the OAuth secret of a Power-Up; its page "
             "must allow the origin of this server.",
    .console_url = "https://trello.com/power-ups/admin",
    .color = "#0052cc",
    .parameters = parameters,
    .request_token_url = "https://trello.com/1/OAuthGetRequestToken",
    .authorize_url = "https://trello.com/1/OAuthAuthorizeToken",
    .token_url = "https://trello.com/1/OAuthGetAccessToken",
    .userinfo_url = "https://api.trello.com/1/members/me",
    .api_base = "https://api.trello.com/1",
    .scopes = "read account",
    .scope_separator = ",",
    .authorize_params = authorize_params,
    .callback_denied = "denied -oauth_verifier",
    .claims = claims,
    .email_trust = CARDEA_NEVER,
    .refresh = CARDEA_NO,
};

CARDEA_PLUGIN("1.0.0", &trello);
