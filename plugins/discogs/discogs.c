/*
 * Discogs.
 *
 * Refuses requests without a User-Agent that says who asks. /oauth/identity tells no more than the
 * number and the name of the account; the profile is another call, whose address it gives. The
 * e-mail address there is only shown to its owner, and nothing says that it was confirmed.
 */
#include <cardea/provider.h>

static const struct cardea_pair user_agent[] = {
    { "User-Agent", "{user_agent}" },
    { NULL, NULL },
};

static const struct cardea_lookup profile = {
    .struct_size = CARDEA_LOOKUP,
    .name = "profile",
    .url = "https://api.discogs.com/users/{userinfo:/username}",
};

static const struct cardea_lookup *const lookups[] = { &profile, NULL };

static const struct cardea_pair claims[] = {
    { "sub", "/id" },
    { "name", "profile:/name | /username" },
    { "preferred_username", "/username" },
    { "email", "profile:/email" },
    { "picture", "profile:/avatar_url" },
    { "profile", "profile:/uri" },
    { NULL, NULL },
};

static const struct cardea_provider discogs = {
    CARDEA_PROVIDER,
    .id = "discogs",
    .name = "Discogs",
    .protocol = CARDEA_OAUTH1,
    .console_url = "https://www.discogs.com/settings/developers",
    .color = "#333333",
    .request_token_url = "https://api.discogs.com/oauth/request_token",
    .authorize_url = "https://discogs.com/oauth/authorize",
    .token_url = "https://api.discogs.com/oauth/access_token",
    .userinfo_url = "https://api.discogs.com/oauth/identity",
    .api_base = "https://api.discogs.com",
    .callback_denied = "denied -oauth_verifier",
    .token_headers = user_agent,
    .api_headers = user_agent,
    .lookups = lookups,
    .claims = claims,
    .email_trust = CARDEA_NEVER,
    .refresh = CARDEA_NO,
};

CARDEA_PLUGIN("1.0.0", &discogs);
