/*
 * Gitee.
 *
 * As at GitHub, /user has the public address only, if any. The list of addresses says of each what
 * it is for, in a list that holds "primary", and its state, which is a word: "confirmed". Requests
 * without a User-Agent are refused, and the token goes in the query.
 */
#include <cardea/provider.h>

static const struct cardea_pair headers[] = {
    { "User-Agent", "{user_agent}" },
    { NULL, NULL },
};

static const struct cardea_lookup emails = {
    CARDEA_LOOKUP,
    .name = "emails",
    .url = "https://gitee.com/api/v5/emails",
    .error = "/message",
};

static const struct cardea_lookup *const lookups[] = { &emails, NULL };

static const struct cardea_pair claims[] = {
    { "sub", "/id" }, /* the login name can be changed */
    { "name", "/name | /login" },
    { "preferred_username", "/login" },
    { "email", "emails:/[scope=primary]/email" },
    { "email_verified", "emails:/[scope=primary]/state > is(confirmed)" },
    { "picture", "/avatar_url" },
    { "profile", "/html_url" },
    { NULL, NULL },
};

static const struct cardea_provider gitee = {
    CARDEA_PROVIDER,
    .id = "gitee",
    .name = "Gitee",
    .protocol = CARDEA_OAUTH2,
    .console_url = "https://gitee.com/oauth/applications",
    .color = "#c71d23",
    .authorize_url = "https://gitee.com/oauth/authorize",
    .token_url = "https://gitee.com/oauth/token",
    .userinfo_url = "https://gitee.com/api/v5/user",
    .api_base = "https://gitee.com/api/v5",
    .scopes = "user_info emails",
    .token_auth = CARDEA_AUTH_POST,
    .token_headers = headers,
    .api_token = CARDEA_QUERY,
    .api_headers = headers,
    .userinfo_error = "/message",
    .userinfo_error_text = "/message",
    .lookups = lookups,
    .claims = claims,
    .email_trust = CARDEA_CLAIM,
    .refresh = CARDEA_YES,
    .refresh_rotates = CARDEA_YES,
};

CARDEA_PLUGIN("1.0.0", &gitee);
