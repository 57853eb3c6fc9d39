/*
 * ClickUp.
 *
 * The authorization URL has no path of its own and must not get a slash at its end. There are no
 * scopes: the person chooses workspaces. Tokens do not expire, and errors are `err` and `ECODE`.
 * Some clients send the token without a word in front, which is how personal tokens go; for OAuth
 * the documentation says Bearer. `username` is what people see, not a unique name. Nobody says
 * whether an address is verified.
 */
#include <cardea/provider.h>

static const struct cardea_pair claims[] = {
    { "sub", "/id" },
    { "name", "/username" },
    { "email", "/email" },
    { "picture", "/profilePicture" },
    { "zoneinfo", "/timezone" },
    { NULL, NULL },
};

static const struct cardea_provider clickup = {
    CARDEA_PROVIDER,
    .id = "clickup",
    .name = "ClickUp",
    .protocol = CARDEA_OAUTH2,
    .about = "Only owners and admins of a workspace can register an app.",
    .console_url = "https://app.clickup.com/settings/apps",
    .color = "#7b68ee",
    .authorize_url = "https://app.clickup.com/api",
    .token_url = "https://api.clickup.com/api/v2/oauth/token",
    .userinfo_url = "https://api.clickup.com/api/v2/user",
    .api_base = "https://api.clickup.com/api/v2",
    .authorize_omit = "response_type",
    .token_auth = CARDEA_AUTH_POST,
    .token_error = "/ECODE",
    .token_error_text = "/err",
    .userinfo_root = "/user",
    .userinfo_error = "/ECODE",
    .userinfo_error_text = "/err",
    .claims = claims,
    .email_trust = CARDEA_NEVER,
    .refresh = CARDEA_NO,
};

CARDEA_PLUGIN("1.0.0", &clickup);
