/*
 * Yahoo.
 *
 * ID tokens are signed with ES256, and the key set has RSA keys besides. What may be asked for is
 * chosen in the app's settings. A refresh names the redirect address again. The subject is the
 * account's GUID.
 */
#include <cardea/provider.h>

static const struct cardea_pair refresh_params[] = {
    { "redirect_uri", "{callback_url}" },
    { NULL, NULL },
};

static const struct cardea_provider yahoo = {
    CARDEA_PROVIDER,
    .id = "yahoo",
    .name = "Yahoo",
    .protocol = CARDEA_OIDC,
    .about = "The app's settings need the OpenID Connect permissions Email and Profile.",
    .console_url = "https://developer.yahoo.com/apps/",
    .color = "#6001d2",
    .issuer = "https://api.login.yahoo.com",
    .revoke_url = "https://api.login.yahoo.com/oauth2/revoke",
    .scopes = "openid profile email",
    .id_token_algs = "ES256 RS256",
    .email_trust = CARDEA_CLAIM,
    .refresh = CARDEA_YES,
    .refresh_params = refresh_params,
};

CARDEA_PLUGIN("1.0.0", &yahoo);
