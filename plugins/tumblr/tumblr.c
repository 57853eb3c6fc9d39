/*
 * Tumblr, by OAuth 2.0.
 *
 * An account is told by no id of its own, only by the name of its main blog, which people change
 * and others can take then. That blog has a uuid that stays, so the uuid is the subject. The token
 * reply carries an `id_token` that is false; this is no OpenID Connect. There is no e-mail address.
 * For a refresh token the configuration adds the scope offline_access.
 */
#include <cardea/provider.h>

static const struct cardea_pair api_headers[] = {
    { "User-Agent", "{user_agent}" },
    { NULL, NULL },
};

static const struct cardea_pair claims[] = {
    { "sub", "/blogs/[primary]/uuid" }, /* its name is not for ever */
    { "name", "/blogs/[primary]/title | /name" },
    { "preferred_username", "/name" },
    { "picture", "/blogs/[primary]/avatar/0/url" },
    { "profile", "/blogs/[primary]/url" },
    { NULL, NULL },
};

static const struct cardea_provider tumblr = {
    CARDEA_PROVIDER,
    .id = "tumblr",
    .name = "Tumblr",
    .protocol = CARDEA_OAUTH2,
    .console_url = "https://www.tumblr.com/oauth/apps",
    .color = "#001935",
    .authorize_url = "https://www.tumblr.com/oauth2/authorize",
    .token_url = "https://api.tumblr.com/v2/oauth2/token",
    .userinfo_url = "https://api.tumblr.com/v2/user/info",
    .api_base = "https://api.tumblr.com/v2",
    .scopes = "basic",
    .token_auth = CARDEA_AUTH_POST,
    .api_headers = api_headers,
    .userinfo_root = "/response/user",
    .userinfo_error = "/errors",
    .userinfo_error_text = "/errors/0/detail",
    .claims = claims,
    .refresh_rotates = CARDEA_YES, /* not documented; to expect it costs nothing */
};

CARDEA_PLUGIN("1.0.0", &tumblr);
