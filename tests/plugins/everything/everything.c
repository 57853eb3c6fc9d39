/*
 * A provider that uses everything there is for a plugin to use: each hook that is called, and each
 * function of the host. The cases beside it say what must come of it.
 */
#include <cardea/provider.h>

#include <string.h>

static const struct cardea_parameter parameters[] = {
    { "host", "The host of the provider.", "everything.example", NULL, "host" },
    { "tenant", "Which part of it.", "main", "main spare", "word" },
    { NULL, NULL, NULL, NULL, NULL },
};

static const struct cardea_pair claims[] = {
    { "sub", "/id" },
    { "nickname", "/nick" },
    { "website", "/web" },
    { NULL, NULL },
};

/* host->printf() wants C strings, a cardea_str is none. */
#define TEXT(str) (int)(str).len, (str).at

enum {
    LONG_NOTE = 1400
};

static cardea_str text(const char *literal)
{
    return (cardea_str){ literal, strlen(literal) };
}

static int is(cardea_str str, const char *wanted)
{
    return str.len == strlen(wanted) && (str.len == 0 || memcmp(str.at, wanted, str.len) == 0);
}

static int32_t broken(const struct cardea_host *host, cardea_call *call, const char *what)
{
    return host->fail(call, "server_error", what);
}

static int32_t check_host(const struct cardea_host *host, cardea_call *call)
{
    if (host->struct_size < sizeof(struct cardea_host) || host->abi >> 8 != CARDEA_ABI_MAJOR)
        return broken(host, call, "this is another host");
    if (host->extension("cardea.nothing/1") != NULL || host->extension("cardea.digest/1") == NULL ||
        host->extension("cardea.sign/1") == NULL)
        return broken(host, call, "the extensions are not those there are");
    if (!is(host->config(call, "client_id"), "app") ||
        host->config(call, "client_secret").at != NULL || host->config(call, "nothing").at != NULL)
        return broken(host, call, "the configuration is not what a plugin may see");
    return CARDEA_OK;
}

static int32_t shape_authorize(const struct cardea_host *host, cardea_call *call,
                               cardea_request *request)
{
    cardea_str tenant = host->config(call, "tenant");
    char *long_note = host->alloc(call, LONG_NOTE);

    if (check_host(host, call) != CARDEA_OK || long_note == NULL)
        return CARDEA_FAIL;
    if (host->request_param(request, "state").len == 0 ||
        host->request_param(request, "none").at != NULL)
        return broken(host, call, "the authorization request is not as it should be");
    memset(long_note, 'n', LONG_NOTE);
    host->remember(call, "long", (cardea_str){ long_note, LONG_NOTE });
    host->remember(call, "note", text("written before the login"));
    host->remember(call, "gone", text("taken back"));
    host->remember(call, "gone", (cardea_str){ NULL, 0 });
    host->request_set_param(call, request, "tenant", host->printf(call, "<%.*s>", TEXT(tenant)));
    host->request_set_param(call, request, "scope", (cardea_str){ NULL, 0 });
    host->log(call, CARDEA_LOG_DEBUG, "a debug line of everything");
    host->log(call, CARDEA_LOG_INFO, "an info line of everything");
    host->log(call, CARDEA_LOG_WARN, "a warning of everything");
    return CARDEA_OK;
}

static int32_t shape_token(const struct cardea_host *host, cardea_call *call,
                           cardea_request *request)
{
    if (host->request_param(request, "client_secret").at != NULL)
        return broken(host, call, "the client's secret was shown");
    if (!is(host->recall(call, "note"), "written before the login") ||
        host->recall(call, "long").len != LONG_NOTE || host->recall(call, "gone").at != NULL)
        return broken(host, call, "the memory of the login is not what was remembered");
    host->request_set_header(call, request, "X-Everything", text("yes"));
    host->request_set_header(call, request, "Accept", (cardea_str){ NULL, 0 });
    host->request_set_param(
        call, request, "was",
        host->printf(call, "%.*s", TEXT(host->request_param(request, "grant_type"))));
    return CARDEA_OK;
}

static int32_t read_token(const struct cardea_host *host, cardea_call *call,
                          const cardea_response *response, cardea_tokens *tokens)
{
    cardea_str body = host->response_body(response);
    const cardea_json *json = host->json_parse(call, body);
    cardea_str error = host->json_str(call, json, "/error");

    if (error.len > 0)
        return host->fail(call, host->printf(call, "%.*s", TEXT(error)).at,
                          "in everything's own words");
    if (host->response_status(response) != 200 ||
        !is(host->response_header(response, "x-kind"), "everything") || json == NULL ||
        host->json_parse(call, text("{no json")) != NULL)
        return broken(host, call, "the token reply is not as it was sent");
    host->tokens_set(call, tokens, "access_token", host->json_str(call, json, "/token/value"));
    host->tokens_set(call, tokens, "token_type", text("bearer"));
    host->tokens_set(
        call, tokens, "expires_in",
        host->printf(call, "%lld", (long long)host->json_num(json, "/token/hours", 0) * 3600));
    if (!is(host->tokens_get(tokens, "token_type"), "bearer") ||
        host->tokens_get(tokens, "scope").at != NULL)
        return broken(host, call, "the tokens are not what was set");
    return CARDEA_OK;
}

