/*
 * Figma.
 *
 * A code is good for thirty seconds. Tokens are refreshed at an address of their own, and the
 * refresh token stays the same. The subject is the id, which is a text in the profile and a number
 * too long for many readers in the token reply. Figma says nothing about whether an address is
 * verified, so none counts. The scopes of older clients (files:read, file_read) are withdrawn;
 * clients that send PKCE to Figma are not known.
 */
#include <cardea/provider.h>

static const struct cardea_pair claims[] = {
    { "sub", "/id" },      { "name", "/handle" },     { "preferred_username", "/handle" },
    { "email", "/email" }, { "picture", "/img_url" }, { NULL, NULL },
};

static const struct cardea_provider figma = {
    CARDEA_PROVIDER,
    .id = "figma",
    .name = "Figma",
    .protocol = CARDEA_OAUTH2,
    .console_url = "https://www.figma.com/developers/apps",
    .color = "#f24e1e",
    .authorize_url = "https://www.figma.com/oauth",
    .token_url = "https://api.figma.com/v1/oauth/token",
    .refresh_url = "https://api.figma.com/v1/oauth/refresh",
    .userinfo_url = "https://api.figma.com/v1/me",
    .api_base = "https://api.figma.com/v1",
    .scopes = "current_user:read",
    .pkce = CARDEA_NO,
    .token_error_text = "/message",
    .userinfo_error = "/err",
    .userinfo_error_text = "/err",
    .claims = claims,
    .refresh = CARDEA_YES,
};

CARDEA_PLUGIN("1.0.0", &figma);
