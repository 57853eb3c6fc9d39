/*
 * Reddit.
 *
 * Requests without a User-Agent of their own kind are answered with 429, so it is a parameter.
 * Errors of the token endpoint come with status 200. The subject is the id; some clients take the
 * name instead. There is no address: has_verified_email says that Reddit knows one, which it keeps.
 * The picture's URL is HTML-escaped.
 */
#include <cardea/provider.h>

static const struct cardea_parameter parameters[] = {
    { "agent", "The User-Agent Reddit wants: \"web:APP-ID:v1.0 (by /u/NAME)\".", "web:{user_agent}",
      NULL, "text" },
    { NULL, NULL, NULL, NULL, NULL },
};

static const struct cardea_pair agent[] = {
    { "User-Agent", "{agent}" },
    { NULL, NULL },
};

static const struct cardea_pair claims[] = {
    { "sub", "/id" },
    { "name", "/name" },
    { "preferred_username", "/name" },
    { "picture", "/icon_img > html_decode" },
    { "profile", "=https://www.reddit.com/user/{/name}/" },
    { NULL, NULL },
};

static const struct cardea_provider reddit = {
    CARDEA_PROVIDER,
    .id = "reddit",
    .name = "Reddit",
    .protocol = CARDEA_OAUTH2,
    .about = "For a refresh token set `authorize_params: {duration: permanent}`.",
    .console_url = "https://www.reddit.com/prefs/apps",
    .color = "#ff4500",
    .parameters = parameters,
    .authorize_url = "https://www.reddit.com/api/v1/authorize",
    .token_url = "https://www.reddit.com/api/v1/access_token",
    .userinfo_url = "https://oauth.reddit.com/api/v1/me",
    .revoke_url = "https://www.reddit.com/api/v1/revoke_token",
    .api_base = "https://oauth.reddit.com",
    .scopes = "identity",
    .token_headers = agent,
    .api_headers = agent,
    .userinfo_error = "/error",
    .userinfo_error_text = "/message",
    .claims = claims,
    .email_trust = CARDEA_NEVER,
};

CARDEA_PLUGIN("1.0.0", &reddit);
