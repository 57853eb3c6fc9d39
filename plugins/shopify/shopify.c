/*
 * Shopify: one shop, whose staff log in.
 *
 * grant_options[]=per-user asks for a token of the person ("online"); without it the token is the
 * shop's and nobody is named. The person is in the token reply, as a number that is the subject, so
 * no other call is made; a reply that names nobody is no login. Such a token ends with the person's
 * session and has no refresh token. The address is the person's own at Shopify, and email_verified
 * is Shopify's word about it. Shopify signs every answer, in the parameter hmac.
 */
#include <cardea/provider.h>

static const struct cardea_parameter parameters[] = {
    { "shop", "The name of the shop: NAME of NAME.myshopify.com.", NULL, NULL, "word" },
    { NULL, NULL, NULL, NULL, NULL },
};

static const struct cardea_pair authorize_params[] = {
    { "grant_options[]", "per-user" },
    { NULL, NULL },
};

static const struct cardea_pair claims[] = {
    { "sub", "token:/associated_user/id" },
    { "name", "={token:/associated_user/first_name} {token:/associated_user/last_name}" },
    { "given_name", "token:/associated_user/first_name" },
    { "family_name", "token:/associated_user/last_name" },
    { "email", "token:/associated_user/email" },
    { "email_verified", "token:/associated_user/email_verified" },
    { "locale", "token:/associated_user/locale" },
    { NULL, NULL },
};

static const struct cardea_provider shopify = {
    CARDEA_PROVIDER,
    .id = "shopify",
    .name = "Shopify",
    .protocol = CARDEA_OAUTH2,
    .console_url = "https://partners.shopify.com",
    .color = "#95bf47",
    .parameters = parameters,
    .authorize_url = "https://{shop}.myshopify.com/admin/oauth/authorize",
    .token_url = "https://{shop}.myshopify.com/admin/oauth/access_token",
    .api_base = "https://{shop}.myshopify.com/admin/api",
    .scopes = "read_products",
    .scope_separator = ",",
    .authorize_params = authorize_params,
    .callback_hmac = "hmac",
    .token_auth = CARDEA_AUTH_POST,
    .api_token_name = "X-Shopify-Access-Token",
    .api_scheme = "none",
    .claims = claims,
    .email_trust = CARDEA_CLAIM,
    .refresh = CARDEA_NO,
};

CARDEA_PLUGIN("1.0.0", &shopify);
