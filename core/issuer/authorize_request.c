#include "issuer/authorize.h"

#include "base/codec.h"
#include "crypto/jws.h"
#include "issuer/client.h"
#include "issuer/keys.h"
#include "protocol/errors.h"
#include "protocol/pkce.h"
#include "protocol/redirect.h"
#include "protocol/scope.h"

enum {
    NONCE_MAX = 512,
    MAX_AGE_MOST = 10 * 365 * 24 * 3600
};

static struct slice param(const struct authorize *authorize, const char *name)
{
    return params_get(&authorize->params, name);
}

static bool fail(struct flow *flow, const struct error_kind *kind, const char *telling,
                 const char *why)
{
    if (telling != NULL)
        flow_fail_telling(flow, kind, telling, "%s", why);
    else
        flow_fail(flow, kind, "%s", why);
    return false;
}

/* ---- what must not be redirected ---- */

static bool uri_is_registered(const struct client_settings *client, struct slice uri)
{
    for (size_t i = 0; i < client->redirect_uris.count; i++) {
        if (redirect_uri_matches(client->redirect_uris.at[i], uri))
            return true;
    }
    return false;
}

bool authorize_check_client(struct flow *flow, struct authorize *authorize)
{
    const struct settings *settings = request_of(flow)->hub->settings;
    struct slice uri = params_get_raw(&authorize->params, "redirect_uri");

    if (params_count(&authorize->params, "client_id") != 1 ||
        params_count(&authorize->params, "redirect_uri") > 1)
        return fail(flow, &ERROR_INVALID_REQUEST, NULL,
                    "client_id or redirect_uri is missing or doubled");
    authorize->client = settings_client(settings, param(authorize, "client_id"));
    if (authorize->client == NULL)
        return fail(flow, &ERROR_UNKNOWN_CLIENT, NULL, "there is no such client");
    flow->log_client = authorize->client->named.id;
    authorize->redirect_given = slice_is_set(uri);
    if (!slice_is_set(uri)) {
        /* RFC 6749, 3.1.2.3; OpenID Connect always wants it in the request. */
        if (authorize->client->redirect_uris.count != 1 ||
            slice_has_word(param(authorize, "scope"), SL("openid")))
            return fail(flow, &ERROR_BAD_REDIRECT_URI, NULL, "redirect_uri is missing");
        uri = authorize->client->redirect_uris.at[0];
    }
    if (!uri_is_registered(authorize->client, uri)) {
        flow_fail(flow, &ERROR_BAD_REDIRECT_URI, "redirect_uri %.*s is not registered",
                  SLICE_ARG(uri));
        return false;
    }
    authorize->redirect_uri = uri;
    return true;
}

/* ---- the rest ---- */

/* First of all, because it says how every other error travels. */
static bool check_mode(struct flow *flow, struct authorize *authorize)
{
    struct slice mode = param(authorize, "response_mode");
    struct slice state = param(authorize, "state");

    authorize->state = utf8_is_text(state) ? state : slice_none();
    if (slice_is(mode, "form_post"))
        authorize->answer_mode = ANSWER_FORM_POST;
    else if (slice_is_set(mode) && !slice_is(mode, "query"))
        return fail(flow, &ERROR_INVALID_REQUEST, "This response_mode is not supported.",
                    "response_mode");
    /* RFC 6749, A.5; and no page could carry anything else back unchanged. */
    if (slice_is_set(state) && !slice_is_set(authorize->state))
        return fail(flow, &ERROR_INVALID_REQUEST, "state is no text.", "state is no text");
    return true;
}

static bool check_doubles(struct flow *flow, struct authorize *authorize)
{
    struct slice doubled = params_doubled(&authorize->params);

    if (!slice_is_set(doubled))
        return true;
    flow_fail_telling(flow, &ERROR_INVALID_REQUEST, "A parameter stands there twice.",
                      "parameter %.*s stands there twice", SLICE_ARG(doubled));
    return false;
}

static bool check_unsupported(struct flow *flow, struct authorize *authorize)
{
    if (slice_is_set(param(authorize, "request")))
        return fail(flow, &ERROR_REQUEST_NOT_SUPPORTED, NULL, "request object");
    if (slice_is_set(param(authorize, "request_uri")))
        return fail(flow, &ERROR_REQUEST_URI_NOT_SUPPORTED, NULL, "request_uri");
    if (slice_is_set(param(authorize, "registration")))
        return fail(flow, &ERROR_REGISTRATION_NOT_SUPPORTED, NULL, "registration");
    return true;
}

static bool check_response_type(struct flow *flow, struct authorize *authorize)
{
    struct slice type = param(authorize, "response_type");

    if (!slice_is_set(type))
        return fail(flow, &ERROR_INVALID_REQUEST, "response_type is missing.",
                    "response_type is missing");
    if (!slice_is(type, "code"))
        return fail(flow, &ERROR_UNSUPPORTED_RESPONSE_TYPE, NULL, "response_type is not code");
    if (!client_may(authorize->client, "authorization_code"))
        return fail(flow, &ERROR_UNAUTHORIZED_CLIENT, NULL,
                    "the client has no authorization_code grant");
    return true;
}

