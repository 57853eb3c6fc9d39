/*
 * Zoho, one data centre of it.
 *
 * An account lives in one data centre, has an id of that one, and an organisation's accounts are
 * all in the same: the operator names it. The answer to a login brings `accounts-server`, a URL to
 * redeem the code at. It comes by the browser, so whoever made the link wrote it, and our secret
 * would go there: it is not read, and people of another data centre are refused by Zoho. Scopes are
 * separated by commas, as the documentation has it. For a refresh token the configuration adds
 * `authorize_params: {access_type: offline, prompt: consent}`.
 */
#include <cardea/provider.h>

static const struct cardea_parameter parameters[] = {
    { "accounts_host", "The accounts server of the data centre where your organisation is.",
      "accounts.zoho.com",
      "accounts.zoho.com accounts.zoho.eu accounts.zoho.in accounts.zoho.com.au accounts.zoho.jp "
      "accounts.zoho.sa accounts.zohocloud.ca accounts.zoho.uk accounts.zoho.ae "
      "accounts.zoho.com.cn",
      "host" },
    { NULL, NULL, NULL, NULL, NULL },
};

static const struct cardea_pair claims[] = {
    { "sub", "/ZUID" },
    { "name", "/Display_Name" },
    { "given_name", "/First_Name" },
    { "family_name", "/Last_Name" },
    { "email", "/Email" },
    { NULL, NULL },
};

static const struct cardea_provider zoho = {
    CARDEA_PROVIDER,
    .id = "zoho",
    .name = "Zoho",
    .protocol = CARDEA_OAUTH2,
    .about = "Only people of the data centre in accounts_host can log in; for another one, "
             "configure another provider.",
    .console_url = "https://api-console.zoho.com",
    .color = "#e42527",
    .parameters = parameters,
    .authorize_url = "https://{accounts_host}/oauth/v2/auth",
    .token_url = "https://{accounts_host}/oauth/v2/token",
    .userinfo_url = "https://{accounts_host}/oauth/user/info",
    .revoke_url = "https://{accounts_host}/oauth/v2/token/revoke",
    .scopes = "AaaServer.profile.READ",
    .scope_separator = ",",
    .token_auth = CARDEA_AUTH_POST,
    .token_error = "/error", /* said for revoking too, where it comes with status 200 as well */
    .claims = claims,
    .email_trust = CARDEA_NEVER,
    .revoke_body = CARDEA_QUERY,
    .revoke_auth = "none",
};

CARDEA_PLUGIN("1.0.0", &zoho);
