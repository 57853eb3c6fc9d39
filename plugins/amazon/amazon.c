/*
 * Login with Amazon.
 *
 * Nobody says that an address is verified, so it is not trusted. The sources are divided over
 * whether the profile call takes the access token as a parameter or in a header; it takes both, and
 * a header stays out of logs.
 */
#include <cardea/provider.h>

static const struct cardea_parameter parameters[] = {
    { "api_host",
      "api.amazon.com, or api.amazon.co.uk for Europe, api.amazon.co.jp for the Far East.",
      "api.amazon.com", "api.amazon.com api.amazon.co.uk api.amazon.co.jp", NULL },
    { NULL, NULL, NULL, NULL, NULL },
};

static const struct cardea_pair claims[] = {
    { "sub", "/user_id" },
    { "name", "/name" },
    { "email", "/email" },
    { NULL, NULL },
};

static const struct cardea_provider amazon = {
    CARDEA_PROVIDER,
    .id = "amazon",
    .name = "Amazon",
    .protocol = CARDEA_OAUTH2,
    .console_url = "https://developer.amazon.com/loginwithamazon/console/site/lwa/overview.html",
    .color = "#ff9900",
    .parameters = parameters,
    .authorize_url = "https://www.amazon.com/ap/oa",
    .token_url = "https://{api_host}/auth/o2/token",
    .userinfo_url = "https://{api_host}/user/profile",
    .api_base = "https://{api_host}",
    .scopes = "profile",
    .token_auth = CARDEA_AUTH_POST,
    .userinfo_error = "/error",
    .userinfo_error_text = "/error_description",
    .claims = claims,
    .email_trust = CARDEA_NEVER,
    .refresh = CARDEA_YES,
};

CARDEA_PLUGIN("1.0.0", &amazon);
