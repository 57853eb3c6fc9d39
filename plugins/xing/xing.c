/*
 * XING.
 *
 * The profile is the only element of a list inside an envelope. `active_email` is the address that
 * is used for messages; nothing says that it was confirmed. The API is closed to new applications;
 * keys that exist go on working.
 */
#include <cardea/provider.h>

static const struct cardea_pair claims[] = {
    { "sub", "/id" },
    { "name", "/display_name" },
    { "given_name", "/first_name" },
    { "family_name", "/last_name" },
    { "preferred_username", "/page_name" },
    { "email", "/active_email" },
    { "picture", "/photo_urls/large" },
    { "profile", "/permalink" },
    { NULL, NULL },
};

static const struct cardea_provider xing = {
    CARDEA_PROVIDER,
    .id = "xing",
    .name = "XING",
    .protocol = CARDEA_OAUTH1,
    .about = "Takes no new applications; for those that have their keys already.",
    .console_url = "https://dev.xing.com/applications",
    .color = "#006567",
    .request_token_url = "https://api.xing.com/v1/request_token",
    .authorize_url = "https://api.xing.com/v1/authorize",
    .token_url = "https://api.xing.com/v1/access_token",
    .userinfo_url = "https://api.xing.com/v1/users/me.json",
    .api_base = "https://api.xing.com/v1",
    .callback_denied = "denied -oauth_verifier",
    .token_error = "/oauth_problem | /error_name",
    .token_error_text = "/oauth_problem_advice | /message",
    .userinfo_root = "/users/0",
    .userinfo_error = "/error_name",
    .userinfo_error_text = "/message",
    .claims = claims,
    .email_trust = CARDEA_NEVER,
    .refresh = CARDEA_NO,
};

CARDEA_PLUGIN("1.0.0", &xing);
