#include "upstream/oauth1.h"

#include "base/clock.h"
#include "base/random.h"
#include "plugin/template.h"
#include "protocol/errors.h"
#include "protocol/oauth1.h"
#include "upstream/call.h"
#include "upstream/own_keys.h"
#include "upstream/token_reply.h"

enum {
    NONCE_BYTES = 18,
    TEMPORARY_MAX = 512 /* bytes of a request token, which goes into a cookie, as of its secret */
};

/* ---- signing ---- */

static void add(struct params *protocol, const char *name, struct slice value)
{
    if (slice_is_set(value))
        params_add(protocol, slice_of(name), value);
}

static struct slice token_of(const struct login *login)
{
    return slice_is_set(login->tokens.access_token) ? login->tokens.access_token
                                                    : login->attempt.oauth_token;
}

static const char *find_secrets(struct login *login, struct arena *arena,
                                enum oauth1_signature method, struct oauth1_secrets *secrets_r)
{
    const char *why = NULL;

    *secrets_r = (struct oauth1_secrets){ .client = login->provider->settings->client_secret,
                                          .token = slice_is_set(login->tokens.access_token)
                                                       ? login->tokens.token_secret
                                                       : login->attempt.oauth_token_secret };
    if (oauth1_signs_with_key(method))
        secrets_r->key = own_key(login->provider, SL("client"), &why);
    return why == NULL ? NULL : arena_printf(arena, "the key named \"client\" %s", why).at;
}

/* Of a body only a form is signed (RFC 5849, 3.4.1.3.1), whoever has written it. */
static const struct params *signed_form(const struct outgoing *request, struct arena *arena)
{
    struct params *form;

    if (!slice_is_set(request->body))
        return &request->form;
    if (!slice_starts(request->body_type, SL("application/x-www-form-urlencoded")))
        return NULL;
    form = arena_new(arena, struct params);
    return params_read(arena, request->body, form) == NULL ? form : NULL;
}

const char *oauth1_authorize(struct login *login, struct arena *arena, const char *name,
                             struct slice value)
{
    const struct description *d = &login->provider->description;
    enum oauth1_signature method = (enum oauth1_signature)d->oauth1_signature;
    struct params protocol = params_new(arena);
    struct oauth1_secrets secrets;
    const char *wrong = find_secrets(login, arena, method, &secrets);

    if (wrong != NULL)
        return wrong;
    login->oauth_nonce = random_token(arena, NONCE_BYTES);
    add(&protocol, "oauth_consumer_key", login->provider->settings->client_id);
    add(&protocol, "oauth_nonce", login->oauth_nonce);
    add(&protocol, "oauth_signature_method", slice_of(oauth1_signature_name(method)));
    add(&protocol, "oauth_timestamp", arena_printf(arena, "%lld", (long long)clock_now()));
    add(&protocol, "oauth_token", token_of(login));
    add(&protocol, "oauth_version", SL("1.0"));
    if (name != NULL)
        add(&protocol, name, value);
    struct oauth1_request request = { login->request.method,
                                      outgoing_url(&login->request, arena, slice_none()),
                                      signed_form(&login->request, arena) };
    struct slice base = oauth1_base_string(arena, &request, &protocol);
    struct slice signature =
        slice_is_set(base) ? oauth1_sign(arena, method, base, &secrets) : slice_none();

    add(&protocol, "oauth_signature", signature);
    struct slice header = oauth1_header(arena, d->oauth1_realm, &protocol);

    return slice_is_set(signature) && slice_is_set(header) &&
                   outgoing_header(&login->request, SL("Authorization"), header)
               ? NULL
               : "the request cannot be signed";
}

/* ---- temporary credentials ---- */

static enum step_result ask_for_credentials(struct flow *flow)
{
    struct login *login = login_of(flow);
    const struct description *d = &login->provider->description;
    struct template_values values = login_values(login);
    struct arena *arena = &flow->arena;
    bool by_get = d->request_token_method == 1;
    struct params *params;

    outgoing_begin(&login->request, arena, by_get ? "GET" : "POST",
                   template_fill(arena, d->request_token_url, &values, ESCAPE_ALL, NULL));
    params = by_get ? &login->request.query : &login->request.form;
    for (size_t i = 0; i < d->request_token_params.count; i++)
        params_set(params, d->request_token_params.at[i].name,
                   template_fill(arena, d->request_token_params.at[i].value, &values,
                                 ESCAPE_NOTHING, NULL));
    for (size_t i = 0; i < d->token_headers.count; i++)
        outgoing_header(
            &login->request, d->token_headers.at[i].name,
            template_fill(arena, d->token_headers.at[i].value, &values, ESCAPE_NOTHING, NULL));
    const char *wrong = oauth1_authorize(
        login, arena, "oauth_callback",
        d->oauth1_callback == OAUTH1_CALLBACK_OOB ? SL("oob") : login->callback_url);

    if (wrong != NULL)
        return flow_fail(flow, &ERROR_SERVER_ERROR, "%s", wrong);
    return upstream_call(flow, false);
}

static bool is_fit(struct slice text)
{
    return text.len <= TEMPORARY_MAX && token_is_visible(text);
}

/* NULL, or what is wrong. A provider that confirms nothing may never have heard of the callback,
 * and then a stranger's request token could come back here (OAuth advisory 2009.1). */
static const char *take_credentials(struct login *login, struct arena *arena, const json_t *root)
{
    struct slice token = json_member(root, "oauth_token");
    struct slice secret = json_member(root, "oauth_token_secret");

    if (token.len == 0 || !slice_is_set(secret))
        return "it gave no request token with its secret";
    if (!is_fit(token) || !is_fit(secret))
        return "it gave a request token that is too long, or has characters that none may have";
    if (login->provider->description.oauth1_confirmed == WORD_YES &&
        !slice_is(json_member(root, "oauth_callback_confirmed"), "true"))
        return "it did not confirm the callback";
    login->attempt.oauth_token = arena_copy(arena, token);
    login->attempt.oauth_token_secret = arena_copy(arena, secret);
    return NULL;
}

static enum step_result read_credentials(struct flow *flow)
{
    static const char *const endpoint = "request token endpoint";
    struct login *login = login_of(flow);
    json_t *top;

    upstream_count_call(login);
    if (login->call.failure != HTTP_CALL_OK)
        return upstream_fail_call(flow);
    if (token_reply_read(flow, endpoint, &top) != STEP_NEXT)
        return STEP_FAIL;
    const json_t *root = token_reply_judge(flow, endpoint, top, login->call.status);
    const char *wrong = root != NULL ? take_credentials(login, &flow->arena, root) : NULL;

    json_decref(top);
    if (root == NULL)
        return STEP_FAIL;
    return wrong == NULL
               ? STEP_NEXT
               : flow_fail(flow, &ERROR_UPSTREAM, "the %s is no good: %s", endpoint, wrong);
}

const struct step temporary_credentials[] = {
    STEP(ask_for_credentials), /* waits */
    STEP(read_credentials),
    STEP_END,
};
