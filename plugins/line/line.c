/*
 * LINE.
 *
 * ID tokens of web channels are signed with the channel secret unless the token request asks for a
 * key (id_token_key_type, which LINE's own SDKs send): then with ES256, so that no secret has to
 * vouch for anybody. The e-mail address is in the ID token only, needs a permission of the channel,
 * and nobody says that it is verified. A subject is the person at one provider (group of channels)
 * of LINE.
 */
#include <cardea/provider.h>

static const struct cardea_pair token_params[] = {
    { "id_token_key_type", "JWK" },
    { NULL, NULL },
};

static const struct cardea_pair revoke_params[] = {
    { "access_token", "{access_token}" },
    { NULL, NULL },
};

static const struct cardea_provider line = {
    CARDEA_PROVIDER,
    .id = "line",
    .name = "LINE",
    .protocol = CARDEA_OIDC,
    .about =
        "Addresses need the e-mail permission of the channel, which is applied for in the console.",
    .console_url = "https://developers.line.biz/console/",
    .color = "#06c755",
    .issuer = "https://access.line.me",
    .api_base = "https://api.line.me",
    .scopes = "openid profile email",
    .token_auth = CARDEA_AUTH_POST,
    .token_params = token_params,
    .id_token_algs = "ES256",
    .userinfo_error = "/error",
    .userinfo_error_text = "/error_description",
    .email_trust = CARDEA_NEVER,
    .refresh = CARDEA_YES,
    .revoke_params = revoke_params,
};

CARDEA_PLUGIN("1.0.0", &line);
