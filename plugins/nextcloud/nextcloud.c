/*
 * Nextcloud.
 *
 * There are no scopes: every token may do all that the person may, so none is asked for. The
 * profile comes from the OCS API, which wants a header of its own, speaks XML unless told otherwise
 * and wraps its answers. We read "the person behind this token" there; some clients take the user
 * id of the token reply and ask for that user instead, which says the same in two steps. Addresses
 * with index.php work without rewriting of URLs too. People write their e-mail address themselves,
 * so it never counts as verified.
 */
#include <cardea/provider.h>

static const struct cardea_parameter parameters[] = {
    { "base_url",
      "Where the server is, as https://HOST or https://HOST/PATH without a slash at the end.", NULL,
      NULL, "url" },
    { NULL, NULL, NULL, NULL, NULL },
};

static const struct cardea_pair api_headers[] = {
    { "OCS-APIRequest", "true" },
    { NULL, NULL },
};

static const struct cardea_pair userinfo_params[] = {
    { "format", "json" },
    { NULL, NULL },
};

static const struct cardea_pair claims[] = {
    { "sub", "/id" }, /* the name of the account, which nobody can change */
    { "name", "/displayname | /display-name" },
    { "preferred_username", "/id" },
    { "email", "/email" },
    { "locale", "/locale | /language" },
    { NULL, NULL },
};

static const struct cardea_provider nextcloud = {
    CARDEA_PROVIDER,
    .id = "nextcloud",
    .name = "Nextcloud",
    .protocol = CARDEA_OAUTH2,
    .about = "Nextcloud has no scopes: a token of it reaches the person's whole account.",
    .console_url = "{base_url}/index.php/settings/admin/security",
    .color = "#0082c9",
    .parameters = parameters,
    .authorize_url = "{base_url}/index.php/apps/oauth2/authorize",
    .token_url = "{base_url}/index.php/apps/oauth2/api/v1/token",
    .userinfo_url = "{base_url}/ocs/v2.php/cloud/user",
    .api_base = "{base_url}/ocs/v2.php",
    .token_auth = CARDEA_AUTH_POST,
    .api_headers = api_headers,
    .userinfo_params = userinfo_params,
    .userinfo_root = "/ocs/data",
    .userinfo_error = "/ocs/meta/status",
    .userinfo_error_ok = "ok",
    .userinfo_error_text = "/ocs/meta/message",
    .claims = claims,
    .email_trust = CARDEA_NEVER,
    .refresh = CARDEA_YES,
    .refresh_rotates = CARDEA_YES,
};

CARDEA_PLUGIN("1.0.0", &nextcloud);
