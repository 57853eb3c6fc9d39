/*
 * Box.
 *
 * What an app may do is fixed in the console, so no scopes are asked for. `login` is the person's
 * address: good as an e-mail address, though nobody says that it is verified, and not as a
 * subject. The picture is left out because its URL answers to the access token only. Old clients
 * have www.box.com or api.box.com in front of the authorization endpoint; account.box.com is the
 * one that most have.
 */
#include <cardea/provider.h>

static const struct cardea_pair claims[] = {
    { "sub", "/id" },
    { "name", "/name" },
    { "email", "/login" }, /* an address that can change; it is no subject */
    { "locale", "/language" },
    { "zoneinfo", "/timezone" },
    { NULL, NULL },
};

static const struct cardea_provider box = {
    CARDEA_PROVIDER,
    .id = "box",
    .name = "Box",
    .protocol = CARDEA_OAUTH2,
    .console_url = "https://app.box.com/developers/console",
    .color = "#0061d5",
    .authorize_url = "https://account.box.com/api/oauth2/authorize",
    .token_url = "https://api.box.com/oauth2/token",
    .userinfo_url = "https://api.box.com/2.0/users/me",
    .api_base = "https://api.box.com/2.0",
    .revoke_url = "https://api.box.com/oauth2/revoke",
    .token_auth = CARDEA_AUTH_POST,
    .userinfo_error = "/code", /* a profile has none */
    .userinfo_error_text = "/message",
    .claims = claims,
    .email_trust = CARDEA_NEVER,
    .refresh = CARDEA_YES,
    .refresh_rotates = CARDEA_YES,
};

CARDEA_PLUGIN("1.0.0", &box);
