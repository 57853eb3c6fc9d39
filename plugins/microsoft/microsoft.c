/*
 * Microsoft Entra ID and Microsoft accounts (v2.0).
 *
 * The tenant `common` has as many issuers as there are directories, so the issuer of a token is
 * built from its own `tid`, and an identity is issuer and subject together. `sub` is another one
 * for each app registration; who wants the directory's id sets the claim sub to id_token:/oid
 * before the first login. An e-mail address is whatever an administrator of some directory wrote
 * down, so it never counts as verified. The picture that userinfo names is an address only the
 * access token opens; personal accounts get nothing but `sub` there, and the rest from the ID
 * token.
 */
#include <cardea/provider.h>

static const struct cardea_parameter parameters[] = {
    { "tenant", "Directory id or domain; or common (everybody), organizations, consumers.",
      "common", NULL, "segment" },
    { "issuer_values",
      "Directory ids (tid) whose people may log in, separated by spaces; * for all that the tenant "
      "lets in.",
      "*", NULL, "text" },
    { NULL, NULL, NULL, NULL, NULL },
};

static const struct cardea_pair claims[] = {
    { "picture", "-" },
    { NULL, NULL },
};

static const struct cardea_provider microsoft = {
    CARDEA_PROVIDER,
    .id = "microsoft",
    .name = "Microsoft",
    .protocol = CARDEA_OIDC,
    .about = "A refresh token needs the scope offline_access, the Graph profile User.Read.",
    .console_url = "https://entra.microsoft.com",
    .color = "#0078d4",
    .parameters = parameters,
    .issuer = "https://login.microsoftonline.com/{tenant}/v2.0",
    .issuers = "https://login.microsoftonline.com/{tid}/v2.0",
    .api_base = "https://graph.microsoft.com/v1.0",
    .scopes = "openid profile email",
    .token_auth = CARDEA_AUTH_POST,
    .claims = claims,
    .email_trust = CARDEA_NEVER,
    .refresh_rotates = CARDEA_YES,
};

CARDEA_PLUGIN("1.0.0", &microsoft);