static bool check_scope(struct flow *flow, struct authorize *authorize)
{
    struct slice allowed = client_scope(&flow->arena, authorize->client);
    struct slice scope = param(authorize, "scope");
    const char *wrong = scope_check(scope);

    if (wrong != NULL)
        return fail(flow, &ERROR_INVALID_SCOPE, NULL, wrong);
    if (!slice_is_set(scope))
        scope = allowed;
    if (!scope_within(scope, allowed))
        return fail(flow, &ERROR_INVALID_SCOPE, NULL, "the scope is more than the client may have");
    authorize->scope = scope_normalise(&flow->arena, scope);
    if (authorize->scope.len == 0)
        return fail(flow, &ERROR_INVALID_SCOPE, NULL, "the scope is empty");
    if (!resources_read(&flow->arena, &authorize->params,
                        client_audience(&flow->arena, authorize->client), &authorize->audience))
        return fail(flow, &ERROR_INVALID_TARGET, NULL, "resource");
    return true;
}

static bool check_pkce(struct flow *flow, struct authorize *authorize)
{
    struct slice challenge = param(authorize, "code_challenge");
    struct slice method = param(authorize, "code_challenge_method");
    bool is_public = authorize->client->token_endpoint_auth_method == CLIENT_AUTH_NONE;

    if (!slice_is_set(challenge)) {
        if (slice_is_set(method) || is_public || authorize->client->require_pkce)
            return fail(flow, &ERROR_INVALID_REQUEST,
                        "PKCE is required: code_challenge with the method S256.",
                        "no code_challenge");
        return true;
    }
    if (!slice_is(method, "S256"))
        return fail(flow, &ERROR_INVALID_REQUEST, "code_challenge_method must be S256.",
                    "code_challenge_method");
    if (!pkce_challenge_is_valid(challenge))
        return fail(flow, &ERROR_INVALID_REQUEST, "code_challenge is malformed.", "code_challenge");
    authorize->code_challenge = challenge;
    return true;
}

static const struct {
    const char *word;
    enum prompt prompt;
} prompts[] = {
    { "none", PROMPT_NONE },
    { "login", PROMPT_LOGIN },
    { "consent", PROMPT_CONSENT },
    { "select_account", PROMPT_SELECT_ACCOUNT },
};

static bool check_prompt(struct flow *flow, struct authorize *authorize)
{
    struct slice rest = param(authorize, "prompt");
    struct slice word;

    while (slice_next_word(&rest, &word)) {
        unsigned found = 0;

        for (size_t i = 0; i < sizeof(prompts) / sizeof(prompts[0]); i++) {
            if (slice_is(word, prompts[i].word))
                found = prompts[i].prompt;
        }
        if (found == 0)
            return fail(flow, &ERROR_INVALID_REQUEST, "This prompt is not supported.", "prompt");
        authorize->prompt |= found;
    }
    if ((authorize->prompt & PROMPT_NONE) != 0 && authorize->prompt != PROMPT_NONE)
        return fail(flow, &ERROR_INVALID_REQUEST, "prompt=none stands alone.",
                    "prompt=none with others");
    return true;
}

static bool check_max_age(struct flow *flow, struct authorize *authorize)
{
    struct slice text = param(authorize, "max_age");
    uint64_t seconds = 0;

    authorize->max_age = -1;
    if (!slice_is_set(text))
        return true;
    if (!slice_to_u64(text, MAX_AGE_MOST, &seconds))
        return fail(flow, &ERROR_INVALID_REQUEST, "max_age is no number of seconds.", "max_age");
    authorize->max_age = (int64_t)seconds;
    return true;
}

static bool names_audience(const json_t *claims, struct slice client_id)
{
    return slice_equal(json_member(claims, "aud"), client_id);
}

/* An ID token of ours, for this client; expired ones are fine (OpenID Connect Core, 3.1.2.1). */
static bool check_hint(struct flow *flow, struct authorize *authorize)
{
    struct request *request = request_of(flow);
    struct slice hint = param(authorize, "id_token_hint");
    const jws_algs pinned = 1U << ALG_ES256 | 1U << ALG_RS256 | 1U << ALG_EDDSA | 1U << ALG_PS256;
    struct jws jws;
    const char *why;

    if (!slice_is_set(hint))
        return true;
    if (jws_read(&flow->arena, hint, &jws) != NULL || slice_is_set(jws.typ) ||
        jws_verify(&jws, signing_keys(request->hub->signing), pinned) != JWS_GOOD)
        return fail(flow, &ERROR_INVALID_REQUEST, "id_token_hint is not valid.", "id_token_hint");
    json_t *claims = json_read_object(&flow->arena, jws.payload, JWS_MAX, &why);
    bool good = slice_equal(json_member(claims, "iss"), request->hub->settings->issuer) &&
                names_audience(claims, authorize->client->named.id);

    authorize->hint_sub = arena_copy(&flow->arena, json_member(claims, "sub"));
    json_decref(claims);
    return good ? true
                : fail(flow, &ERROR_INVALID_REQUEST, "id_token_hint is not valid.",
                       "id_token_hint is for another client");
}

static bool check_nonce(struct flow *flow, struct authorize *authorize)
{
    authorize->nonce = param(authorize, "nonce");
    if (authorize->nonce.len > NONCE_MAX || !utf8_is_valid(authorize->nonce))
        return fail(flow, &ERROR_INVALID_REQUEST, "nonce is too long or no text.", "nonce");
    return true;
}

bool authorize_check_request(struct flow *flow, struct authorize *authorize)
{
    return check_mode(flow, authorize) && check_doubles(flow, authorize) &&
           check_unsupported(flow, authorize) && check_response_type(flow, authorize) &&
           check_scope(flow, authorize) && check_pkce(flow, authorize) &&
           check_prompt(flow, authorize) && check_max_age(flow, authorize) &&
           check_nonce(flow, authorize) && check_hint(flow, authorize);
}
