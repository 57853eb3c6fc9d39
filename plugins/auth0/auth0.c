/*
 * Auth0.
 *
 * The issuer ends in a slash. The subject is "connection|id": one person who comes by two
 * connections is two subjects, unless Auth0 links them. updated_at is text and becomes a number.
 * The logout endpoint is missing from the discovery document of older tenants, therefore it stands
 * here. A refresh token comes with the scope offline_access; whether it rotates is a setting of the
 * app.
 */
#include <cardea/provider.h>

static const struct cardea_parameter parameters[] = {
    { "domain", "Host of the tenant, as example.eu.auth0.com, or its custom domain.", NULL, NULL,
      "host" },
    { NULL, NULL, NULL, NULL, NULL },
};

static const struct cardea_pair claims[] = {
    { "updated_at", "/updated_at > time" },
    { NULL, NULL },
};

static const struct cardea_provider auth0 = {
    CARDEA_PROVIDER,
    .id = "auth0",
    .name = "Auth0",
    .protocol = CARDEA_OIDC,
    .console_url = "https://manage.auth0.com",
    .color = "#eb5424",
    .parameters = parameters,
    .issuer = "https://{domain}/",
    .end_session_url = "https://{domain}/oidc/logout",
    .scopes = "openid profile email",
    .token_auth = CARDEA_AUTH_POST,
    .claims = claims,
    .email_trust = CARDEA_CLAIM,
};

CARDEA_PLUGIN("1.0.0", &auth0);
