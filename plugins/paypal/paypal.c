/*
 * PayPal (Log in with PayPal), and its sandbox.
 *
 * Clients disagree about the endpoints; these are the ones the vendor documents today, the same in
 * the sandbox but for the hosts (whose discovery document names those of production). No ID token
 * comes, so this is OAuth 2.0 with a userinfo call. The subject is the end of user_id, a URL that
 * is another one for each app. Addresses come as a list with the word "confirmed" for each;
 * verified_account is about the account. What comes at all is decided by the app's settings.
 */
#include <cardea/provider.h>

static const struct cardea_parameter parameters[] = {
    { "zone", "paypal.com, or sandbox.paypal.com.", "paypal.com", "paypal.com sandbox.paypal.com",
      "host" },
    { NULL, NULL, NULL, NULL, NULL },
};

static const struct cardea_pair userinfo_params[] = {
    { "schema", "paypalv1.1" },
    { NULL, NULL },
};

static const struct cardea_pair claims[] = {
    { "sub", "/user_id > tail | /payer_id" },
    { "name", "/name" },
    { "given_name", "/given_name" },
    { "family_name", "/family_name" },
    { "email", "/emails/[primary]/value | /email" },
    { "email_verified", "/emails/[primary]/confirmed > bool" },
    { "locale", "/locale" },
    { "zoneinfo", "/zoneinfo" },
    { NULL, NULL },
};

static const struct cardea_provider paypal = {
    CARDEA_PROVIDER,
    .id = "paypal",
    .name = "PayPal",
    .protocol = CARDEA_OAUTH2,
    .about =
        "The app's settings decide what is told: switch on full name and e-mail address there.",
    .console_url = "https://developer.paypal.com/dashboard/applications",
    .color = "#003087",
    .parameters = parameters,
    .authorize_url = "https://www.{zone}/signin/authorize",
    .token_url = "https://api-m.{zone}/v1/oauth2/token",
    .userinfo_url = "https://api-m.{zone}/v1/identity/oauth2/userinfo",
    .api_base = "https://api-m.{zone}",
    .scopes = "openid profile email",
    .userinfo_params = userinfo_params,
    .userinfo_error = "/debug_id",
    .userinfo_error_text = "/message",
    .claims = claims,
    .email_trust = CARDEA_CLAIM,
    .refresh = CARDEA_YES,
};

CARDEA_PLUGIN("1.0.0", &paypal);
