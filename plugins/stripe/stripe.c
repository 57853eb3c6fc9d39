/*
 * Stripe Connect: who comes is a Stripe account, a business rather than a person.
 *
 * The client secret is the platform's API key (sk_...), sent as a Bearer token; whether test or
 * live accounts come is decided by the key. The subject is the account (acct_...), told in the
 * token reply already. The address is that of the account and not known to be verified. Access
 * tokens do not expire; a refresh is for another scope or mode.
 */
#include <cardea/provider.h>

static const struct cardea_pair claims[] = {
    { "sub", "token:/stripe_user_id" },
    { "name", "/settings/dashboard/display_name | /business_profile/name | /display_name | "
              "/business_name" },
    { "email", "/email" },
    { "website", "/business_profile/url" },
    { NULL, NULL },
};

static const struct cardea_pair revoke_params[] = {
    { "client_id", "{client_id}" },
    { "stripe_user_id", "{subject}" },
    { NULL, NULL },
};

static const struct cardea_provider stripe = {
    CARDEA_PROVIDER,
    .id = "stripe",
    .name = "Stripe",
    .protocol = CARDEA_OAUTH2,
    .about = "The client id is that of Connect (ca_...), the client secret the API key (sk_...).",
    .console_url = "https://dashboard.stripe.com/settings/connect",
    .color = "#635bff",
    .authorize_url = "https://connect.stripe.com/oauth/authorize",
    .token_url = "https://connect.stripe.com/oauth/token",
    .userinfo_url = "https://api.stripe.com/v1/account",
    .api_base = "https://api.stripe.com/v1",
    .revoke_url = "https://connect.stripe.com/oauth/deauthorize",
    .scopes = "read_write",
    .token_auth = CARDEA_AUTH_BEARER,
    .token_expiry = "never",
    .userinfo_error = "/error",
    .userinfo_error_text = "/error/message",
    .claims = claims,
    .refresh = CARDEA_YES,
    .revoke_params = revoke_params,
};

CARDEA_PLUGIN("1.0.0", &stripe);
