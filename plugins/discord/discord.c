/*
 * Discord: nothing but data.
 *
 * global_name is the name people see; accounts that never chose one have only their username.
 */
#include <cardea/provider.h>

static const struct cardea_pair api_headers[] = {
    { "User-Agent", "{user_agent}" },
    { NULL, NULL },
};

static const struct cardea_pair claims[] = {
    { "sub", "/id" },
    { "name", "/global_name | /username" },
    { "preferred_username", "/username" },
    { "email", "/email" },
    { "email_verified", "/verified" },
    { "picture", "=https://cdn.discordapp.com/avatars/{/id}/{/avatar}.png" },
    { "locale", "/locale" },
    { NULL, NULL },
};

static const struct cardea_provider discord = {
    CARDEA_PROVIDER,
    .id = "discord",
    .name = "Discord",
    .protocol = CARDEA_OAUTH2,
    .console_url = "https://discord.com/developers/applications",
    .color = "#5865f2",
    .authorize_url = "https://discord.com/oauth2/authorize",
    .token_url = "https://discord.com/api/oauth2/token",
    .userinfo_url = "https://discord.com/api/users/@me",
    .api_base = "https://discord.com/api",
    .revoke_url = "https://discord.com/api/oauth2/token/revoke",
    .scopes = "identify email",
    .token_auth = CARDEA_AUTH_POST,
    .api_headers = api_headers,
    .claims = claims,
    .email_trust = CARDEA_CLAIM,
    .refresh = CARDEA_YES,
    .refresh_rotates = CARDEA_YES,
};

CARDEA_PLUGIN("1.0.0", &discord);
