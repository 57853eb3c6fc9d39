/*
 * Jira Data Center, OAuth 1.0a, by an application link with an incoming consumer.
 *
 * Signed with RSA-SHA1: the consumer has the public half of the key named "client", and there is no
 * secret. Whoever says no comes back with the verifier "denied". `key` stays when a person is
 * renamed, `name` does not. Addresses come from a directory that others keep, and count as
 * unconfirmed.
 */
#include <cardea/provider.h>

static const struct cardea_parameter parameters[] = {
    { "base_url", "Where Jira is, as https://jira.example.com or with a path behind.", NULL, NULL,
      "url" },
    { NULL, NULL, NULL, NULL, NULL },
};

static const struct cardea_pair token_fields[] = {
    { "expires_in", "/oauth_expires_in" },
    { NULL, NULL },
};

static const struct cardea_pair claims[] = {
    { "sub", "/key" },
    { "name", "/displayName" },
    { "preferred_username", "/name" },
    { "email", "/emailAddress" },
    { "picture", "/avatarUrls/48x48" },
    { "locale", "/locale > replace(_,-)" },
    { "zoneinfo", "/timeZone" },
    { NULL, NULL },
};

static const struct cardea_provider jira_oauth1 = {
    CARDEA_PROVIDER,
    .id = "jira_oauth1",
    .name = "Jira Data Center (OAuth 1.0a)",
    .protocol = CARDEA_OAUTH1,
    .about =
        "client_id is the consumer key of an application link; `keys: {client: ...}` has the RSA "
        "key whose public half stands there.",
    .color = "#0052cc",
    .parameters = parameters,
    .request_token_url = "{base_url}/plugins/servlet/oauth/request-token",
    .authorize_url = "{base_url}/plugins/servlet/oauth/authorize",
    .token_url = "{base_url}/plugins/servlet/oauth/access-token",
    .userinfo_url = "{base_url}/rest/api/2/myself",
    .api_base = "{base_url}/rest/api/2",
    .oauth1_signature = "RSA-SHA1",
    .callback_denied = "oauth_verifier=denied",
    .token_fields = token_fields,
    .userinfo_error = "/errorMessages/0",
    .userinfo_error_text = "/errorMessages/0",
    .claims = claims,
    .email_trust = CARDEA_NEVER,
    .refresh = CARDEA_NO,
};

CARDEA_PLUGIN("1.0.0", &jira_oauth1);
