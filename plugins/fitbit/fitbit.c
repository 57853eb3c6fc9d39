/*
 * Fitbit, by its Web API.
 *
 * Google announced the end of this API and of its OAuth endpoints for 2 November 2026; its
 * successor is an API of Google's, whose people log in with the provider google. The plugin is for
 * those who still have access. Errors are a list, at the token endpoint too, and only HTTP Basic
 * works there. There is no e-mail address.
 */
#include <cardea/provider.h>

static const struct cardea_pair claims[] = {
    { "sub", "/encodedId" },
    { "name", "/fullName | /displayName" },
    { "nickname", "/displayName" }, /* shown to others; neither unique nor fixed */
    { "picture", "/avatar640 | /avatar150 | /avatar" },
    { "locale", "/locale" },
    { NULL, NULL },
};

static const struct cardea_provider fitbit = {
    CARDEA_PROVIDER,
    .id = "fitbit",
    .name = "Fitbit",
    .protocol = CARDEA_OAUTH2,
    .about = "Google has announced that the Fitbit Web API stops answering on 2 November 2026.",
    .console_url = "https://dev.fitbit.com/apps",
    .color = "#00b0b9",
    .authorize_url = "https://www.fitbit.com/oauth2/authorize",
    .token_url = "https://api.fitbit.com/oauth2/token",
    .userinfo_url = "https://api.fitbit.com/1/user/-/profile.json",
    .api_base = "https://api.fitbit.com",
    .revoke_url = "https://api.fitbit.com/oauth2/revoke",
    .scopes = "profile",
    .token_error = "/errors/0/errorType",
    .token_error_text = "/errors/0/message",
    .userinfo_root = "/user",
    .userinfo_error = "/errors/0/errorType",
    .userinfo_error_text = "/errors/0/message",
    .claims = claims,
    .refresh = CARDEA_YES,
    .refresh_rotates = CARDEA_YES,
};

CARDEA_PLUGIN("1.0.0", &fitbit);
