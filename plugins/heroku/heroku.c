/*
 * Heroku.
 *
 * Its login service looks at the client secret alone, ignores redirect_uri and PKCE, and hands the
 * errors of the API on as they are, with `id` and `message`. A refusal comes back without the
 * state, so it ends on our page and not in the app. Some clients take user_id of the token reply
 * for the subject: it is the id of the account, which is read here. Nobody says whether an address
 * is verified.
 */
#include <cardea/provider.h>

static const struct cardea_pair api_headers[] = {
    { "Accept", "application/vnd.heroku+json; version=3" }, /* else another version answers */
    { NULL, NULL },
};

static const struct cardea_pair claims[] = {
    { "sub", "/id" },
    { "name", "/name" },
    { "email", "/email" },
    { NULL, NULL },
};

static const struct cardea_provider heroku = {
    CARDEA_PROVIDER,
    .id = "heroku",
    .name = "Heroku",
    .protocol = CARDEA_OAUTH2,
    .console_url = "https://dashboard.heroku.com/account/applications",
    .color = "#430098",
    .authorize_url = "https://id.heroku.com/oauth/authorize",
    .token_url = "https://id.heroku.com/oauth/token",
    .userinfo_url = "https://api.heroku.com/account",
    .api_base = "https://api.heroku.com",
    .scopes = "identity",
    .token_auth = CARDEA_AUTH_POST,
    .token_error = "/id",
    .token_error_text = "/message",
    .api_headers = api_headers,
    .userinfo_error = "/message", /* an account has an id itself */
    .userinfo_error_text = "/message",
    .claims = claims,
    .email_trust = CARDEA_NEVER,
    .refresh = CARDEA_YES,
};

CARDEA_PLUGIN("1.0.0", &heroku);
