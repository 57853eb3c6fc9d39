#include "upstream/token_request.h"

#include "base/clock.h"
#include "base/codec.h"
#include "base/log.h"
#include "plugin/template.h"
#include "protocol/errors.h"
#include "protocol/reply.h"
#include "upstream/call.h"
#include "upstream/client_auth.h"
#include "upstream/hooks.h"
#include "upstream/metadata.h"

enum {
    TOKEN_BYTES_MAX = 16 * 1024,
    LIFETIME_MAX = 10 * 365 * 24 * 3600 /* what claims to live longer does not say anything */
};

/* ---- building ---- */

static struct params *target_params(struct login *login)
{
    const struct description *d = &login->provider->description;

    return d->token_method == 1 || d->token_body == TOKEN_BODY_QUERY ? &login->request.query
                                                                     : &login->request.form;
}

static void add(struct login *login, const char *standard, struct slice value)
{
    if (slice_is_set(value))
        params_set(target_params(login), token_name(login, standard), value);
}

static void add_client_id(struct login *login)
{
    unsigned auth = login->provider->description.token_auth;

    if (auth != TOKEN_AUTH_BASIC && auth != TOKEN_AUTH_BASIC_RAW && auth != TOKEN_AUTH_BEARER)
        add(login, "client_id", login->provider->settings->client_id);
}

static void add_code(struct login *login)
{
    const struct description *d = &login->provider->description;

    add(login, "grant_type", SL("authorization_code"));
    add(login, "code", login->code);
    add(login, "redirect_uri", login->callback_url);
    if (d->pkce == WORD_YES)
        add(login, "code_verifier", login->attempt.verifier);
    for (size_t i = 0; i < d->callback_forward.count; i++) {
        struct arena arena = { 0 };

        params_set(target_params(login), d->callback_forward.at[i],
                   params_get(&login->callback, arena_string(&arena, d->callback_forward.at[i])));
        arena_release(&arena);
    }
}

static void add_refresh(struct login *login, struct arena *arena)
{
    const struct description *d = &login->provider->description;
    struct template_values values = login_values(login);
    bool extends = d->refresh_source == 1;

    add(login, "grant_type",
        slice_is_set(d->refresh_grant) ? d->refresh_grant : SL("refresh_token"));
    params_set(target_params(login),
               slice_is_set(d->refresh_token_param) ? d->refresh_token_param : SL("refresh_token"),
               extends ? login->tokens.access_token : login->tokens.refresh_token);
    for (size_t i = 0; i < d->refresh_params.count; i++)
        params_set(
            target_params(login), d->refresh_params.at[i].name,
            template_fill(arena, d->refresh_params.at[i].value, &values, ESCAPE_NOTHING, NULL));
}

static enum step_result build_token_request(struct flow *flow)
{
    struct login *login = login_of(flow);
    const struct description *d = &login->provider->description;
    struct template_values values = login_values(login);
    struct slice url = upstream_endpoints(login->provider).token;

