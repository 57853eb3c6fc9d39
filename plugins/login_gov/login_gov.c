/*
 * Login.gov, and its sandbox.
 *
 * No client secrets: the app signs an assertion with the RSA key whose certificate is registered.
 * What is asked for is a service level (acr_values), of which there are several notations; this is
 * the present one. Names and the verified address of a person come at an identity-verified level
 * only, with scopes of their own. There are no refresh tokens.
 */
#include <cardea/provider.h>

static const struct cardea_parameter parameters[] = {
    { "host", "secure.login.gov, or idp.int.identitysandbox.gov.", "secure.login.gov",
      "secure.login.gov idp.int.identitysandbox.gov", "host" },
    { "acr_values", "Service level; urn:acr.login.gov:verified for verified identities.",
      "urn:acr.login.gov:auth-only", NULL, "text" },
    { NULL, NULL, NULL, NULL, NULL },
};

static const struct cardea_pair authorize_params[] = {
    { "acr_values", "{acr_values}" },
    { NULL, NULL },
};

static const struct cardea_pair client_jwt[] = {
    { "alg", "RS256" },
    { NULL, NULL },
};

static const struct cardea_pair claims[] = {
    { "name", "={/given_name} {/family_name}" },
    { NULL, NULL },
};

static const struct cardea_provider login_gov = {
    CARDEA_PROVIDER,
    .id = "login_gov",
    .name = "Login.gov",
    .protocol = CARDEA_OIDC,
    .about = "The key `client` is the RSA key whose certificate is registered.",
    .console_url = "https://dashboard.int.identitysandbox.gov",
    .parameters = parameters,
    .issuer = "https://{host}/",
    .scopes = "openid email",
    .authorize_params = authorize_params,
    .token_auth = CARDEA_AUTH_PRIVATE_KEY_JWT,
    .client_jwt = client_jwt,
    .claims = claims,
    .email_trust = CARDEA_CLAIM,
    .refresh = CARDEA_NO,
};

CARDEA_PLUGIN("1.0.0", &login_gov);
