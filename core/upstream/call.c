#include "upstream/call.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/url.h"
#include "plugin/template.h"
#include "protocol/errors.h"
#include "protocol/id_token.h"
#include "protocol/reply.h"
#include "upstream/app_calls.h"
#include "upstream/hooks.h"
#include "upstream/metadata.h"
#include "upstream/oauth1.h"
#include "upstream/signature.h"

/* What the log may have of a URL: some providers want tokens in paths and queries. */
static struct slice where(const struct login *login)
{
    struct url url;

    if (url_read(login->request.url, &url) != NULL)
        return SL("an address that is none");
    return slice_make(url.whole.at, (size_t)(url.path.at - url.whole.at));
}

enum step_result upstream_call(struct flow *flow, bool json_body)
{
    struct login *login = login_of(flow);

    if (slice_is_set(login->traceparent))
        outgoing_header(&login->request, SL("traceparent"), login->traceparent);
    if (!outgoing_to_call(&login->request, &flow->arena, json_body, &login->call))
        return flow_fail(flow, &ERROR_UPSTREAM, "a request to %.*s would be too long",
                         SLICE_ARG(where(login)));
    login->call.url = provider_url(&flow->arena, login->provider, login->call.url);
    login->call.inner_allowed = provider_url_is_own(login->provider, login->call.url);
    login->call_began = clock_monotonic_us();
    http_call_start(login->hub->http, flow, &login->call);
    return STEP_WAIT;
}

void upstream_count_call(struct login *login)
{
    enum call_outcome outcome = login->call.failure == HTTP_CALL_TIMEOUT ? CALL_TIMED_OUT
                                : login->call.failure != HTTP_CALL_OK    ? CALL_FAILED
                                : login->call.status >= 500              ? CALL_FAILED
                                : login->call.status >= 400              ? CALL_REFUSED
                                                                         : CALL_ANSWERED;

    metrics_count(login->hub->metrics, METRIC_UPSTREAM_CALLS, login->provider->index, outcome);
    metrics_observe(login->hub->metrics, METRIC_UPSTREAM_TIME, login->provider->index,
                    clock_monotonic_us() - login->call_began);
}

enum step_result upstream_fail_call(struct flow *flow)
{
    const struct http_call *call = &login_of(flow)->call;

    return flow_fail(flow,
                     call->failure == HTTP_CALL_TOO_LONG || call->failure == HTTP_CALL_FORBIDDEN
                         ? &ERROR_UPSTREAM
                         : &ERROR_UPSTREAM_DOWN,
                     "%s", call->failure_text);
}

json_t *upstream_response_json(const struct http_call *call)
{
    json_t *headers = json_object();
    json_t *response = json_object();
    struct arena arena = { 0 };

    for (size_t i = 0; i < call->reply_header_count; i++)
        json_set_slice(headers, arena_string(&arena, call->reply_headers[i].name),
                       call->reply_headers[i].value);
    json_object_set_new(response, "status", json_integer(call->status));
    json_object_set_new(response, "headers", headers);
    json_set_slice(response, "body", call->reply);
    arena_release(&arena);
    return response;
}

void call_add_access_token(struct login *login, struct arena *arena)
{
    const struct description *d = &login->provider->description;
    struct slice token = login->tokens.access_token;
    struct slice name = d->api_token_name;

    if (d->api_token != API_TOKEN_HEADER) {
        name = slice_is_set(name) ? name : SL("access_token");
        params_set(d->api_token == API_TOKEN_BODY ? &login->request.form : &login->request.query,
                   name, token);
        return;
    }
    name = slice_is_set(name) ? name : SL("Authorization");
    struct slice scheme = slice_is_set(d->api_scheme) ? d->api_scheme : SL("Bearer");

    if (!slice_is(scheme, "none"))
        token = arena_printf(arena, "%.*s %.*s", SLICE_ARG(scheme), SLICE_ARG(token));
    outgoing_header(&login->request, name, token);
}

static bool has_secret(struct slice text)
{
    return slice_find_text(text, SL("{client_secret")) < text.len;
}

static void add_params(struct login *login, struct arena *arena, const struct pairs *params,
                       const struct template_values *values)
{
    bool in_form = login->provider->description.api_token == API_TOKEN_BODY &&
                   slice_is(login->request.method, "POST");

    for (size_t i = 0; params != NULL && i < params->count; i++)
        params_set(in_form ? &login->request.form : &login->request.query, params->at[i].name,
                   template_fill(arena, params->at[i].value, values, ESCAPE_NOTHING, NULL));
}

