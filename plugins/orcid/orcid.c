/*
 * ORCID: OpenID Connect by discovery.
 *
 * The ORCID iD is the subject and is public. There is no address among the claims: only who has
 * made one public shows it, in the list of addresses of the public record, which says as well
 * whether ORCID has verified it. So one more call is made, for that list alone and not for the
 * whole record.
 */
#include <cardea/provider.h>

static const struct cardea_parameter parameters[] = {
    { "host", "orcid.org, or sandbox.orcid.org for tests.", "orcid.org",
      "orcid.org sandbox.orcid.org", NULL },
    { NULL, NULL, NULL, NULL, NULL },
};

static const struct cardea_lookup emails = {
    CARDEA_LOOKUP,
    .name = "emails",
    .url = "https://pub.{host}/v3.0/{id_token:/sub}/email",
    .root = "/email",
    .error = "/error-code",
};

static const struct cardea_lookup *const lookups[] = { &emails, NULL };

static const struct cardea_pair claims[] = {
    { "name", "/name | token:/name" },
    { "email", "emails:/[primary]/email" },
    { "email_verified", "emails:/[primary]/verified" },
    { "profile", "=https://{host}/{id_token:/sub}" },
    { NULL, NULL },
};

static const struct cardea_provider orcid = {
    CARDEA_PROVIDER,
    .id = "orcid",
    .name = "ORCID",
    .protocol = CARDEA_OIDC,
    .console_url = "https://orcid.org/developer-tools",
    .color = "#a6ce39",
    .parameters = parameters,
    .issuer = "https://{host}",
    .revoke_url = "https://{host}/oauth/revoke",
    .api_base = "https://pub.{host}/v3.0",
    .scopes = "openid",
    .token_auth = CARDEA_AUTH_POST,
    .lookups = lookups,
    .claims = claims,
    .email_trust = CARDEA_CLAIM,
    .refresh = CARDEA_YES,
};

CARDEA_PLUGIN("1.0.0", &orcid);
