/*
 * LinkedIn by the API of before OpenID Connect (r_liteprofile).
 *
 * The names in the person's language come without a projection only, the picture and the address
 * with one only, so there are three calls. A projection is a parameter whose brackets and tildes go
 * unescaped: it stands in the URL as it is. The vendor lets people log in with addresses it calls
 * primary and says nothing about their being verified, so they are not trusted. The subject is
 * another one than that of the plugin linkedin.
 */
#include <cardea/provider.h>

static const struct cardea_lookup picture = {
    CARDEA_LOOKUP,
    .name = "picture",
    .url = "https://api.linkedin.com/v2/"
           "me?projection=(profilePicture(displayImage~:playableStreams))",
    .error = "/serviceErrorCode",
};

static const struct cardea_lookup emails = {
    CARDEA_LOOKUP,
    .name = "emails",
    .url = "https://api.linkedin.com/v2/emailAddress?q=members&projection=(elements*(handle~))",
    .error = "/serviceErrorCode",
};

static const struct cardea_lookup *const lookups[] = { &picture, &emails, NULL };

static const struct cardea_pair claims[] = {
    { "sub", "/id" },
    { "name", "={/localizedFirstName} {/localizedLastName}" },
    { "given_name", "/localizedFirstName" },
    { "family_name", "/localizedLastName" },
    { "email", "emails:/elements/0/handle~0/emailAddress" },
    { "picture", "picture:/profilePicture/displayImage~0/elements/0/identifiers/0/identifier" },
    { NULL, NULL },
};

static const struct cardea_provider linkedin_legacy = {
    CARDEA_PROVIDER,
    .id = "linkedin_legacy",
    .name = "LinkedIn",
    .protocol = CARDEA_OAUTH2,
    .about =
        "For apps that still have the product r_liteprofile; new ones use the plugin linkedin.",
    .console_url = "https://www.linkedin.com/developers/apps",
    .color = "#0a66c2",
    .authorize_url = "https://www.linkedin.com/oauth/v2/authorization",
    .token_url = "https://www.linkedin.com/oauth/v2/accessToken",
    .userinfo_url = "https://api.linkedin.com/v2/me",
    .api_base = "https://api.linkedin.com/v2",
    .scopes = "r_liteprofile r_emailaddress",
    .pkce = CARDEA_NO,
    .callback_denied = "error=user_cancelled_login error=user_cancelled_authorize",
    .token_auth = CARDEA_AUTH_POST,
    .token_scope_separator = ",",
    .userinfo_error = "/serviceErrorCode",
    .userinfo_error_text = "/message",
    .lookups = lookups,
    .claims = claims,
    .email_trust = CARDEA_NEVER,
    .refresh = CARDEA_NO,
};

CARDEA_PLUGIN("1.0.0", &linkedin_legacy);
