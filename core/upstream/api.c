#include "upstream/api.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/url.h"
#include "plugin/template.h"
#include "protocol/errors.h"
#include "protocol/reply.h"
#include "upstream/hooks.h"
#include "upstream/metadata.h"

enum {
    ROUNDS_MAX = 4 /* of fetch_more */
};

/* ---- one call ---- */

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

/* The access token where this provider wants it. */
static void add_access_token(struct login *login, struct arena *arena)
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

static void add_pairs(struct login *login, struct arena *arena, const struct pairs *params,
                      const struct pairs *headers)
{
    struct template_values values = login_values(login);

    for (size_t i = 0; i < params->count; i++)
        params_set(&login->request.query, params->at[i].name,
                   template_fill(arena, params->at[i].value, &values, ESCAPE_NOTHING, NULL));
    for (size_t i = 0; i < headers->count; i++)
        outgoing_header(&login->request, headers->at[i].name,
                        template_fill(arena, headers->at[i].value, &values, ESCAPE_NOTHING, NULL));
}

static void begin_api_call(struct login *login, struct arena *arena, const char *method,
                           struct slice url)
{
    const struct description *d = &login->provider->description;
    struct template_values values = login_values(login);

    outgoing_begin(&login->request, arena, method,
                   template_fill(arena, arena_copy(arena, url), &values, ESCAPE_ALL, NULL));
    outgoing_header(&login->request, SL("Accept"), SL("application/json"));
    add_pairs(login, arena, &d->api_params, &d->api_headers);
    add_access_token(login, arena);
}

static enum step_result ask_shape_api(struct flow *flow)
{
    return call_hook(flow, HOOK_shape_api,
                     json_pack("{s:o}", "request", outgoing_to_json(&login_of(flow)->request)));
}

/* Who has made the address of the call. */
static const char *maker_of_call(const struct login *login, enum hook_outcome shaped)
{
    return shaped == HOOK_DONE ? "shape_api" : login->fetching ? "fetch_more" : "the description";
}

static enum step_result ask_for_answer(struct flow *flow)
{
    struct login *login = login_of(flow);
    enum hook_outcome outcome = hook_result(flow, HOOK_shape_api);

    if (outcome == HOOK_FAILED)
        return STEP_FAIL;
    if (outcome == HOOK_DONE && !outgoing_from_json(&login->request, &flow->arena,
                                                    json_object_get(login->hook.output, "request")))
        return flow_fail(flow, &ERROR_PLUGIN, "plugin misbehaving: shape_api made no request");
    struct slice userinfo = upstream_endpoints(login->provider).userinfo;

    /* A discovered userinfo endpoint is not in the description. */
    if (!slice_equal(login->request.url, userinfo) &&
        !description_allows_url(&login->provider->description, login->request.url))
        return flow_fail(flow, &ERROR_PLUGIN,
                         "plugin misbehaving: %s wants a call to %.*s, which is none of its hosts",
                         maker_of_call(login, outcome), SLICE_ARG(where(login)));
    return upstream_call(flow, false);
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
    json_t *top = reply_read(&flow->arena, login->expected.type, login->call.content_type,
                             login->call.reply, &why);
    json_t *value = top != NULL ? reply_judge(&flow->arena, top, login->expected.root,
                                              login->expected.error, login->expected.error_ok,
                                              login->expected.error_text, &code, &text)
                                : NULL;

    login->error_code = arena_copy(&flow->arena, code);
    login->error_text = arena_copy(&flow->arena, text);
    json_decref(login->answer);
    login->answer = value != NULL ? json_incref(value) : NULL;
    json_decref(top);
    if (login->call.status < 200 || login->call.status > 299)
        return flow_fail(flow, login->call.status >= 500 ? &ERROR_UPSTREAM_DOWN : &ERROR_UPSTREAM,
                         "%.*s answered %d", SLICE_ARG(where(login)), login->call.status);
    if (login->answer == NULL)
        return flow_fail(flow, &ERROR_UPSTREAM, "%.*s answered %s%.*s %.*s",
                         SLICE_ARG(where(login)), why != NULL ? why : "",
                         SLICE_ARG(login->error_code), SLICE_ARG(login->error_text));
    return STEP_NEXT;
}

