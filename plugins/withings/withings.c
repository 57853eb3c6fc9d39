/*
 * Withings.
 *
 * One endpoint for many things, told apart by `action`, in a refresh too. Every answer has status
 * 200 and is wrapped: `status` is 0 when it went well, and the words of an error are in `error`,
 * which elsewhere holds a code. No call tells who the person is; the token reply has the id, as a
 * number or as text, and there is neither a name nor an e-mail address. The older endpoints
 * (OAuth 1.0a, account.withings.com/oauth2/token) are gone.
 */
#include <cardea/provider.h>

static const struct cardea_pair token_params[] = {
    { "action", "requesttoken" },
    { NULL, NULL },
};

static const struct cardea_pair claims[] = {
    { "sub", "token:/body/userid" },
    { NULL, NULL },
};

static const struct cardea_provider withings = {
    CARDEA_PROVIDER,
    .id = "withings",
    .name = "Withings",
    .protocol = CARDEA_OAUTH2,
    .about = "Withings tells no name and no e-mail address.",
    .console_url = "https://developer.withings.com/dashboard/",
    .authorize_url = "https://account.withings.com/oauth2_user/authorize2",
    .token_url = "https://wbsapi.withings.net/v2/oauth2",
    .api_base = "https://wbsapi.withings.net",
    .scopes = "user.info",
    .scope_separator = ",",
    .token_auth = CARDEA_AUTH_POST,
    .token_params = token_params,
    .token_root = "/body",
    .token_error = "/status",
    .token_error_ok = "0",
    .token_error_text = "/error",
    .claims = claims,
    .refresh = CARDEA_YES,
    .refresh_rotates = CARDEA_YES,
};

CARDEA_PLUGIN("1.0.0", &withings);
