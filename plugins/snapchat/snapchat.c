/*
 * Snapchat (Login Kit; the Marketing API has other addresses and other people).
 *
 * The profile is a GraphQL query in a query parameter, and each item of it needs its scope. The
 * subject is the externalId: for this application only, and with "/", "+" and "=" in it. There is
 * no e-mail address; those that some clients show are made up by them.
 */
#include <cardea/provider.h>

static const struct cardea_pair userinfo_params[] = {
    { "query", "{me{externalId displayName bitmoji{avatar id}}}" },
    { NULL, NULL },
};

static const struct cardea_pair claims[] = {
    { "sub", "/externalId" },
    { "name", "/displayName" },
    { "picture", "/bitmoji/avatar" },
    { NULL, NULL },
};

static const struct cardea_provider snapchat = {
    CARDEA_PROVIDER,
    .id = "snapchat",
    .name = "Snapchat",
    .protocol = CARDEA_OAUTH2,
    .console_url = "https://kit.snapchat.com/manage",
    .color = "#fffc00",
    .authorize_url = "https://accounts.snapchat.com/accounts/oauth2/auth",
    .token_url = "https://accounts.snapchat.com/accounts/oauth2/token",
    .userinfo_url = "https://kit.snapchat.com/v1/me",
    .api_base = "https://kit.snapchat.com/v1",
    .revoke_url = "https://accounts.snapchat.com/accounts/oauth2/revoke",
    .scopes = "https://auth.snapchat.com/oauth2/api/user.external_id "
              "https://auth.snapchat.com/oauth2/api/user.display_name "
              "https://auth.snapchat.com/oauth2/api/user.bitmoji.avatar",
    .userinfo_params = userinfo_params,
    .userinfo_root = "/data/me",
    .userinfo_error = "/errors",
    .userinfo_error_text = "/errors/0/message",
    .claims = claims,
    .refresh = CARDEA_YES,
    .refresh_rotates = CARDEA_YES,
};

CARDEA_PLUGIN("1.0.0", &snapchat);