static const struct step api_call[] = {
    STEP(ask_shape_api),  /* waits, where there is such a hook */
    STEP(ask_for_answer), /* waits */
    STEP(read_answer),
    STEP_END,
};

/* ---- which calls ---- */

static const struct description_lookup *lookup_at(const struct login *login, size_t number)
{
    const struct many *lookups = &login->provider->description.lookups;

    return number < lookups->count ? &((const struct description_lookup *)lookups->at)[number]
                                   : NULL;
}

static bool is_needed(struct login *login, struct arena *arena,
                      const struct description_lookup *lookup)
{
    struct template_values values = login_values(login);

    if (!slice_is_set(lookup->unless))
        return true;
    json_t *there = claim_path_follow(arena, lookup->unless, &values);

    json_decref(there);
    return there == NULL;
}

static void begin_lookup(struct login *login, struct arena *arena,
                         const struct description_lookup *lookup)
{
    struct template_values values = login_values(login);

    begin_api_call(login, arena, lookup->method == 1 ? "POST" : "GET", lookup->url);
    add_pairs(login, arena, &lookup->params, &lookup->headers);
    if (slice_is_set(lookup->body)) {
        login->request.body = template_fill(arena, lookup->body, &values, ESCAPE_NOTHING, NULL);
        login->request.body_type =
            slice_is_set(lookup->body_type) ? lookup->body_type : SL("application/json");
    }
    login->expected.type = lookup->reply;
    login->expected.root = lookup->root;
    login->expected.error = lookup->error;
    login->expected.error_ok = lookup->error_ok;
    login->expected.error_text = slice_none();
}

static void keep_lookup(struct login *login, struct arena *arena)
{
    const struct description_lookup *lookup = lookup_at(login, login->lookup - 1);

    if (login->answer == NULL || lookup == NULL)
        return;
    json_object_set_new(login->lookups, arena_string(arena, lookup->named.id), login->answer);
    login->answer = NULL;
}

/* The lookups of one side of the userinfo call, one after the other. */
static enum step_result make_lookups(struct flow *flow, bool first)
{
    struct login *login = login_of(flow);
    const struct description_lookup *lookup;

    keep_lookup(login, &flow->arena);
    while ((lookup = lookup_at(login, login->lookup)) != NULL) {
        login->lookup++;
        if (lookup->first != first || !is_needed(login, &flow->arena, lookup))
            continue;
        begin_lookup(login, &flow->arena, lookup);
        return flow_enter_again(flow, api_call);
    }
    login->lookup = 0;
    return STEP_NEXT;
}

static enum step_result look_up_first(struct flow *flow)
{
    return make_lookups(flow, true);
}

static enum step_result ask_for_userinfo(struct flow *flow)
{
    struct login *login = login_of(flow);
    const struct description *d = &login->provider->description;
    struct template_values values = login_values(login);
    struct slice url = upstream_endpoints(login->provider).userinfo;

    if (!slice_is_set(url))
        return STEP_NEXT;
    begin_api_call(login, &flow->arena, d->userinfo_method == 1 ? "POST" : "GET", url);
    add_pairs(login, &flow->arena, &d->userinfo_params, &d->userinfo_headers);
    if (slice_is_set(d->userinfo_body)) {
        login->request.body =
            template_fill(&flow->arena, d->userinfo_body, &values, ESCAPE_NOTHING, NULL);
        login->request.body_type =
            slice_is_set(d->userinfo_body_type) ? d->userinfo_body_type : SL("application/json");
    }
    login->expected.type = d->userinfo_reply;
    login->expected.root = d->userinfo_root;
    login->expected.error = d->userinfo_error;
    login->expected.error_ok = d->userinfo_error_ok;
    login->expected.error_text = d->userinfo_error_text;
    return flow_enter(flow, api_call);
}

