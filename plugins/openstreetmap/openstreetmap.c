/*
 * OpenStreetMap: OpenID Connect by discovery.
 *
 * Most clients still ask the map's API for the person, by plain OAuth 2.0 and with leave to read
 * all preferences. The scope openid gives a signed token with the same id and the display name, and
 * nothing more of the account. There is no address, and tokens do not expire. The display name can
 * be changed.
 */
#include <cardea/provider.h>

static const struct cardea_parameter parameters[] = {
    { "host", "www.openstreetmap.org, or another one that runs its website.",
      "www.openstreetmap.org", NULL, NULL },
    { NULL, NULL, NULL, NULL, NULL },
};

static const struct cardea_pair claims[] = {
    { "name", "/preferred_username" },
    { "profile", "=https://{host}/user/{/preferred_username}" },
    { NULL, NULL },
};

static const struct cardea_provider openstreetmap = {
    CARDEA_PROVIDER,
    .id = "openstreetmap",
    .name = "OpenStreetMap",
    .protocol = CARDEA_OIDC,
    .about = "The app needs the permission to sign in with OpenStreetMap.",
    .console_url = "https://www.openstreetmap.org/oauth2/applications",
    .color = "#7ebc6f",
    .parameters = parameters,
    .issuer = "https://{host}",
    .scopes = "openid",
    .claims = claims,
    .email_trust = CARDEA_NEVER,
    .refresh = CARDEA_NO,
};

CARDEA_PLUGIN("1.0.0", &openstreetmap);
