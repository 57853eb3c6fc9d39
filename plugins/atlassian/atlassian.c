/*
 * Atlassian (Jira, Confluence and the other cloud products) by OAuth 2.0 (3LO).
 *
 * The profile is that of the Atlassian account, from /me, and is the same for all sites; the older
 * way by way of a site's own Jira needs a site and more scopes. An address can belong to an account
 * that was made for somebody by an administrator and never confirmed, so it is not trusted whatever
 * the profile says. Refresh tokens come with the scope offline_access and are good for one use.
 */
#include <cardea/provider.h>

static const struct cardea_pair authorize_params[] = {
    { "audience", "api.atlassian.com" },
    { "prompt", "consent" },
    { NULL, NULL },
};

static const struct cardea_pair claims[] = {
    { "sub", "/account_id" },    { "name", "/name" },
    { "nickname", "/nickname" }, { "email", "/email" },
    { "picture", "/picture" },   { "locale", "/locale" },
    { "zoneinfo", "/zoneinfo" }, { NULL, NULL },
};

static const struct cardea_provider atlassian = {
    CARDEA_PROVIDER,
    .id = "atlassian",
    .name = "Atlassian",
    .protocol = CARDEA_OAUTH2,
    .about =
        "The app needs the User identity API with read:me; offline_access gives a refresh token.",
    .console_url = "https://developer.atlassian.com/console/myapps/",
    .color = "#0052cc",
    .authorize_url = "https://auth.atlassian.com/authorize",
    .token_url = "https://auth.atlassian.com/oauth/token",
    .userinfo_url = "https://api.atlassian.com/me",
    .api_base = "https://api.atlassian.com",
    .scopes = "read:me",
    .authorize_params = authorize_params,
    .token_auth = CARDEA_AUTH_POST,
    .userinfo_error = "/code",
    .userinfo_error_text = "/message",
    .claims = claims,
    .email_trust = CARDEA_NEVER,
    .refresh_rotates = CARDEA_YES,
};

CARDEA_PLUGIN("1.0.0", &atlassian);
