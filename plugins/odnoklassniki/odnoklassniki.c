/*
 * OK.ru (Odnoklassniki).
 *
 * Every API call is signed with MD5 over its parameters and the client secret, which is no HMAC:
 * the hook asks Cardea for it and never sees the secret. The application's public key goes along.
 * Errors come with status 200 and a number. Scopes are separated by semicolons; the token's type is
 * "session", its lifetime a text. Nobody says whether an address is verified. Some clients still
 * have the odnoklassniki.ru hosts.
 */
#include <cardea/provider.h>

static const struct cardea_parameter parameters[] = {
    { "public_key",
      "The application's public key, as OK.ru sent it along with the id and the secret key.", NULL,
      NULL, "word" },
    { NULL, NULL, NULL, NULL, NULL },
};

static const struct cardea_pair api_params[] = {
    { "application_key", "{public_key}" },
    { "format", "json" },
    { NULL, NULL },
};

static const struct cardea_pair userinfo_params[] = {
    { "method", "users.getCurrentUser" },
    { NULL, NULL },
};

static const struct cardea_pair claims[] = {
    { "sub", "/uid" },
    { "name", "/name > html_decode" },
    { "given_name", "/first_name > html_decode" },
    { "family_name", "/last_name > html_decode" },
    { "email", "/email" },
    { "picture", "/pic1024x768 | /pic640x480 | /pic_3 | /pic_2" },
    { "profile", "=https://ok.ru/profile/{/uid}" },
    { "gender", "/gender" },
    { "birthdate", "/birthday > date(YYYY-MM-DD)" }, /* some leave the year out */
    { "locale", "/locale" },
    { NULL, NULL },
};

/*
 * MD5(name=value..., sorted by name, without the token, and then MD5(token and secret)). The
 * parameters are those of the profile call.
 */
static int32_t shape_api(const struct cardea_host *host, cardea_call *call, cardea_request *request)
{
    const struct cardea_digest_1 *digest = host->extension("cardea.digest/1");
    const struct cardea_sign_1 *sign = host->extension("cardea.sign/1");
    cardea_str key = host->request_param(request, "application_key");
    cardea_str format = host->request_param(request, "format");
    cardea_str method = host->request_param(request, "method");
    cardea_str token = host->request_param(request, "access_token");
    const cardea_str nothing = { "", 0 };

    if (digest == NULL || sign == NULL)
        return host->fail(call, "server_error", "this Cardea has no cardea.sign/1");
    cardea_str secret = sign->hash_with_key_hex(call, "md5", token, "client_secret", nothing);
    cardea_str text = host->printf(call, "application_key=%.*sformat=%.*smethod=%.*s%.*s",
                                   (int)key.len, key.at, (int)format.len, format.at,
                                   (int)method.len, method.at, (int)secret.len, secret.at);

    return host->request_set_param(call, request, "sig", digest->hash_hex(call, "md5", text));
}

static const struct cardea_hooks hooks = {
    CARDEA_HOOKS,
    .shape_api = shape_api,
};

static const struct cardea_provider odnoklassniki = {
    CARDEA_PROVIDER,
    .id = "odnoklassniki",
    .name = "OK.ru",
    .protocol = CARDEA_OAUTH2,
    .about = "The scopes VALUABLE_ACCESS and GET_EMAIL are granted by OK.ru's support on request.",
    .console_url = "https://ok.ru/vitrine/myuploaded",
    .color = "#ee8208",
    .parameters = parameters,
    .authorize_url = "https://connect.ok.ru/oauth/authorize",
    .token_url = "https://api.ok.ru/oauth/token.do",
    .userinfo_url = "https://api.ok.ru/fb.do",
    .scopes = "VALUABLE_ACCESS GET_EMAIL",
    .scope_separator = ";",
    .token_auth = CARDEA_AUTH_POST,
    .api_token = CARDEA_QUERY,
    .api_params = api_params,
    .userinfo_params = userinfo_params,
    .userinfo_error = "/error_code",
    .userinfo_error_text = "/error_msg",
    .claims = claims,
    .email_trust = CARDEA_NEVER,
    .refresh = CARDEA_YES,
    .hooks = &hooks,
};

CARDEA_PLUGIN("1.0.0", &odnoklassniki);
