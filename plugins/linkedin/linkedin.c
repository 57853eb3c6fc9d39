/*
 * LinkedIn by OpenID Connect.
 *
 * The nonce does not come back and PKCE is refused (it is a flow of its own, for native apps).
 * Tokens have been seen under two spellings of the issuer. `locale` may be an object, which is no
 * claim of ours. Apps without the product "Sign In with LinkedIn using OpenID Connect" have the
 * older API: linkedin_legacy.
 */
#include <cardea/provider.h>

static const struct cardea_provider linkedin = {
    CARDEA_PROVIDER,
    .id = "linkedin",
    .name = "LinkedIn",
    .protocol = CARDEA_OIDC,
    .about = "The app needs the product Sign In with LinkedIn using OpenID Connect.",
    .console_url = "https://www.linkedin.com/developers/apps",
    .color = "#0a66c2",
    .issuer = "https://www.linkedin.com/oauth",
    .issuers = "https://www.linkedin.com",
    .scopes = "openid profile email",
    .pkce = CARDEA_NO,
    .nonce = "absent",
    .callback_denied = "error=user_cancelled_login error=user_cancelled_authorize",
    .token_auth = CARDEA_AUTH_POST,
    .token_scope_separator = ",",
    .userinfo_error = "/code",
    .userinfo_error_text = "/message",
    .email_trust = CARDEA_CLAIM,
};

CARDEA_PLUGIN("1.0.0", &linkedin);
