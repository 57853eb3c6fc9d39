#include "upstream/login.h"

#include "base/codec.h"
#include "base/random.h"
#include "protocol/errors.h"
#include "protocol/pkce.h"
#include "upstream/hooks.h"
#include "upstream/metadata.h"
#include "upstream/oauth1.h"

enum {
    MEMORY_MAX = 1536 /* as JSON; it has to fit into a cookie, sealed */
};

/* A standard name as this provider spells it. */
static struct slice renamed(const struct pairs *names, const char *standard)
{
    for (size_t i = 0; i < names->count; i++) {
        if (slice_is(names->at[i].name, standard))
            return names->at[i].value;
    }
    return slice_of(standard);
}

static bool is_omitted(const struct description *d, const char *standard)
{
    for (size_t i = 0; i < d->authorize_omit.count; i++) {
        if (slice_is(d->authorize_omit.at[i], standard))
            return true;
    }
    return false;
}

static void add(struct login *login, const char *standard, struct slice value)
{
    const struct description *d = &login->provider->description;

    if (slice_is_set(value) && !is_omitted(d, standard))
        params_set(&login->request.query, renamed(&d->authorize_rename, standard), value);
}

static struct slice join_scopes(struct arena *arena, const struct description *d)
{
    struct buf out = BUF_INIT(4096);
    struct slice separator = slice_is_set(d->scope_separator) ? d->scope_separator : SL(" ");

    for (size_t i = 0; i < d->scopes.count; i++) {
        if (i > 0)
            buf_add(&out, separator);
        buf_add(&out, d->scopes.at[i]);
    }
    struct slice scopes = out.len > 0 ? arena_copy(arena, buf_slice(&out)) : slice_none();

    buf_release(&out);
    return scopes;
}

/* The order means nothing to anybody but one provider, which matches links against a pattern. */
static void add_standard(struct login *login, struct arena *arena)
{
    const struct description *d = &login->provider->description;
    struct attempt *attempt = &login->attempt;

    add(login, "client_id", login->provider->settings->client_id);
    add(login, "redirect_uri", login->callback_url);
    add(login, "response_type", SL("code"));
    add(login, "scope", join_scopes(arena, d));
    add(login, "state", attempt->id);
    if (d->response_mode == RESPONSE_FORM_POST)
        add(login, "response_mode", SL("form_post"));
    if (d->protocol == PROTOCOL_OIDC) {
        add(login, "nonce", attempt->nonce);
        add(login, "login_hint", login->login_hint);
        add(login, "prompt", login->login_again ? SL("login") : slice_none());
    }
    if (d->pkce == WORD_YES) {
        add(login, "code_challenge", pkce_challenge(arena, attempt->verifier));
        add(login, "code_challenge_method", SL("S256"));
    }
}

/* RFC 5849, 2.2; that of 2.1 has gone before. */
static void add_oauth1(struct login *login, struct arena *arena)
{
    add(login, "oauth_token", login->attempt.oauth_token);
    add(login, "scope", join_scopes(arena, &login->provider->description));
}

static enum step_result get_temporary_credentials(struct flow *flow)
{
    return login_of(flow)->provider->description.protocol == PROTOCOL_OAUTH1
               ? flow_enter(flow, temporary_credentials)
               : STEP_NEXT;
}

/* What every authorization request has; what the provider wants besides or otherwise comes after.
 */
static enum step_result build_request(struct flow *flow)
{
    struct login *login = login_of(flow);
    const struct description *d = &login->provider->description;
    struct template_values values = login_values(login);

    outgoing_begin(&login->request, &flow->arena, "GET",
                   arena_copy(&flow->arena, upstream_endpoints(login->provider).authorize));
    if (d->protocol == PROTOCOL_OAUTH1)
        add_oauth1(login, &flow->arena);
    else
        add_standard(login, &flow->arena);
    for (size_t i = 0; i < d->authorize_params.count; i++)
        params_set(&login->request.query, d->authorize_params.at[i].name,
                   template_fill(&flow->arena, d->authorize_params.at[i].value, &values,
                                 ESCAPE_NOTHING, NULL));
    return STEP_NEXT;
}

static enum step_result ask_shape_authorize(struct flow *flow)
{
    return call_hook(flow, HOOK_shape_authorize,
                     json_pack("{s:o}", "request", outgoing_to_json(&login_of(flow)->request)));
}

/* The notes of a hook travel with the browser. */
static bool keep_memory(struct login *login, struct arena *arena)
{
    struct buf memory = BUF_INIT(MEMORY_MAX);

    if (json_object_size(login->memory) > 0)
        buf_add_json_value(&memory, login->memory);
    bool fits = buf_ok(&memory);

    login->attempt.memory =
        memory.len > 0 && fits ? arena_copy(arena, buf_slice(&memory)) : slice_none();
    buf_release_secret(&memory);
    return fits;
}

static enum step_result read_shape_authorize(struct flow *flow)
{
    struct login *login = login_of(flow);
    struct slice before = login->request.url;

    switch (hook_result(flow, HOOK_shape_authorize)) {
    case HOOK_FAILED:
        return STEP_FAIL;
    case HOOK_DONE:
        if (!outgoing_from_json(&login->request, &flow->arena,
                                json_object_get(login->hook.output, "request")))
            return fail_misbehaving(flow, HOOK_shape_authorize, "made no request");
        if (!slice_equal(before, login->request.url) &&
            !description_allows_url(&login->provider->description, login->request.url))
            return fail_misbehaving(flow, HOOK_shape_authorize, "sends people to another host");
        break;
    default:
        break;
    }
    if (!keep_memory(login, &flow->arena))
        return fail_misbehaving(flow, HOOK_shape_authorize, "remembers more than %d bytes",
                                MEMORY_MAX);
    return STEP_NEXT;
}

const struct step authorize_upstream[] = {
    STEP(ask_for_metadata),                                      /* waits, the first time */
    STEP(read_metadata),        STEP(get_temporary_credentials), /* a table, for OAuth 1.0a */
    STEP(build_request),        STEP(ask_shape_authorize), /* waits, where there is such a hook */
    STEP(read_shape_authorize), STEP_END,
};
