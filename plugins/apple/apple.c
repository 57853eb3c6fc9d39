/*
 * Sign in with Apple.
 *
 * The client secret is a short-lived JWT signed with the team's key. Apple insists on form_post
 * once a name or an address is asked for. There is no userinfo: all is in the ID token but the
 * name, which comes with the browser on the very first consent and never again, is not signed, and
 * so is good for a name and nothing else. email_verified is a boolean or the word "true". An
 * address may be a relay (@privaterelay.appleid.com) that the person can close.
 */
#include <cardea/provider.h>

static const struct cardea_parameter parameters[] = {
    { "team_id", "Id of the developer team, ten letters and digits.", NULL, NULL, "word" },
    { "key_id", "Id of the Sign in with Apple key, as the console shows it.", NULL, NULL, "word" },
    { NULL, NULL, NULL, NULL, NULL },
};

static const struct cardea_pair claims[] = {
    { "name", "={callback:/user/name/firstName} {callback:/user/name/lastName}" },
    { "given_name", "callback:/user/name/firstName" },
    { "family_name", "callback:/user/name/lastName" },
    { "email_verified", "id_token:/email_verified > bool" },
    { NULL, NULL },
};

static const struct cardea_provider apple = {
    CARDEA_PROVIDER,
    .id = "apple",
    .name = "Apple",
    .protocol = CARDEA_OIDC,
    .about = "The client id is that of a Services ID; the key `client` is the .p8 file of the "
             "team's key.",
    .console_url = "https://developer.apple.com/account/resources/identifiers/list/serviceId",
    .color = "#000000",
    .parameters = parameters,
    .issuer = "https://appleid.apple.com",
    .scopes = "name email",
    .response_mode = "form_post",
    .callback_denied = "error=user_cancelled_authorize error=user_cancelled_login",
    .token_auth = CARDEA_AUTH_ES256_SECRET,
    .claims = claims,
    .email_trust = CARDEA_CLAIM,
    .refresh = CARDEA_YES,
};

CARDEA_PLUGIN("1.0.0", &apple);
