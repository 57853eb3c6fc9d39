/*
 * Slack by OpenID Connect (Sign in with Slack).
 *
 * Errors come with status 200, as {"ok": false, "error": "..."}. PKCE is a setting that makes the
 * app a public client for good, so it stays off; the nonce binds the answer. The subject is the
 * person in one workspace; which one it is says a claim with the vendor's name, kept so that an
 * operator can allow his own workspace only. Tokens are refreshed where rotation is switched on for
 * the app.
 */
#include <cardea/provider.h>

static const struct cardea_pair claims[] = {
    { "https://slack.com/team_id", "/https:~1~1slack.com~1team_id" },
    { "https://slack.com/user_id", "/https:~1~1slack.com~1user_id" },
    { NULL, NULL },
};

static const struct cardea_provider slack = {
    CARDEA_PROVIDER,
    .id = "slack",
    .name = "Slack",
    .protocol = CARDEA_OIDC,
    .console_url = "https://api.slack.com/apps",
    .color = "#4a154b",
    .issuer = "https://slack.com",
    .revoke_url = "https://slack.com/api/auth.revoke",
    .api_base = "https://slack.com/api",
    .scopes = "openid profile email",
    .pkce = CARDEA_NO,
    .token_auth = CARDEA_AUTH_POST,
    .token_error = "/error", /* of revocations as well */
    .userinfo_error = "/error",
    .claims = claims,
    .email_trust = CARDEA_CLAIM,
    .refresh_rotates = CARDEA_YES,
    .revoke_auth = "token",
};

CARDEA_PLUGIN("1.0.0", &slack);
