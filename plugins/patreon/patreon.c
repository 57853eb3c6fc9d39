/*
 * Patreon (API v2).
 *
 * The profile is a JSON:API document: an id, and attributes that come only if they are named in
 * fields[user]. Requests without a User-Agent are turned away. is_email_verified is Patreon's own
 * word about the address, and missing without the scope identity[email].
 */
#include <cardea/provider.h>

static const struct cardea_pair api_headers[] = {
    { "User-Agent", "{user_agent}" },
    { NULL, NULL },
};

static const struct cardea_pair userinfo_params[] = {
    { "fields[user]",
      "email,first_name,full_name,image_url,is_email_verified,last_name,thumb_url,url,vanity" },
    { NULL, NULL },
};

static const struct cardea_pair claims[] = {
    { "sub", "/id" },
    { "name", "/attributes/full_name" },
    { "given_name", "/attributes/first_name" },
    { "family_name", "/attributes/last_name" },
    { "preferred_username", "/attributes/vanity" },
    { "email", "/attributes/email" },
    { "email_verified", "/attributes/is_email_verified" },
    { "picture", "/attributes/image_url | /attributes/thumb_url" },
    { "profile", "/attributes/url" },
    { NULL, NULL },
};

static const struct cardea_provider patreon = {
    CARDEA_PROVIDER,
    .id = "patreon",
    .name = "Patreon",
    .protocol = CARDEA_OAUTH2,
    .console_url = "https://www.patreon.com/portal/registration/register-clients",
    .color = "#ff424d",
    .authorize_url = "https://www.patreon.com/oauth2/authorize",
    .token_url = "https://www.patreon.com/api/oauth2/token",
    .userinfo_url = "https://www.patreon.com/api/oauth2/v2/identity",
    .api_base = "https://www.patreon.com/api/oauth2/v2",
    .scopes = "identity identity[email]",
    .token_auth = CARDEA_AUTH_POST,
    .token_headers = api_headers,
    .api_headers = api_headers,
    .userinfo_params = userinfo_params,
    .userinfo_root = "/data",
    .userinfo_error = "/errors",
    .userinfo_error_text = "/errors/0/detail",
    .claims = claims,
    .email_trust = CARDEA_CLAIM,
    .refresh = CARDEA_YES,
    .refresh_rotates = CARDEA_YES,
};

CARDEA_PLUGIN("1.0.0", &patreon);