/* OpenID Connect Core, 5.3.2: the userinfo reply must speak of the same person as the ID token. */
static enum step_result keep_userinfo(struct flow *flow)
{
    struct login *login = login_of(flow);

    if (login->answer == NULL)
        return STEP_NEXT;
    login->userinfo = login->answer;
    login->answer = NULL;
    json_array_append(login->answers, login->userinfo);
    if (login->id_claims == NULL)
        return STEP_NEXT;
    if (!slice_equal(json_member(login->userinfo, "sub"), json_member(login->id_claims, "sub")))
        return flow_fail(flow, &ERROR_UPSTREAM,
                         "userinfo speaks of another person than the ID token");
    return STEP_NEXT;
}

static enum step_result look_up_more(struct flow *flow)
{
    return make_lookups(flow, false);
}

/* Gives the hook what came so far; it may fill in one more request. */
static enum step_result ask_fetch_more(struct flow *flow)
{
    struct login *login = login_of(flow);

    if (json_array_size(login->answers) == 0)
        json_array_append_new(login->answers, json_null());
    return call_hook(
        flow, HOOK_fetch_more,
        json_pack("{s:i, s:O}", "round", (int)login->round, "answers", login->answers));
}

static enum step_result make_fetched_call(struct flow *flow)
{
    struct login *login = login_of(flow);
    struct outgoing wanted = { 0 };

    if (login->fetching && login->answer != NULL) { /* the call was made: back to the hook */
        json_array_append_new(login->answers, login->answer);
        login->answer = NULL;
        login->fetching = false;
        return STEP_NEXT;
    }
    switch (hook_result(flow, HOOK_fetch_more)) {
    case HOOK_FAILED:
        return STEP_FAIL;
    case HOOK_FETCH:
        break;
    default:
        login->fetched_all = true;
        return STEP_NEXT;
    }
    if (login->round >= ROUNDS_MAX)
        return flow_fail(flow, &ERROR_PLUGIN, "plugin misbehaving: fetch_more has no end");
    wanted.query = params_new(&flow->arena);
    wanted.form = params_new(&flow->arena);
    if (!outgoing_from_json(&wanted, &flow->arena, json_object_get(login->hook.output, "request")))
        return flow_fail(flow, &ERROR_PLUGIN, "plugin misbehaving: fetch_more made no request");
    begin_api_call(login, &flow->arena, "GET", wanted.url);
    login->request.method = wanted.method;
    login->request.body = wanted.body;
    login->request.body_type = wanted.body_type;
    for (size_t i = 0; i < wanted.query.count; i++)
        params_set(&login->request.query, wanted.query.at[i].name, wanted.query.at[i].value);
    for (size_t i = 0; i < wanted.header_count; i++)
        outgoing_header(&login->request, wanted.headers[i].name, wanted.headers[i].value);
    login->expected.type = REPLY_AUTO;
    login->expected.root = login->expected.error = slice_none();
    login->fetching = true;
    return flow_enter_again(flow, api_call);
}

static const struct step fetch_round[] = {
    STEP(ask_fetch_more),    /* waits */
    STEP(make_fetched_call), /* a table, then once more */
    STEP_END,
};

static enum step_result fetch_more(struct flow *flow)
{
    struct login *login = login_of(flow);

    if (!description_has_hook(&login->provider->description, HOOK_fetch_more) || login->fetched_all)
        return STEP_NEXT;
    /* The first of the answers is the userinfo reply, or null where there is none. */
    login->round =
        json_array_size(login->answers) > 0 ? (unsigned)json_array_size(login->answers) - 1 : 0;
    return flow_enter_again(flow, fetch_round);
}

const struct step profile_calls[] = {
    STEP(look_up_first),    /* a table, once for each */
    STEP(ask_for_userinfo), /* a table */
    STEP(keep_userinfo),
    STEP(look_up_more), /* a table, once for each */
    STEP(fetch_more),   /* a table, at most four times */
    STEP_END,
};
