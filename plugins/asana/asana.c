/*
 * Asana: OpenID Connect by discovery.
 *
 * The nonce does not come back in the ID token. The scope `default`, which most clients use, is
 * leave to do everything; the ones here are for the profile alone, so it is read from the userinfo
 * endpoint and not from the API, which that scope would open. Nobody says whether an address is
 * verified. The token reply has the person under `data` as well, unsigned and with an id that may
 * be a number or a text.
 */
#include <cardea/provider.h>

static const struct cardea_provider asana = {
    CARDEA_PROVIDER,
    .id = "asana",
    .name = "Asana",
    .protocol = CARDEA_OIDC,
    .about = "The app needs the permission scopes openid, email and profile.",
    .console_url = "https://app.asana.com/0/my-apps",
    .color = "#f06a6a",
    .issuer = "https://app.asana.com/api/1.0",
    .revoke_url = "https://app.asana.com/-/oauth_revoke",
    .api_base = "https://app.asana.com/api/1.0",
    .scopes = "openid email profile",
    .nonce = "absent",
    .token_auth = CARDEA_AUTH_POST,
    .userinfo_error = "/errors",
    .userinfo_error_text = "/errors/0/message",
    .email_trust = CARDEA_NEVER,
    .refresh = CARDEA_YES,
};

CARDEA_PLUGIN("1.0.0", &asana);
