/*
 * GitLab, gitlab.com and self-managed.
 *
 * OpenID Connect rather than /api/v4/user: it says whether the address is verified and names the
 * person's groups (claim `groups`). The subject is the number of the account as text; the user name
 * can change. An instance below a path sets `issuer` instead of the host.
 */
#include <cardea/provider.h>

static const struct cardea_parameter parameters[] = {
    { "host", "gitlab.com, or the host of a self-managed instance.", "gitlab.com", NULL, "host" },
    { NULL, NULL, NULL, NULL, NULL },
};

static const struct cardea_provider gitlab = {
    CARDEA_PROVIDER,
    .id = "gitlab",
    .name = "GitLab",
    .protocol = CARDEA_OIDC,
    .console_url = "https://{host}/-/user_settings/applications",
    .color = "#fc6d26",
    .parameters = parameters,
    .issuer = "https://{host}",
    .api_base = "https://{host}/api/v4",
    .scopes = "openid profile email",
    .email_trust = CARDEA_CLAIM,
    .refresh = CARDEA_YES,
    .refresh_rotates = CARDEA_YES,
};

CARDEA_PLUGIN("1.0.0", &gitlab);