/* Those with the secret or those without. */
static void add_headers(struct login *login, struct arena *arena, const struct pairs *headers,
                        const struct template_values *values, bool secret)
{
    for (size_t i = 0; headers != NULL && i < headers->count; i++) {
        if (has_secret(headers->at[i].value) == secret)
            outgoing_header(
                &login->request, headers->at[i].name,
                template_fill(arena, headers->at[i].value, values, ESCAPE_NOTHING, NULL));
    }
}

static void add_body(struct login *login, struct arena *arena, const struct described_call *call,
                     const struct template_values *values)
{
    struct slice type = slice_is_set(call->body_type) ? call->body_type : SL("application/json");
    enum template_escape escape = slice_find_text(type, SL("json")) < type.len    ? ESCAPE_JSON
                                  : slice_find_text(type, SL("form-")) < type.len ? ESCAPE_FORM
                                                                                  : ESCAPE_NOTHING;

    if (!slice_is_set(call->body))
        return;
    login->request.body = template_fill(arena, call->body, values, escape, NULL);
    login->request.body_type = type;
}

static void begin(struct login *login, struct arena *arena, const struct described_call *call)
{
    struct template_values values = login_values(login);

    outgoing_begin(&login->request, arena, call->method,
                   template_fill(arena, arena_copy(arena, call->url), &values, ESCAPE_ALL, NULL));
    outgoing_header(&login->request, SL("Accept"), SL("application/json"));
    login->call_headers = call->headers;
}

void call_begin(struct login *login, struct arena *arena, const struct described_call *call)
{
    const struct description *d = &login->provider->description;
    struct template_values values = login_values(login);

    begin(login, arena, call);
    add_params(login, arena, &d->api_params, &values);
    add_headers(login, arena, &d->api_headers, &values, false);
    if (slice_is_set(login->tokens.access_token) && d->protocol != PROTOCOL_OAUTH1)
        call_add_access_token(login, arena);
    add_params(login, arena, call->params, &values);
    add_headers(login, arena, call->headers, &values, false);
    add_body(login, arena, call, &values);
}

void call_begin_as_app(struct login *login, struct arena *arena, const struct described_call *call)
{
    struct template_values values = login_secret_values(login);

    begin(login, arena, call);
    add_params(login, arena, call->params, &values);
    add_headers(login, arena, call->headers, &values, false);
    add_headers(login, arena, call->headers, &values, true);
    add_body(login, arena, call, &values);
}

static enum step_result ask_shape_api(struct flow *flow)
{
    return call_hook(flow, HOOK_shape_api,
                     json_pack("{s:o}", "request", outgoing_to_json(&login_of(flow)->request)));
}

/* The address is made by a hook, or stands in the description. */
static enum step_result fail_foreign(struct flow *flow, enum hook_outcome shaped)
{
    struct login *login = login_of(flow);

    if (shaped == HOOK_DONE || login->fetching)
        return fail_misbehaving(flow, shaped == HOOK_DONE ? HOOK_shape_api : HOOK_fetch_more,
                                "wants a call to %.*s, which is none of its hosts",
                                SLICE_ARG(where(login)));
    return flow_fail(flow, &ERROR_UPSTREAM,
                     "the description wants a call to %.*s, which is none of its hosts",
                     SLICE_ARG(where(login)));
}

static enum step_result ask_for_answer(struct flow *flow)
{
    struct login *login = login_of(flow);
    enum hook_outcome outcome = hook_result(flow, HOOK_shape_api);

    if (outcome == HOOK_FAILED)
        return STEP_FAIL;
    if (outcome == HOOK_DONE && !outgoing_from_json(&login->request, &flow->arena,
                                                    json_object_get(login->hook.output, "request")))
        return fail_misbehaving(flow, HOOK_shape_api, "made no request");
    struct slice userinfo = upstream_endpoints(login->provider).userinfo;

    /* A discovered userinfo endpoint is not in the description. */
    if (!slice_equal(login->request.url, userinfo) &&
        !description_allows_url(&login->provider->description, login->request.url))
        return fail_foreign(flow, outcome);
    struct template_values values = login_secret_values(login);

    add_headers(login, &flow->arena, &login->provider->description.api_headers, &values, true);
    add_headers(login, &flow->arena, login->call_headers, &values, true);
    const char *wrong = login->provider->description.protocol == PROTOCOL_OAUTH1
                            ? oauth1_authorize(login, &flow->arena, NULL, slice_none())
                            : NULL;

    if (wrong != NULL)
        return flow_fail(flow, &ERROR_SERVER_ERROR, "%s", wrong);
    return upstream_call(flow, false);
}

static enum step_result ask_as_app(struct flow *flow)
{
    struct login *login = login_of(flow);

    if (!description_allows_url(&login->provider->description, login->request.url))
        return fail_foreign(flow, HOOK_NOT_CALLED);
    return upstream_call(flow, false);
}

