/*
 * Slack by OAuth v2 with a user token (the legacy Sign in with Slack).
 *
 * Scopes of the person go in user_scope and the person's token comes inside authed_user; what
 * stands at the top is the bot's. A refresh answers at the top. token_type is "user". Errors come
 * with status 200. Nobody says whether an address is verified. The claim of the workspace has the
 * name it has in OpenID Connect (plugin slack), and the subject is the same.
 */
#include <cardea/provider.h>

static const struct cardea_pair authorize_rename[] = {
    { "scope", "user_scope" },
    { NULL, NULL },
};

static const struct cardea_pair token_fields[] = {
    { "access_token", "/authed_user/access_token | /access_token" },
    { "refresh_token", "/authed_user/refresh_token | /refresh_token" },
    { "token_type", "/authed_user/token_type | /token_type" },
    { "expires_in", "/authed_user/expires_in | /expires_in" },
    { "scope", "/authed_user/scope | /scope" },
    { NULL, NULL },
};

static const struct cardea_pair claims[] = {
    { "sub", "/user/id" },
    { "name", "/user/name" },
    { "email", "/user/email" },
    { "picture", "/user/image_512 | /user/image_192 | /user/image_72 | /user/image_48" },
    { "https://slack.com/team_id", "/team/id" },
    { NULL, NULL },
};

static const struct cardea_provider slack_oauth = {
    CARDEA_PROVIDER,
    .id = "slack_oauth",
    .name = "Slack",
    .protocol = CARDEA_OAUTH2,
    .about = "For apps that have the identity scopes; new ones use the plugin slack.",
    .console_url = "https://api.slack.com/apps",
    .color = "#4a154b",
    .authorize_url = "https://slack.com/oauth/v2/authorize",
    .token_url = "https://slack.com/api/oauth.v2.access",
    .userinfo_url = "https://slack.com/api/users.identity",
    .revoke_url = "https://slack.com/api/auth.revoke",
    .api_base = "https://slack.com/api",
    .scopes = "identity.basic identity.email identity.team identity.avatar",
    .scope_separator = ",",
    .authorize_rename = authorize_rename,
    .pkce = CARDEA_NO,
    .token_auth = CARDEA_AUTH_POST,
    .token_error = "/error", /* of revocations as well */
    .token_fields = token_fields,
    .userinfo_error = "/error",
    .claims = claims,
    .email_trust = CARDEA_NEVER,
    .refresh_rotates = CARDEA_YES,
    .revoke_auth = "token",
};

CARDEA_PLUGIN("1.0.0", &slack_oauth);
