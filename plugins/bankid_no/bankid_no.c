/*
 * BankID Norway: OpenID Connect, on Keycloak.
 *
 * login_hint is not whom but what: the kind of BankID. BID is the one with which everybody can log
 * in at the highest level; BIS is the app with a fingerprint or a face, at a lower one, and is had
 * only by asking for it. It is always sent, so that an app's own login_hint (an address) never gets
 * there. All that the scopes here give is in the ID token. The userinfo endpoint of the discovery
 * document is a server of its own, for data that need the person's leave, and answers with tokens
 * in its own name; so the endpoints are written down and that one is left out.
 */
#include <cardea/provider.h>

static const struct cardea_parameter parameters[] = {
    { "realm", "The issuer; https://auth.current.bankid.no/auth/realms/current for tests.",
      "https://auth.bankid.no/auth/realms/prod", NULL, "url" },
    { "kind", "BID (highest level), BIS (app with biometry, a lower level) or another login_hint.",
      "BID", NULL, "word" },
    { NULL, NULL, NULL, NULL, NULL },
};

static const struct cardea_pair authorize_params[] = {
    { "login_hint", "{kind}" },
    { NULL, NULL },
};

static const struct cardea_provider bankid_no = {
    CARDEA_PROVIDER,
    .id = "bankid_no",
    .name = "BankID",
    .protocol = CARDEA_OIDC,
    .about = "Needs a contract with BankID in Norway.",
    .console_url = "https://developer.bankid.no",
    .color = "#39134c",
    .parameters = parameters,
    .issuer = "{realm}",
    .authorize_url = "{realm}/protocol/openid-connect/auth",
    .token_url = "{realm}/protocol/openid-connect/token",
    .jwks_url = "{realm}/protocol/openid-connect/certs",
    .end_session_url = "{realm}/protocol/openid-connect/logout",
    .scopes = "openid profile",
    .authorize_params = authorize_params,
    .token_auth = CARDEA_AUTH_POST,
    .email_trust = CARDEA_NEVER, /* there is none without further scopes */
    .refresh = CARDEA_NO,
};

CARDEA_PLUGIN("1.0.0", &bankid_no);
