/*
 * Bitbucket Cloud.
 *
 * The subject is the uuid, braces and all: user names are being withdrawn and nicknames are not
 * unique. Addresses are in a list of their own, which says which one is primary and which are
 * confirmed. Scopes are fixed at the consumer, and the granted ones come back as `scopes`.
 */
#include <cardea/provider.h>

static const struct cardea_pair token_fields[] = {
    { "scope", "/scopes" },
    { NULL, NULL },
};

static const struct cardea_lookup emails = {
    CARDEA_LOOKUP,
    .name = "emails",
    .url = "https://api.bitbucket.org/2.0/user/emails",
    .root = "/values",
};

static const struct cardea_lookup *const lookups[] = { &emails, NULL };

static const struct cardea_pair claims[] = {
    { "sub", "/uuid" },
    { "name", "/display_name | /username" },
    { "preferred_username", "/username | /nickname" },
    { "email", "emails:/[is_primary]/email" },
    { "email_verified", "emails:/[is_primary]/is_confirmed" },
    { "picture", "/links/avatar/href" },
    { "profile", "/links/html/href" },
    { NULL, NULL },
};

static const struct cardea_provider bitbucket = {
    CARDEA_PROVIDER,
    .id = "bitbucket",
    .name = "Bitbucket",
    .protocol = CARDEA_OAUTH2,
    .about = "The consumer needs the permissions Email and Read of Account.",
    .console_url = "https://bitbucket.org/account/workspaces/",
    .color = "#0052cc",
    .authorize_url = "https://bitbucket.org/site/oauth2/authorize",
    .token_url = "https://bitbucket.org/site/oauth2/access_token",
    .userinfo_url = "https://api.bitbucket.org/2.0/user",
    .api_base = "https://api.bitbucket.org/2.0",
    .scopes = "account email",
    .token_fields = token_fields,
    .userinfo_error = "/error",
    .userinfo_error_text = "/error/message",
    .lookups = lookups,
    .claims = claims,
    .email_trust = CARDEA_CLAIM,
    .refresh = CARDEA_YES,
};

CARDEA_PLUGIN("1.0.0", &bitbucket);
