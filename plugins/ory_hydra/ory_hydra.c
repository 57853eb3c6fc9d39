/*
 * Ory Hydra, one's own or that of an Ory Network project: OpenID Connect by discovery.
 *
 * Many instances name their issuer with a slash at the end, whatever they were asked by, so both
 * spellings are good. What a token says of a person is up to the instance's own login and consent
 * pages, email_verified too; whoever runs Cardea beside Hydra knows whether to believe it. A client
 * is registered for one way of authentication; `token_auth` sets another one.
 */
#include <cardea/provider.h>

static const struct cardea_parameter parameters[] = {
    { "url", "The public URL of the instance, as https://auth.example.com.", NULL, NULL, "url" },
    { NULL, NULL, NULL, NULL, NULL },
};

static const struct cardea_provider ory_hydra = {
    CARDEA_PROVIDER,
    .id = "ory_hydra",
    .name = "Ory Hydra",
    .protocol = CARDEA_OIDC,
    .about = "The scope offline_access gives a refresh token.",
    .console_url = "https://www.ory.sh/docs/hydra/guides/oauth2-clients",
    .parameters = parameters,
    .issuer = "{url}",
    .issuers = "{url}/",
    .scopes = "openid profile email",
    .email_trust = CARDEA_CLAIM,
    .refresh_rotates = CARDEA_YES,
};

CARDEA_PLUGIN("1.0.0", &ory_hydra);