static int32_t shape_api(const struct cardea_host *host, cardea_call *call, cardea_request *request)
{
    const struct cardea_digest_1 *digest = host->extension("cardea.digest/1");
    const struct cardea_sign_1 *sign = host->extension("cardea.sign/1");
    cardea_str url = host->request_url(request);
    cardea_str names = text("");
    cardea_str name;

    host->request_set_header(call, request, "X-Hash",
                             digest->hash_hex(call, "sha256", text("abc")));
    host->request_set_header(call, request, "X-Hmac",
                             digest->hmac_hex(call, "sha256", "client_secret", text("abc")));
    host->request_set_header(call, request, "X-Own",
                             digest->hmac_hex(call, "md5", "own", text("abc")));
    host->request_set_header(call, request, "X-Signature",
                             sign->sign_base64(call, "rsa-sha256", "rsa", text("abc")));
    host->request_set_header(
        call, request, "X-Keyed",
        sign->hash_with_key_hex(call, "md5", text("<"), "client_secret", text(">")));
    host->request_set_header(
        call, request, "X-Jwt",
        host->jwt_sign(call, "ec", "{\"kid\":\"k1\"}", text("{\"exp\":9999999999}")));
    for (size_t i = 0; host->request_each(request, i, &name).at != NULL; i++)
        names = host->printf(call, "%.*s%.*s ", TEXT(names), TEXT(name));
    host->request_set_header(call, request, "X-Names", names);
    return host->request_set_header(call, request, "X-Url", url);
}

/* One further request by GET, and one by POST with a body of its own. */
static int32_t fetch_more(const struct cardea_host *host, cardea_call *call, uint32_t round,
                          const cardea_json *answers, cardea_request *request)
{
    cardea_str at = host->config(call, "host");

    if (round == 0) {
        host->request_get(call, request, host->printf(call, "https://%.*s/groups", TEXT(at)).at);
        host->request_set_header(call, request, "X-Round", text("0"));
        host->request_set_param(call, request, "of", host->json_str(call, answers, "/0/id"));
        return CARDEA_FETCH;
    }
    if (round == 1) {
        host->request_post(call, request, host->printf(call, "https://%.*s/query", TEXT(at)).at);
        host->request_set_body(call, request, "application/json", text("{\"ask\":\"who\"}"));
        return CARDEA_FETCH;
    }
    return CARDEA_OK;
}

static int32_t count(const struct cardea_host *host, const cardea_json *json)
{
    int32_t number = 0;

    while (host->json_each(json, (size_t)number, NULL) != NULL)
        number++;
    return number;
}

static int32_t map_profile(const struct cardea_host *host, cardea_call *call,
                           const cardea_json *answers, cardea_profile *profile)
{
    const cardea_json *query = host->json_at(answers, "/2");
    cardea_str name = { NULL, 0 };
    char *room = host->alloc(call, 256 * 1024);

    if (room == NULL || room[0] != '\0' || room[256 * 1024 - 1] != '\0')
        return broken(host, call, "memory is not cleared");
    if (count(host, host->json_at(answers, "/1")) != 2 || count(host, query) < 3 ||
        count(host, host->json_at(query, "/nothing")) != 0)
        return broken(host, call, "lists and maps are not counted right");
    if (host->json_each(query, 1, &name) == NULL || name.len == 0)
        return broken(host, call, "a member has no name");
    if (host->json_num(query, "/number", 7) != -5 || host->json_num(query, "/text", 7) != 7 ||
        !is(host->json_str(call, query, "/number"), "-5") ||
        host->json_str(call, query, "/no").at != NULL)
        return broken(host, call, "values are not read right");
    if (!is(host->profile_get(call, profile, "nickname"), "Evi"))
        return broken(host, call, "the claim map was not followed before");
    host->profile_set(call, profile, "name", host->json_str(call, query, "/text"));
    host->profile_set(call, profile, "email", text("evi@everything.example"));
    host->profile_set(call, profile, "email_verified", text("true"));
    host->profile_set(call, profile, "website", (cardea_str){ NULL, 0 });
    host->profile_set_json(call, profile, "groups", host->json_at(answers, "/1"));
    return CARDEA_OK;
}

static const struct cardea_hooks hooks = {
    CARDEA_HOOKS,
    .shape_authorize = shape_authorize,
    .shape_token = shape_token,
    .read_token = read_token,
    .fetch_more = fetch_more,
    .map_profile = map_profile,
    .shape_api = shape_api,
};

static const struct cardea_provider everything = {
    CARDEA_PROVIDER,
    .id = "everything",
    .name = "Everything",
    .protocol = CARDEA_OAUTH2,
    .parameters = parameters,
    .authorize_url = "https://{host}/authorize",
    .token_url = "https://{host}/token",
    .userinfo_url = "https://{host}/userinfo",
    .scopes = "all",
    .token_auth = CARDEA_AUTH_POST,
    .claims = claims,
    .email_trust = CARDEA_CLAIM,
    .refresh = CARDEA_NO,
    .hooks = &hooks,
};

CARDEA_PLUGIN("1.0.0", &everything);
