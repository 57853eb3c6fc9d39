/*
 * Notion.
 *
 * The person who consented stands in the token reply, so no further call is made. The subject is
 * that person: the bot and the workspace beside it are the connection's. Where a whole workspace
 * owns the connection there is no person, and such a login fails. Addresses come when the
 * connection may read them, and nobody says that they are verified. Bodies are JSON and checked for
 * members that do not belong there, so a code_verifier, which is described nowhere, is not sent.
 */
#include <cardea/provider.h>

static const struct cardea_parameter parameters[] = {
    { "api_version", "Version of the Notion API, a date.", "2022-06-28", NULL, "word" },
    { NULL, NULL, NULL, NULL, NULL },
};

static const struct cardea_pair authorize_params[] = {
    { "owner", "user" },
    { NULL, NULL },
};

static const struct cardea_pair api_headers[] = {
    { "Notion-Version", "{api_version}" },
    { NULL, NULL },
};

static const struct cardea_pair claims[] = {
    { "sub", "token:/owner/user/id" },
    { "name", "token:/owner/user/name" },
    { "email", "token:/owner/user/person/email" },
    { "picture", "token:/owner/user/avatar_url" },
    { NULL, NULL },
};

static const struct cardea_provider notion = {
    CARDEA_PROVIDER,
    .id = "notion",
    .name = "Notion",
    .protocol = CARDEA_OAUTH2,
    .about = "A public connection that may read user information with e-mail addresses.",
    .console_url = "https://www.notion.so/profile/integrations",
    .color = "#000000",
    .parameters = parameters,
    .authorize_url = "https://api.notion.com/v1/oauth/authorize",
    .token_url = "https://api.notion.com/v1/oauth/token",
    .api_base = "https://api.notion.com/v1",
    .authorize_params = authorize_params,
    .pkce = CARDEA_NO,
    .token_body = CARDEA_JSON,
    .token_headers = api_headers,
    .api_headers = api_headers,
    .claims = claims,
    .email_trust = CARDEA_NEVER,
    .refresh_rotates = CARDEA_YES,
};

CARDEA_PLUGIN("1.0.0", &notion);
