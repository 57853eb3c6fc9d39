/*
 * FranceConnect (v2), and its integration platform.
 *
 * Some clients still have v1 (other host, HS256, plain JSON), which is retired; the endpoints here
 * are those of the vendor's documentation and of the discovery document. The userinfo reply is a
 * signed JWT, like the ID token with ES256 or RS256. A level (acr_values) must be asked for, and
 * each scope is one claim. The identity is checked by the state, the e-mail address by nobody. A
 * subject is the person at one service.
 */
#include <cardea/provider.h>

static const struct cardea_parameter parameters[] = {
    { "host",
      "oidc.franceconnect.gouv.fr, or fcp-low.integ01.dev-franceconnect.fr for integration.",
      "oidc.franceconnect.gouv.fr",
      "oidc.franceconnect.gouv.fr fcp-low.integ01.dev-franceconnect.fr", "host" },
    { NULL, NULL, NULL, NULL, NULL },
};

static const struct cardea_pair authorize_params[] = {
    { "acr_values", "eidas1" },
    { NULL, NULL },
};

static const struct cardea_pair claims[] = {
    { "name", "={/given_name} {/family_name}" },
    { NULL, NULL },
};

static const struct cardea_provider franceconnect = {
    CARDEA_PROVIDER,
    .id = "franceconnect",
    .name = "FranceConnect",
    .protocol = CARDEA_OIDC,
    .console_url = "https://partenaires.franceconnect.gouv.fr",
    .color = "#000091",
    .parameters = parameters,
    .issuer = "https://{host}/api/v2",
    .scopes = "openid given_name family_name email",
    .authorize_params = authorize_params,
    .token_auth = CARDEA_AUTH_POST,
    .id_token_algs = "ES256 RS256",
    .userinfo_reply = "jwt",
    .claims = claims,
    .email_trust = CARDEA_NEVER,
    .refresh = CARDEA_NO,
};

CARDEA_PLUGIN("1.0.0", &franceconnect);