    if (login->refreshing && slice_is_set(d->refresh_url))
        url = d->refresh_url;
    outgoing_begin(
        &login->request, &flow->arena, d->token_method == 1 ? "GET" : "POST",
        template_fill(&flow->arena, arena_copy(&flow->arena, url), &values, ESCAPE_ALL, NULL));
    outgoing_header(&login->request, SL("Accept"), SL("application/json"));
    if (login->refreshing)
        add_refresh(login, &flow->arena);
    else
        add_code(login);
    add_client_id(login);
    for (size_t i = 0; i < d->token_params.count; i++)
        params_set(target_params(login), d->token_params.at[i].name,
                   template_fill(&flow->arena, d->token_params.at[i].value, &values, ESCAPE_NOTHING,
                                 NULL));
    for (size_t i = 0; i < d->token_headers.count; i++)
        outgoing_header(&login->request, d->token_headers.at[i].name,
                        template_fill(&flow->arena, d->token_headers.at[i].value, &values,
                                      ESCAPE_NOTHING, NULL));
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
        client_auth_add(login, &flow->arena, target_params(login), login->request.url);

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

static const char *const token_names[] = { "access_token", "refresh_token", "id_token",
                                           "token_type",   "scope",         "expires_in" };

static struct slice token_member(struct arena *arena, const struct description *d,
                                 const json_t *root, const json_t *top, const char *name)
{
    for (size_t i = 0; i < d->token_fields.count; i++) {
        if (!slice_is(d->token_fields.at[i].name, name))
            continue;
        struct slice path = d->token_fields.at[i].value;
        struct slice inside = json_text(arena, json_at(root, path));

        return slice_is_set(inside) ? inside : json_text(arena, json_at(top, path));
    }
    const json_t *value = json_object_get(root, name);

    if (json_is_array(value) && strcmp(name, "scope") == 0) { /* as a list, with some */
        struct buf joined = BUF_INIT(4096);
        const json_t *each;
        size_t i;

        json_array_foreach(value, i, each)
        {
            if (i > 0)
                buf_add_byte(&joined, ' ');
            buf_add(&joined, json_slice(each));
        }
        struct slice text = arena_copy(arena, buf_slice(&joined));

        buf_release(&joined);
        return text;
    }
    return json_text(arena, value);
}

/* A lifetime as text, in whatever unit; 0 for one that says nothing. Floats and negative ones
 * happen. */
static int64_t read_expiry(unsigned kind, struct slice text)
{
    struct slice whole;
    struct slice fraction;
    uint64_t value;
    int64_t now = clock_now();

    slice_cut(text, '.', &whole, &fraction);
    if (kind == EXPIRY_NEVER || !slice_to_u64(whole, INT64_MAX / 2, &value) || value == 0)
        return 0;
    if (kind == EXPIRY_MILLISECONDS || kind == EXPIRY_UNIX_MS)
        value /= 1000;
    int64_t expires = kind == EXPIRY_UNIX || kind == EXPIRY_UNIX_MS ? (int64_t)value
                      : value > LIFETIME_MAX                        ? 0
                                                                    : now + (int64_t)value;

    return expires > now + LIFETIME_MAX ? 0 : expires;
}

static struct slice standard_scope(struct arena *arena, const struct description *d,
                                   struct slice scope)
{
    struct slice separator = slice_is_set(d->token_scope_separator) ? d->token_scope_separator
                             : slice_is_set(d->scope_separator)     ? d->scope_separator
                                                                    : SL(" ");
    char *text = arena_string(arena, scope);

    for (size_t i = 0; separator.len == 1 && i < scope.len; i++)
        text[i] = text[i] == separator.at[0] ? ' ' : text[i];
    return slice_make(text, scope.len);
}

/*
 * Bearer in any case, or missing with those who forget it. OpenID Connect allows nothing else
 * (Core, 3.1.3.3). Plain OAuth providers write what they like there ("User Access Token"), and
 * their description says how the token travels; but a token that needs a key is of no use to us.
 */
static bool type_is_usable(const struct description *d, struct slice type)
{
    static const char *const keyed[] = { "mac", "dpop", "pop", "n_a" };

    if (type.len == 0 || slice_is_nocase(type, "bearer"))
        return true;
    for (size_t i = 0; i < sizeof(keyed) / sizeof(keyed[0]); i++) {
        if (slice_is_nocase(type, keyed[i]))
            return false;
    }
    return d->protocol != PROTOCOL_OIDC;
}

/* VSCHAR (RFC 6749, A.12 and A.17). What is not could not be sent on, and nobody would notice that
 * it was not. */
static bool is_visible(struct slice token)
{
    for (size_t i = 0; i < token.len; i++) {
        if (token.at[i] < 0x20 || token.at[i] > 0x7e)
            return false;
    }
    return true;
}

static const char *take_tokens(struct arena *arena, struct login *login, const struct slice *values)
{
    const struct description *d = &login->provider->description;
    struct slice previous_refresh = login->tokens.refresh_token;
    struct tokens *tokens = &login->tokens;

    for (size_t i = 0; i < 3; i++) {
        if (values[i].len > TOKEN_BYTES_MAX)
            return "a token in the reply is too long";
        if (!is_visible(values[i]))
            return "a token in the reply has characters that no token may have";
    }
    if (values[0].len == 0)
        return "the reply has no access token";
    if (!type_is_usable(d, values[3]))
        return "the reply has a token of a type that cannot be used";
    *tokens = (struct tokens){ .access_token = values[0],
                               .refresh_token = values[1].len > 0 ? values[1] : previous_refresh,
                               .id_token = values[2],
                               .token_type = values[3],
                               .scope = standard_scope(arena, d, values[4]),
                               .expires = read_expiry(d->token_expiry, values[5]) };
    return NULL;
}

static enum step_result read_by_hook(struct flow *flow, struct login *login)
{
    const json_t *tokens = json_object_get(login->hook.output, "tokens");
    struct slice values[6];

