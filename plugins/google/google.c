/*
 * Google: plain OpenID Connect by discovery.
 *
 * Tokens of old clients name the issuer without its scheme. For a refresh token the configuration
 * adds `authorize_params: {access_type: offline, prompt: consent}`.
 */
#include <cardea/provider.h>

static const struct cardea_provider google = {
    CARDEA_PROVIDER,
    .id = "google",
    .name = "Google",
    .protocol = CARDEA_OIDC,
    .console_url = "https://console.cloud.google.com/apis/credentials",
    .color = "#1a73e8",
    .issuer = "https://accounts.google.com",
    .issuers = "accounts.google.com",
    .scopes = "openid email profile",
    .token_auth = CARDEA_AUTH_POST,
    .email_trust = CARDEA_CLAIM,
};

CARDEA_PLUGIN("1.0.0", &google);