static bool is_good(const struct http_call *call)
{
    return call->failure == HTTP_CALL_OK && call->status >= 200 && call->status <= 299;
}

/* Absent when the answer is none that is to be verified. */
static struct slice signed_reply(const struct login *login)
{
    return login->expected.type == REPLY_JWT && is_good(&login->call)
               ? slice_trim(login->call.reply)
               : slice_none();
}

static enum step_result ask_for_reply_keys(struct flow *flow)
{
    return signature_ask_for_keys(flow, signed_reply(login_of(flow)));
}

static enum step_result read_reply_keys(struct flow *flow)
{
    return signature_read_keys(flow, signed_reply(login_of(flow)));
}

static enum step_result look_for_reply_key(struct flow *flow)
{
    return signature_look_for_key(flow, signed_reply(login_of(flow)));
}

/* By the same issuer for the same client as the ID token; keep_userinfo() compares the person. */
static json_t *read_signed_reply(struct flow *flow, const char **why_r)
{
    struct login *login = login_of(flow);
    struct slice issuer = login->id_claims != NULL ? json_member(login->id_claims, "iss")
                                                   : login->provider->description.issuer;
    struct id_token_expectations expected = { .issuer = issuer,
                                              .client_id = login->provider->settings->client_id,
                                              .now = clock_now(),
                                              .skew = ID_TOKEN_SKEW_S };
    struct jws jws;
    json_t *claims = signature_claims(flow, signed_reply(login), &jws, why_r);

    if (claims != NULL)
        *why_r = userinfo_token_check(claims, &expected);
    /* With OAuth 1.0a it answers this very request. */
    if (claims != NULL && *why_r == NULL && slice_is_set(login->oauth_nonce) &&
        !slice_equal(json_member(claims, "nonce"), login->oauth_nonce))
        *why_r = "nonce is not that of the request";
    if (claims != NULL && *why_r != NULL) {
        json_decref(claims);
        claims = NULL;
    }
    return claims;
}

static json_t *read_reply(struct flow *flow, const char **why_r)
{
    struct login *login = login_of(flow);

    if (slice_is_set(signed_reply(login)))
        return read_signed_reply(flow, why_r);
    return reply_read(&flow->arena,
                      login->expected.type == REPLY_JWT ? REPLY_AUTO : login->expected.type,
                      login->call.content_type, login->call.reply, why_r);
}

/* A token of the application's may have been taken back early: the next login asks for another. */
static enum step_result fail_answer(struct flow *flow, const char *why)
{
    struct login *login = login_of(flow);

    app_answers_forget(login->provider);
    if (!is_good(&login->call))
        return flow_fail(flow, login->call.status >= 500 ? &ERROR_UPSTREAM_DOWN : &ERROR_UPSTREAM,
                         "%.*s answered %d", SLICE_ARG(where(login)), login->call.status);
    return flow_fail(flow, &ERROR_UPSTREAM, "%.*s answered %s%.*s %.*s", SLICE_ARG(where(login)),
                     why != NULL ? why : "", SLICE_ARG(login->error_code),
                     SLICE_ARG(login->error_text));
}

static enum step_result read_answer(struct flow *flow)
{
    struct login *login = login_of(flow);
    struct slice code = slice_none();
    struct slice text = slice_none();
    const char *why = NULL;

    upstream_count_call(login);
    if (login->call.failure != HTTP_CALL_OK)
        return upstream_fail_call(flow);
    json_t *top = read_reply(flow, &why);
    json_t *value = top != NULL ? reply_judge(&flow->arena, top, login->expected.root,
                                              login->expected.error, login->expected.error_ok,
                                              login->expected.error_text, &code, &text)
                                : NULL;

    login->error_code = arena_copy(&flow->arena, code);
    login->error_text = arena_copy(&flow->arena, text);
    json_decref(login->answer);
    login->answer = value != NULL ? json_incref(value) : NULL;
    json_decref(top);
    if (is_good(&login->call) && login->answer != NULL)
        return STEP_NEXT;
    if (!login->expected.optional || login->call.status >= 500)
        return fail_answer(flow, why);
    json_decref(login->answer);
    login->answer = NULL;
    return STEP_NEXT;
}

const struct step api_call[] = {
    STEP(ask_shape_api),      /* waits, where there is such a hook */
    STEP(ask_for_answer),     /* waits */
    STEP(ask_for_reply_keys), /* waits when the answer is signed and its keys are not known */
    STEP(read_reply_keys),    STEP(look_for_reply_key), /* the same */
    STEP(read_answer),        STEP_END,
};

const struct step app_call[] = {
    STEP(ask_as_app), /* waits */
    STEP(read_answer),
    STEP_END,
};
