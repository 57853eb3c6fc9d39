/*
 * HubSpot.
 *
 * Who has logged in is told by the call that describes an access token, which stands in its path.
 * `user` there is the address of the login: it can change and nobody says that it is verified, so
 * the subject is the number `user_id`, which is the same in every HubSpot account (`hub_id`) of
 * that person. Errors have their own words: `status` and `message`.
 */
#include <cardea/provider.h>

static const struct cardea_pair claims[] = {
    { "sub", "/user_id" },           { "email", "/user" }, { "hub_id", "/hub_id" },
    { "hub_domain", "/hub_domain" }, { NULL, NULL },
};

static const struct cardea_provider hubspot = {
    CARDEA_PROVIDER,
    .id = "hubspot",
    .name = "HubSpot",
    .protocol = CARDEA_OAUTH2,
    .about = "The claims hub_id and hub_domain say which HubSpot account the person chose.",
    .console_url = "https://developers.hubspot.com",
    .color = "#ff7a59",
    .authorize_url = "https://app.hubspot.com/oauth/authorize",
    .token_url = "https://api.hubapi.com/oauth/v1/token",
    .userinfo_url = "https://api.hubapi.com/oauth/v1/access-tokens/{access_token}",
    .api_base = "https://api.hubapi.com",
    .revoke_url = "https://api.hubapi.com/oauth/v1/refresh-tokens/{refresh_token}",
    .scopes = "oauth",
    .token_auth = CARDEA_AUTH_POST,
    .token_error = "/status",
    .token_error_text = "/message",
    .userinfo_error = "/status",
    .userinfo_error_text = "/message",
    .claims = claims,
    .refresh = CARDEA_YES,
    .revoke_method = "DELETE",
    .revoke_auth = "none",
};

CARDEA_PLUGIN("1.0.0", &hubspot);
