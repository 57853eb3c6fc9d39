/*
 * Mastodon, one instance of it.
 *
 * There are thousands of servers, and an app is registered at each: a provider here is one of them.
 * An id is unique at its server only, so do not let `base_url` of a provider that has been used
 * lead to another one. Tokens live until they are revoked, and an e-mail address is never told.
 * Only accounts of the server itself can log in.
 */
#include <cardea/provider.h>

static const struct cardea_parameter parameters[] = {
    { "base_url", "Where the server is, as https://HOST without a slash at the end.",
      "https://mastodon.social", NULL, "url" },
    { NULL, NULL, NULL, NULL, NULL },
};

static const struct cardea_pair claims[] = {
    { "sub", "/id" }, /* `acct` and the URL change when a name does */
    { "name", "/display_name | /username" },
    { "preferred_username", "/username" },
    { "picture", "/avatar_static | /avatar" },
    { "profile", "/url" },
    { "locale", "/source/language" },
    { NULL, NULL },
};

static const struct cardea_provider mastodon = {
    CARDEA_PROVIDER,
    .id = "mastodon",
    .name = "Mastodon",
    .protocol = CARDEA_OAUTH2,
    .about = "The app must be registered at that very server, with the scope read:accounts.",
    .console_url = "{base_url}/settings/applications",
    .color = "#6364ff",
    .parameters = parameters,
    .authorize_url = "{base_url}/oauth/authorize",
    .token_url = "{base_url}/oauth/token",
    .userinfo_url = "{base_url}/api/v1/accounts/verify_credentials",
    .revoke_url = "{base_url}/oauth/revoke",
    .api_base = "{base_url}/api/v1",
    .scopes = "read:accounts",
    .token_auth = CARDEA_AUTH_POST,
    .userinfo_error = "/error",
    .userinfo_error_text = "/error",
    .claims = claims,
    .refresh = CARDEA_NO,
};

CARDEA_PLUGIN("1.0.0", &mastodon);
