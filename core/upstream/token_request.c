#include "upstream/token_request.h"

#include "base/clock.h"
#include "plugin/template.h"
#include "protocol/errors.h"
#include "protocol/reply.h"
#include "upstream/app_calls.h"
#include "upstream/call.h"
#include "upstream/client_auth.h"
#include "upstream/hooks.h"
#include "upstream/metadata.h"
#include "upstream/oauth1.h"
#include "upstream/token_reply.h"

/* ---- building ---- */

static bool goes_by_get(const struct login *login)
{
    const struct description *d = &login->provider->description;

    return login->refreshing && d->refresh_method != REFRESH_AS_TOKEN
               ? d->refresh_method == REFRESH_GET
               : d->token_method == 1;
}

static struct params *target_params(struct login *login)
{
    return goes_by_get(login) || login->provider->description.token_body == TOKEN_BODY_QUERY
               ? &login->request.query
               : &login->request.form;
}

static void add(struct login *login, const char *standard, struct slice value)
{
    if (slice_is_set(value) && !token_omits(login, standard))
        params_set(target_params(login), token_name(login, standard), value);
}

static void add_pairs(struct login *login, struct arena *arena, const struct pairs *params)
{
    struct template_values values = login_values(login);

    for (size_t i = 0; i < params->count; i++)
        params_set(target_params(login), params->at[i].name,
                   template_fill(arena, params->at[i].value, &values, ESCAPE_NOTHING, NULL));
}

/* What came with the browser; at a refresh what was kept of it. */
static void forward_callback(struct login *login, struct arena *arena)
{
    const struct texts *names = &login->provider->description.callback_forward;

    for (size_t i = 0; i < names->count; i++)
        params_set(target_params(login), names->at[i],
                   params_get(&login->callback, arena_string(arena, names->at[i])));
}

static void add_code(struct login *login)
{
    add(login, "grant_type", SL("authorization_code"));
    add(login, "code", login->code);
    add(login, "redirect_uri", login->callback_url);
    if (login->provider->description.pkce == WORD_YES)
        add(login, "code_verifier", login->attempt.verifier);
}

static void add_refresh(struct login *login, struct arena *arena)
{
    const struct description *d = &login->provider->description;
    struct slice token =
        d->refresh_source == 1 ? login->tokens.access_token : login->tokens.refresh_token;

    add(login, "grant_type",
        slice_is_set(d->refresh_grant) ? d->refresh_grant : SL("refresh_token"));
    if (slice_is_set(d->refresh_token_param))
        params_set(target_params(login), d->refresh_token_param, token);
    else
        add(login, "refresh_token", token);
    add_pairs(login, arena, &d->refresh_params);
}

/* One that an answer has a say in leads only to hosts that the description names. */
static bool url_is_allowed(const struct login *login, struct slice described)
{
    return slice_equal(described, login->request.url) ||
           description_allows_url(&login->provider->description, login->request.url);
}

static enum step_result build_token_request(struct flow *flow)
{
    struct login *login = login_of(flow);
    struct arena *arena = &flow->arena;
    const struct description *d = &login->provider->description;
    struct template_values values = login_values(login);
    struct slice url = login->refreshing && slice_is_set(d->refresh_url)
                           ? d->refresh_url
                           : arena_copy(arena, upstream_endpoints(login->provider).token);

    outgoing_begin(&login->request, arena, goes_by_get(login) ? "GET" : "POST",
                   template_fill(arena, url, &values, ESCAPE_ALL, NULL));
    if (!url_is_allowed(login, url))
        return flow_fail(flow, &ERROR_UPSTREAM,
                         "the token request would go to a host that the description does not name");
    outgoing_header(&login->request, SL("Accept"), SL("application/json"));
    if (login->refreshing)
        add_refresh(login, arena);
    else if (d->protocol != PROTOCOL_OAUTH1)
        add_code(login);
    forward_callback(login, arena);
    /* By OAuth 1.0a all of that is in the Authorization header. */
    if (d->protocol != PROTOCOL_OAUTH1 && client_auth_names_client(login->provider))
        add(login, "client_id", login->provider->settings->client_id);
    add_pairs(login, arena, &d->token_params);
    for (size_t i = 0; i < d->token_headers.count; i++)
        outgoing_header(
            &login->request, d->token_headers.at[i].name,
            template_fill(arena, d->token_headers.at[i].value, &values, ESCAPE_NOTHING, NULL));
    return STEP_NEXT;
}

static enum step_result ask_shape_token(struct flow *flow)
{
    return call_hook(flow, HOOK_shape_token,
                     json_pack("{s:o}", "request", outgoing_to_json(&login_of(flow)->request)));
}

static enum step_result read_shape_token(struct flow *flow)
{
    struct login *login = login_of(flow);
    enum hook_outcome outcome = hook_result(flow, HOOK_shape_token);
    struct slice before = login->request.url;

    if (outcome == HOOK_FAILED)
        return STEP_FAIL;
    if (outcome == HOOK_NOT_CALLED)
        return STEP_NEXT;
    if (!outgoing_from_json(&login->request, &flow->arena,
                            json_object_get(login->hook.output, "request")) ||
        (!slice_equal(before, login->request.url) &&
         !description_allows_url(&login->provider->description, login->request.url)))
        return flow_fail(flow, &ERROR_PLUGIN,
                         "plugin misbehaving: shape_token made no request, or one to another host");
    return STEP_NEXT;
}

static enum step_result ask_for_tokens(struct flow *flow)
{
    struct login *login = login_of(flow);
    const char *wrong =
        login->provider->description.protocol == PROTOCOL_OAUTH1
            ? oauth1_authorize(login, &flow->arena, "oauth_verifier", login->code)
            : client_auth_add(login, &flow->arena, target_params(login), login->request.url);

    if (wrong != NULL)
        return flow_fail(flow, &ERROR_SERVER_ERROR, "%s", wrong);
    return upstream_call(flow, login->provider->description.token_body == TOKEN_BODY_JSON);
}

/* ---- reading ---- */

static enum step_result ask_read_token(struct flow *flow)
{
    struct login *login = login_of(flow);

    upstream_count_call(login);
    if (login->call.failure != HTTP_CALL_OK)
        return STEP_NEXT; /* judged below */
    return call_hook(flow, HOOK_read_token,
                     json_pack("{s:o}", "response", upstream_response_json(&login->call)));
}

static enum step_result read_tokens(struct flow *flow)
{
    struct login *login = login_of(flow);
    enum hook_outcome outcome = hook_result(flow, HOOK_read_token);
    json_t *top;

    if (login->call.failure != HTTP_CALL_OK)
        return upstream_fail_call(flow);
    if (outcome == HOOK_FAILED)
        return STEP_FAIL;
    if (outcome == HOOK_DONE)
        return token_reply_of_hook(flow, json_object_get(login->hook.output, "tokens"));
    if (token_reply_read(flow, "token endpoint", &top) != STEP_NEXT)
        return STEP_FAIL;
    enum step_result result = token_reply_use(flow, top, login->call.status);

    if (result == STEP_NEXT && login->tokens.of_app)
        app_answer_keep(login->provider, APP_TOKEN, top, login->tokens.expires - clock_now());
    return result;
}

const struct step token_request[] = {
    STEP(build_token_request), STEP(ask_shape_token), /* waits, where there is such a hook */
    STEP(read_shape_token),    STEP(ask_for_tokens),  /* waits */
    STEP(ask_read_token),                             /* waits, where there is such a hook */
    STEP(read_tokens),         STEP_END,
};
