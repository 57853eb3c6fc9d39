/* Hands back what no hook may hand back: one provider for each. */
#include "../misbehaving.h"

#include <string.h>

static int32_t map_result(const struct cardea_host *host, cardea_call *call,
                          const cardea_json *answers, cardea_profile *profile)
{
    MISBEHAVING_UNUSED;
    return 42;
}

/* CARDEA_FETCH is for fetch_more alone. */
static int32_t map_fetch(const struct cardea_host *host, cardea_call *call,
                         const cardea_json *answers, cardea_profile *profile)
{
    MISBEHAVING_UNUSED;
    return CARDEA_FETCH;
}

static int32_t map_latin1(const struct cardea_host *host, cardea_call *call,
                          const cardea_json *answers, cardea_profile *profile)
{
    (void)answers;
    host->profile_set(call, profile, "name", (cardea_str){ "J\xfcrgen", 6 });
    return CARDEA_OK;
}

static int32_t map_huge(const struct cardea_host *host, cardea_call *call,
                        const cardea_json *answers, cardea_profile *profile)
{
    char *name = host->alloc(call, 1024 * 1024);

    (void)answers;
    if (name == NULL)
        return CARDEA_FAIL;
    memset(name, 'x', 1024 * 1024);
    host->profile_set(call, profile, "a", (cardea_str){ name, 1024 * 1024 });
    host->profile_set(call, profile, "b", (cardea_str){ name, 1024 * 1024 });
    host->profile_set(call, profile, "c", (cardea_str){ name, 1024 * 1024 });
    host->profile_set(call, profile, "d", (cardea_str){ name, 1024 * 1024 });
    return CARDEA_OK;
}

/* Within a frame, and yet more than a profile may be. */
static int32_t map_long(const struct cardea_host *host, cardea_call *call,
                        const cardea_json *answers, cardea_profile *profile)
{
    char *name = host->alloc(call, 1024 * 1024);

    (void)answers;
    if (name == NULL)
        return CARDEA_FAIL;
    memset(name, 'x', 1024 * 1024);
    return host->profile_set(call, profile, "name", (cardea_str){ name, 1024 * 1024 });
}

static int32_t map_nobody(const struct cardea_host *host, cardea_call *call,
                          const cardea_json *answers, cardea_profile *profile)
{
    (void)answers;
    return host->profile_set(call, profile, "sub", (cardea_str){ NULL, 0 });
}

static int32_t map_memory(const struct cardea_host *host, cardea_call *call,
                          const cardea_json *answers, cardea_profile *profile)
{
    static const char much[4096] = "x";

    (void)answers, (void)profile;
    host->remember(call, "much", (cardea_str){ much, sizeof(much) });
    return CARDEA_OK;
}

static int32_t map_key(const struct cardea_host *host, cardea_call *call,
                       const cardea_json *answers, cardea_profile *profile)
{
    const struct cardea_digest_1 *digest = host->extension("cardea.digest/1");

    (void)answers, (void)profile;
    digest->hmac_hex(call, "sha256", "somebody else's", (cardea_str){ "x", 1 });
    return CARDEA_OK;
}

static int32_t to_foreign_host(const struct cardea_host *host, cardea_call *call,
                               cardea_request *request)
{
    return host->request_get(call, request, "https://foreign.invalid/take/it");
}

static int32_t to_script(const struct cardea_host *host, cardea_call *call, cardea_request *request)
{
    return host->request_get(call, request, "javascript:alert(1)");
}

/* Within the limits of a note, and yet more than fits into a cookie. */
static int32_t take_long_note(const struct cardea_host *host, cardea_call *call,
                              cardea_request *request)
{
    char *note = host->alloc(call, 2048);

    (void)request;
    memset(note, 'n', 2048);
    return host->remember(call, "note", (cardea_str){ note, 2048 });
}

static int32_t with_bad_header(const struct cardea_host *host, cardea_call *call,
                               cardea_request *request)
{
    return host->request_set_header(call, request, "X-Split", (cardea_str){ "a\r\nHost: b", 10 });
}

static int32_t fetch_foreign(const struct cardea_host *host, cardea_call *call, uint32_t round,
                             const cardea_json *answers, cardea_request *request)
{
    (void)round, (void)answers;
    host->request_get(call, request, "https://foreign.invalid/take/it");
    return CARDEA_FETCH;
}

static int32_t fetch_nothing(const struct cardea_host *host, cardea_call *call, uint32_t round,
                             const cardea_json *answers, cardea_request *request)
{
    (void)host, (void)call, (void)round, (void)answers, (void)request;
    return CARDEA_FETCH;
}

/* Wants one more answer for ever. */
static int32_t fetch_endlessly(const struct cardea_host *host, cardea_call *call, uint32_t round,
                               const cardea_json *answers, cardea_request *request)
{
    cardea_str url = host->config(call, "more");

    (void)round, (void)answers;
    host->request_get(call, request, host->printf(call, "%.*s", (int)url.len, url.at).at);
    return CARDEA_FETCH;
}

static int32_t read_no_token(const struct cardea_host *host, cardea_call *call,
                             const cardea_response *response, cardea_tokens *tokens)
{
    (void)host, (void)call, (void)response, (void)tokens;
    return CARDEA_OK;
}

#define LIES(what, hook_name, function)                                                            \
    static const struct cardea_hooks what##_hooks = { CARDEA_HOOKS, .hook_name = function };       \
    static const struct cardea_provider lies_##what =                                              \
        MISBEHAVING_PROVIDER(lies_##what, &what##_hooks);

LIES(result, map_profile, map_result)
LIES(fetch, map_profile, map_fetch)
LIES(latin1, map_profile, map_latin1)
LIES(huge, map_profile, map_huge)
LIES(long, map_profile, map_long)
LIES(nobody, map_profile, map_nobody)
LIES(memory, map_profile, map_memory)
LIES(key, map_profile, map_key)
LIES(authorize_host, shape_authorize, to_foreign_host)
LIES(authorize_script, shape_authorize, to_script)
LIES(notes, shape_authorize, take_long_note)
LIES(token_host, shape_token, to_foreign_host)
LIES(api_host, shape_api, to_foreign_host)
LIES(api_header, shape_api, with_bad_header)
LIES(fetch_host, fetch_more, fetch_foreign)
LIES(fetch_nothing, fetch_more, fetch_nothing)
LIES(no_token, read_token, read_no_token)

static const struct cardea_parameter endless_parameters[] = {
    { "more", "The address that is asked again and again.", NULL, NULL, "text" },
    { NULL, NULL, NULL, NULL, NULL },
};
static const struct cardea_hooks endless_hooks = { CARDEA_HOOKS, .fetch_more = fetch_endlessly };
static const struct cardea_provider lies_endless = {
    CARDEA_PROVIDER,
    .id = "lies_endless",
    .name = "Misbehaving lies_endless",
    .protocol = CARDEA_OAUTH2,
    .parameters = endless_parameters,
    .authorize_url = "https://provider.invalid/authorize",
    .token_url = "https://provider.invalid/token",
    .userinfo_url = "https://provider.invalid/userinfo",
    .claims = misbehaving_claims,
    .hooks = &endless_hooks,
};

CARDEA_PLUGIN("0.0.1", &lies_result, &lies_fetch, &lies_latin1, &lies_huge, &lies_long,
              &lies_nobody, &lies_memory, &lies_key, &lies_authorize_host, &lies_authorize_script,
              &lies_notes, &lies_token_host, &lies_api_host, &lies_api_header, &lies_fetch_host,
              &lies_fetch_nothing, &lies_no_token, &lies_endless);
