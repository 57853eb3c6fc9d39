/*
 * Salesforce, an organisation of it, or a sandbox.
 *
 * `sub` is a URL with a host, the organisation and the person in it; user_id alone is unique and
 * survives a change of domain, so it is the subject. Tokens come without a lifetime: how long they
 * live is a setting of the organisation. updated_at is text and becomes a number. A refresh token
 * needs the scope refresh_token. The API's host comes with the token reply (instance_url), so there
 * is no api_base.
 */
#include <cardea/provider.h>

static const struct cardea_parameter parameters[] = {
    { "domain", "login.salesforce.com, test.salesforce.com for sandboxes, or a My Domain host.",
      "login.salesforce.com", NULL, "host" },
    { NULL, NULL, NULL, NULL, NULL },
};

static const struct cardea_pair claims[] = {
    { "sub", "/user_id" },
    { "updated_at", "/updated_at > time" },
    { "picture", "/picture | /photos/picture" },
    { NULL, NULL },
};

static const struct cardea_provider salesforce = {
    CARDEA_PROVIDER,
    .id = "salesforce",
    .name = "Salesforce",
    .protocol = CARDEA_OIDC,
    .about = "Register a connected app in the App Manager of the organisation's setup.",
    .console_url = "https://{domain}",
    .color = "#00a1e0",
    .parameters = parameters,
    .issuer = "https://{domain}",
    .scopes = "openid profile email",
    .token_auth = CARDEA_AUTH_POST,
    .claims = claims,
    .email_trust = CARDEA_CLAIM,
};

CARDEA_PLUGIN("1.0.0", &salesforce);
