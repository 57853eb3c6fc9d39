#include "protocol/errors.h"
#include "protocol/reply.h"
#include "upstream/call.h"
#include "upstream/client_auth.h"
#include "upstream/metadata.h"

enum {
    METHOD_POST,
    METHOD_GET,
    METHOD_DELETE
};

static const char *const methods[] = {
    [METHOD_POST] = "POST", [METHOD_GET] = "GET", [METHOD_DELETE] = "DELETE"
};

static struct params *target_params(struct login *login)
{
    const struct description *d = &login->provider->description;

    return d->revoke_method == METHOD_GET || d->revoke_body == TOKEN_BODY_QUERY
               ? &login->request.query
               : &login->request.form;
}

/* RFC 7009, 2.1: with the refresh token goes all that was made of it. */
static void add_token(struct login *login)
{
    bool whole = slice_is_set(login->tokens.refresh_token);

    params_set(target_params(login), SL("token"),
               whole ? login->tokens.refresh_token : login->tokens.access_token);
    params_set(target_params(login), SL("token_type_hint"),
               whole ? SL("refresh_token") : SL("access_token"));
}

static const char *authenticate(struct login *login, struct arena *arena)
{
    unsigned how = login->provider->description.revoke_auth;

    if (how == REVOKE_AUTH_TOKEN)
        call_add_access_token(login, arena);
    if (how == REVOKE_AUTH_CLIENT && client_auth_names_client(login->provider))
        params_set(target_params(login), token_name(login, "client_id"),
                   login->provider->settings->client_id);
    return how == REVOKE_AUTH_CLIENT
               ? client_auth_add(login, arena, target_params(login), login->request.url)
               : NULL;
}

static enum step_result ask_for_revocation(struct flow *flow)
{
    struct login *login = login_of(flow);
    struct arena *arena = &flow->arena;
    const struct description *d = &login->provider->description;
    struct template_values values = login_values(login);
    struct slice url = arena_copy(arena, upstream_endpoints(login->provider).revoke);

    if (!slice_is_set(url))
        return flow_fail(flow, &ERROR_UPSTREAM, "this provider cannot revoke tokens");
    outgoing_begin(&login->request, arena, methods[d->revoke_method],
                   template_fill(arena, url, &values, ESCAPE_ALL, NULL));
    outgoing_header(&login->request, SL("Accept"), SL("application/json"));
    for (size_t i = 0; i < d->revoke_params.count; i++)
        params_set(
            target_params(login), d->revoke_params.at[i].name,
            template_fill(arena, d->revoke_params.at[i].value, &values, ESCAPE_NOTHING, NULL));
    /* Where the URL names the token, nothing else has to; and a bearer names itself. */
    if (d->revoke_params.count == 0 && !slice_has(url, '{') && d->revoke_auth != REVOKE_AUTH_TOKEN)
        add_token(login);
    const char *wrong = authenticate(login, arena);

    if (wrong != NULL)
        return flow_fail(flow, &ERROR_SERVER_ERROR, "%s", wrong);
    return upstream_call(flow, d->revoke_body == TOKEN_BODY_JSON);
}

/* Some say in an answer of status 200 that they did not. Absent rules: nothing is asked of it. */
static bool is_refused(struct login *login, struct arena *arena)
{
    const struct description *d = &login->provider->description;
    const char *why;

    if (!slice_is_set(d->token_error) || login->call.reply.len == 0)
        return false;
    json_t *top =
        reply_read(arena, d->token_reply, login->call.content_type, login->call.reply, &why);
    const json_t *good = reply_judge(arena, top, slice_none(), d->token_error, d->token_error_ok,
                                     d->token_error_text, &login->error_code, &login->error_text);

    login->error_code = arena_copy(arena, login->error_code);
    login->error_text = arena_copy(arena, login->error_text);
    json_decref(top);
    return good == NULL;
}

static enum step_result read_revocation(struct flow *flow)
{
    struct login *login = login_of(flow);

    upstream_count_call(login);
    if (login->call.failure != HTTP_CALL_OK)
        return upstream_fail_call(flow);
    if (login->call.status < 200 || login->call.status > 299)
        return flow_fail(flow, login->call.status >= 500 ? &ERROR_UPSTREAM_DOWN : &ERROR_UPSTREAM,
                         "the revocation endpoint answered %d", login->call.status);
    return is_refused(login, &flow->arena)
               ? flow_fail(flow, &ERROR_UPSTREAM, "the revocation was refused: %.*s %.*s",
                           SLICE_ARG(login->error_code), SLICE_ARG(login->error_text))
               : STEP_NEXT;
}

const struct step revoke[] = {
    STEP(ask_for_metadata),                           /* waits when it is not known */
    STEP(read_metadata),    STEP(ask_for_revocation), /* waits */
    STEP(read_revocation),  STEP_END,
};
