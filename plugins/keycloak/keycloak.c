/*
 * Keycloak.
 *
 * A realm is an issuer of its own. Newer releases name the issuer in the answer of the
 * authorization endpoint (RFC 9207), which is checked. Groups come as the claim `groups` once a
 * mapper of the realm puts them into the token.
 */
#include <cardea/provider.h>

static const struct cardea_parameter parameters[] = {
    { "realm_url",
      "https://HOST/realms/NAME; releases before 17 have https://HOST/auth/realms/NAME.", NULL,
      NULL, "url" },
    { NULL, NULL, NULL, NULL, NULL },
};

static const struct cardea_provider keycloak = {
    CARDEA_PROVIDER,
    .id = "keycloak",
    .name = "Keycloak",
    .protocol = CARDEA_OIDC,
    .color = "#4d4d4d",
    .parameters = parameters,
    .issuer = "{realm_url}",
    .scopes = "openid profile email",
    .email_trust = CARDEA_CLAIM,
    .refresh = CARDEA_YES,
    .refresh_rotates = CARDEA_YES,
};

CARDEA_PLUGIN("1.0.0", &keycloak);