    for (size_t i = 0; i < 6; i++)
        values[i] = arena_copy(&flow->arena, json_member(tokens, token_names[i]));
    login->token_reply = json_incref((json_t *)(uintptr_t)tokens);
    const char *wrong = take_tokens(&flow->arena, login, values);

    return wrong == NULL ? STEP_NEXT : flow_fail(flow, &ERROR_UPSTREAM, "read_token: %s", wrong);
}

static enum step_result fail_refused(struct flow *flow, struct login *login)
{
    login->error_code = arena_copy(&flow->arena, login->error_code);
    login->error_text = arena_copy(&flow->arena, login->error_text);
    return flow_fail(flow, &ERROR_UPSTREAM, "the token endpoint answered %d, %.*s: %.*s",
                     login->call.status, SLICE_ARG(login->error_code),
                     SLICE_ARG(login->error_text));
}

static enum step_result read_tokens(struct flow *flow)
{
    struct login *login = login_of(flow);
    const struct description *d = &login->provider->description;
    enum hook_outcome outcome = hook_result(flow, HOOK_read_token);
    struct slice values[6];
    const char *why;

    if (login->call.failure != HTTP_CALL_OK)
        return upstream_fail_call(flow);
    if (outcome == HOOK_FAILED)
        return STEP_FAIL;
    if (outcome == HOOK_DONE)
        return read_by_hook(flow, login);
    json_t *top =
        reply_read(&flow->arena, d->token_reply, login->call.content_type, login->call.reply, &why);

    login->token_reply = top;
    if (top == NULL && login->call.status >= 400)
        return flow_fail(flow, login->call.status >= 500 ? &ERROR_UPSTREAM_DOWN : &ERROR_UPSTREAM,
                         "the token endpoint answered %d", login->call.status);
    if (top == NULL)
        return flow_fail(flow, &ERROR_UPSTREAM, "token reply: %s", why);
    const json_t *root = reply_judge(
        &flow->arena, top, d->token_root,
        slice_is_set(d->token_error) ? d->token_error : SL("/error"), d->token_error_ok,
        slice_is_set(d->token_error_text) ? d->token_error_text : SL("/error_description"),
        &login->error_code, &login->error_text);

    if (root == NULL || login->call.status >= 300)
        return fail_refused(flow, login);
    for (size_t i = 0; i < 6; i++)
        values[i] = token_member(&flow->arena, d, root, top, token_names[i]);
    why = take_tokens(&flow->arena, login, values);
    return why == NULL ? STEP_NEXT : flow_fail(flow, &ERROR_UPSTREAM, "token reply: %s", why);
}

const struct step token_request[] = {
    STEP(build_token_request), STEP(ask_shape_token), /* waits, where there is such a hook */
    STEP(read_shape_token),    STEP(ask_for_tokens),  /* waits */
    STEP(ask_read_token),                             /* waits, where there is such a hook */
    STEP(read_tokens),         STEP_END,
};
