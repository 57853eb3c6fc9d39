/*
 * Okta.
 *
 * Every organisation has a server of its own, https://DOMAIN, and may have custom authorization
 * servers below it, https://DOMAIN/oauth2/ID; both are issuers, so the issuer is the parameter. The
 * subject is Okta's user id, because the login name (preferred_username) can change. A refresh
 * token comes with the scope offline_access; whether it rotates is a setting of the app.
 */
#include <cardea/provider.h>

static const struct cardea_parameter parameters[] = {
    { "issuer_url",
      "https://DOMAIN of the organisation, or https://DOMAIN/oauth2/ID of a custom authorization "
      "server.",
      NULL, NULL, "url" },
    { NULL, NULL, NULL, NULL, NULL },
};

static const struct cardea_provider okta = {
    CARDEA_PROVIDER,
    .id = "okta",
    .name = "Okta",
    .protocol = CARDEA_OIDC,
    .console_url = "https://developer.okta.com/login/",
    .color = "#007dc1",
    .parameters = parameters,
    .issuer = "{issuer_url}",
    .scopes = "openid profile email",
    .email_trust = CARDEA_CLAIM,
};

CARDEA_PLUGIN("1.0.0", &okta);
