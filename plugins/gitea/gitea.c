/*
 * Gitea and Forgejo.
 *
 * Newer releases keep a token to the scopes that were asked for and give one without scopes
 * everything; older ones ignore them: read:user is enough in both. Both words are accepted in front
 * of the token ("token" is the older one), we say Bearer. An administrator can switch the
 * confirmation of e-mail addresses off, so none counts as verified. A refresh always brings a new
 * refresh token; whether the old one still works is a setting of the server.
 */
#include <cardea/provider.h>

static const struct cardea_parameter parameters[] = {
    { "base_url",
      "Where the server is, as https://HOST or https://HOST/PATH without a slash at the end.",
      "https://gitea.com", NULL, "url" },
    { NULL, NULL, NULL, NULL, NULL },
};

static const struct cardea_pair claims[] = {
    { "sub", "/id" }, /* a login name can be changed, and then taken by somebody else */
    { "name", "/full_name | /login" },
    { "preferred_username", "/login | /username" },
    { "email", "/email" },
    { "picture", "/avatar_url" },
    { "profile", "/html_url" },
    { "locale", "/language" },
    { NULL, NULL },
};

static const struct cardea_provider gitea = {
    CARDEA_PROVIDER,
    .id = "gitea",
    .name = "Gitea",
    .protocol = CARDEA_OAUTH2,
    .about = "Serves Forgejo (codeberg.org) as well.",
    .console_url = "{base_url}/user/settings/applications",
    .color = "#609926",
    .parameters = parameters,
    .authorize_url = "{base_url}/login/oauth/authorize",
    .token_url = "{base_url}/login/oauth/access_token",
    .userinfo_url = "{base_url}/api/v1/user",
    .api_base = "{base_url}/api/v1",
    .scopes = "read:user",
    .userinfo_error = "/message", /* no profile has one */
    .userinfo_error_text = "/message",
    .claims = claims,
    .email_trust = CARDEA_NEVER,
    .refresh = CARDEA_YES,
    .refresh_rotates = CARDEA_YES,
};

CARDEA_PLUGIN("1.0.0", &gitea);
