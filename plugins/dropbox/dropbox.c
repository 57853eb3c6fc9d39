/*
 * Dropbox.
 *
 * Calls that take no arguments, the profile call among them, are a POST without a body and without
 * a content type; "{}" is refused. Revoking is such a call, made by the access token itself. The
 * subject is account_id: `uid` of the token reply is the older number of the same account. Dropbox
 * says whether an address is verified. For a refresh token the configuration adds
 * `authorize_params: {token_access_type: offline}`; it stays the same then.
 */
#include <cardea/provider.h>

static const struct cardea_pair claims[] = {
    { "sub", "/account_id" },
    { "name", "/name/display_name" },
    { "given_name", "/name/given_name" },
    { "family_name", "/name/surname" },
    { "email", "/email" },
    { "email_verified", "/email_verified" },
    { "picture", "/profile_photo_url" },
    { "locale", "/locale" },
    { NULL, NULL },
};

static const struct cardea_provider dropbox = {
    CARDEA_PROVIDER,
    .id = "dropbox",
    .name = "Dropbox",
    .protocol = CARDEA_OAUTH2,
    .console_url = "https://www.dropbox.com/developers/apps",
    .color = "#0061ff",
    .authorize_url = "https://www.dropbox.com/oauth2/authorize",
    .token_url = "https://api.dropboxapi.com/oauth2/token",
    .userinfo_url = "https://api.dropboxapi.com/2/users/get_current_account",
    .api_base = "https://api.dropboxapi.com/2",
    .revoke_url = "https://api.dropboxapi.com/2/auth/token/revoke",
    .scopes = "account_info.read",
    .userinfo_method = CARDEA_POST,
    .userinfo_error = "/error_summary",
    .userinfo_error_text = "/error_summary",
    .claims = claims,
    .email_trust = CARDEA_CLAIM,
    .revoke_auth = "token",
};

CARDEA_PLUGIN("1.0.0", &dropbox);
