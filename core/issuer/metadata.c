#include "issuer/metadata.h"

#include "base/json.h"
#include "base/url.h"
#include "crypto/digest.h"
#include "issuer/claims.h"
#include "issuer/keys.h"
#include "issuer/routes.h"
#include "protocol/errors.h"

static const struct {
    const char *member;
    const char *path;
} endpoints[] = {
    { "authorization_endpoint", "/oauth2/authorize" },  { "token_endpoint", "/oauth2/token" },
    { "userinfo_endpoint", "/oauth2/userinfo" },        { "jwks_uri", "/oauth2/jwks" },
    { "introspection_endpoint", "/oauth2/introspect" }, { "revocation_endpoint", "/oauth2/revoke" },
};

#define WORDS(...)                                                                                 \
    (const char *const[])                                                                          \
    {                                                                                              \
        __VA_ARGS__, NULL                                                                          \
    }

static const struct {
    const char *member;
    const char *const *words;
} lists[] = {
    { "response_types_supported", WORDS("code") },
    { "response_modes_supported", WORDS("query", "form_post") },
    { "grant_types_supported", WORDS("authorization_code", "refresh_token", "client_credentials") },
    { "subject_types_supported", WORDS("public") },
    { "token_endpoint_auth_methods_supported",
      WORDS("client_secret_basic", "client_secret_post", "none") },
    { "introspection_endpoint_auth_methods_supported",
      WORDS("client_secret_basic", "client_secret_post") },
    { "revocation_endpoint_auth_methods_supported",
      WORDS("client_secret_basic", "client_secret_post", "none") },
    { "code_challenge_methods_supported", WORDS("S256") },
    { "prompt_values_supported", WORDS("none", "login", "consent", "select_account") },
    { "claim_types_supported", WORDS("normal") },
    { "scopes_supported", scopes_supported },
    { "claims_supported", claims_supported },
};

static const struct {
    const char *member;
    bool value;
} flags[] = {
    { "authorization_response_iss_parameter_supported", true },
    { "claims_parameter_supported", false },
    { "request_parameter_supported", false },
    { "request_uri_parameter_supported", false },
};

static json_t *word_list(const char *const *words)
{
    json_t *list = json_array();

    for (; *words != NULL; words++)
        json_array_append_new(list, json_string(*words));
    return list;
}

struct slice metadata_document(struct hub *hub)
{
    const struct texts *algorithms = &hub->settings->signing.algorithms;
    struct buf text = BUF_INIT(64 * 1024);
    json_t *document = json_object();
    json_t *algs = json_array();

    json_set_slice(document, "issuer", hub->settings->issuer);
    for (size_t i = 0; i < sizeof(endpoints) / sizeof(endpoints[0]); i++)
        json_set_slice(document, endpoints[i].member,
                       url_below(&hub->arena, hub->settings->issuer, endpoints[i].path));
    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
        json_object_set_new(document, lists[i].member, word_list(lists[i].words));
    for (size_t i = 0; i < algorithms->count; i++)
        json_array_append_new(algs, json_from_slice(algorithms->at[i]));
    json_object_set_new(document, "id_token_signing_alg_values_supported", algs);
    for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
        json_object_set_new(document, flags[i].member, json_boolean(flags[i].value));
    buf_add_json_value(&text, document);
    json_decref(document);
    struct slice copy = arena_copy(&hub->arena, buf_slice(&text));

    buf_release(&text);
    return copy;
}

static enum step_result send_document(struct request *request, struct slice document,
                                      struct slice etag, struct slice age)
{
    request_add_header(request, "ETag", etag);
    request_add_header(request, "Cache-Control", age);
    if (slice_equal(request_header(request, "If-None-Match"), etag))
        return request_answer(request, 304, NULL, SL(""));
    return request_answer(request, 200, "application/json", document);
}

static enum step_result send_metadata(struct flow *flow)
{
    struct hub *hub = request_of(flow)->hub;

    if (!slice_is_set(hub->metadata)) {
        hub->metadata = metadata_document(hub);
        struct slice hash = sha256_text(&hub->arena, hub->metadata);

        hub->metadata_etag = arena_printf(&hub->arena, "\"%.22s\"", hash.at);
    }
    return send_document(request_of(flow), hub->metadata, hub->metadata_etag,
                         SL("public, max-age=3600"));
}

static enum step_result send_keys(struct flow *flow)
{
    struct signing *signing = request_of(flow)->hub->signing;

    if (!signing_is_ready(signing))
        return flow_fail(flow, &ERROR_STORE, "there are no keys yet");
    return send_document(request_of(flow), signing_document(signing), signing_etag(signing),
                         SL("public, max-age=300"));
}

static const struct step metadata_steps[] = { STEP(send_metadata), STEP_END };
static const struct step jwks_steps[] = { STEP(send_keys), STEP_END };

const struct flow_kind metadata_flow = { "metadata", metadata_steps, 0, request_fail_json };
const struct flow_kind jwks_flow = { "jwks", jwks_steps, 0, request_fail_json };
