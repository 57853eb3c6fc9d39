/*
 * Vipps MobilePay (Norway, Denmark, Finland, Sweden): OpenID Connect by discovery.
 *
 * The issuer ends in a slash. Vipps has checked an address when email_verified says so. The subject
 * is another one for each merchant, and stays when somebody changes the phone number. There are no
 * refresh tokens.
 */
#include <cardea/provider.h>

static const struct cardea_parameter parameters[] = {
    { "host", "api.vipps.no, or apitest.vipps.no for tests.", "api.vipps.no",
      "api.vipps.no apitest.vipps.no", NULL },
    { NULL, NULL, NULL, NULL, NULL },
};

static const struct cardea_provider vipps = {
    CARDEA_PROVIDER,
    .id = "vipps",
    .name = "Vipps",
    .protocol = CARDEA_OIDC,
    .about = "Switch login on for the sales unit, with client_secret_basic.",
    .console_url = "https://portal.vippsmobilepay.com",
    .color = "#ff5b24",
    .parameters = parameters,
    .issuer = "https://{host}/access-management-1.0/access/",
    .scopes = "openid name email",
    .email_trust = CARDEA_CLAIM,
    .refresh = CARDEA_NO,
};

CARDEA_PLUGIN("1.0.0", &vipps);
