/*
 * Facebook.
 *
 * Every call to the Graph API carries an HMAC of the access token under the app secret
 * (appsecret_proof), so that a stolen token is of no use elsewhere; the hook asks Cardea for it and
 * never sees the secret. There are no refresh tokens: the access token itself is exchanged for one
 * that lives longer. The `verified` member of a profile is about the account, so an e-mail address
 * never counts as verified.
 */
#include <cardea/provider.h>

static const struct cardea_parameter parameters[] = {
    { "version", "Version of the Graph API; they expire after two years.", "v22.0", NULL, "word" },
    { NULL, NULL, NULL, NULL, NULL },
};

static const struct cardea_pair userinfo_params[] = {
    { "fields", "id,name,first_name,last_name,email,picture" },
    { NULL, NULL },
};

static const struct cardea_pair claims[] = {
    { "sub", "/id" },
    { "name", "/name" },
    { "given_name", "/first_name" },
    { "family_name", "/last_name" },
    { "email", "/email" },
    { "picture", "/picture/data/url" },
    { NULL, NULL },
};

static int32_t shape_api(const struct cardea_host *host, cardea_call *call, cardea_request *request)
{
    const struct cardea_digest_1 *digest = host->extension("cardea.digest/1");
    cardea_str token = host->request_param(request, "access_token");

    if (digest == NULL)
        return host->fail(call, "server_error", "this Cardea has no cardea.digest/1");
    return host->request_set_param(call, request, "appsecret_proof",
                                   digest->hmac_hex(call, "sha256", "client_secret", token));
}

static const struct cardea_hooks hooks = {
    CARDEA_HOOKS,
    .shape_api = shape_api,
};

static const struct cardea_provider facebook = {
    CARDEA_PROVIDER,
    .id = "facebook",
    .name = "Facebook",
    .protocol = CARDEA_OAUTH2,
    .console_url = "https://developers.facebook.com/apps",
    .color = "#0866ff",
    .parameters = parameters,
    .authorize_url = "https://www.facebook.com/{version}/dialog/oauth",
    .token_url = "https://graph.facebook.com/{version}/oauth/access_token",
    .userinfo_url = "https://graph.facebook.com/{version}/me",
    .api_base = "https://graph.facebook.com/{version}",
    .scopes = "email public_profile",
    .scope_separator = ",",
    .token_auth = CARDEA_AUTH_POST,
    .token_method = CARDEA_GET,
    .token_error = "/error",
    .token_error_text = "/error/message",
    .api_token = CARDEA_QUERY,
    .userinfo_params = userinfo_params,
    .userinfo_error = "/error",
    .userinfo_error_text = "/error/message",
    .claims = claims,
    .email_trust = CARDEA_NEVER,
    .refresh = CARDEA_YES,
    .refresh_grant = "fb_exchange_token",
    .refresh_token_param = "fb_exchange_token",
    .refresh_source = "access_token",
    .hooks = &hooks,
};

CARDEA_PLUGIN("1.0.0", &facebook);
