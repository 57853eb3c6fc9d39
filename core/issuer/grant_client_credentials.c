#include "issuer/routes.h"
#include "issuer/token.h"

#include "issuer/client.h"
#include "protocol/errors.h"
#include "protocol/scope.h"

/* RFC 6749, 4.4: a client for itself. There is no person, so there is no ID token and nothing to
 * refresh. */

static bool is_for_people(struct slice word)
{
    return slice_is(word, "openid") || slice_is(word, "offline_access") ||
           slice_is(word, "profile") || slice_is(word, "email") || slice_is(word, "phone") ||
           slice_is(word, "address") || slice_is(word, "groups");
}

/* What it may have, without what only people have. */
static struct slice own_scope(struct arena *arena, const struct client_settings *client)
{
    struct slice all = client_scope(arena, client);
    struct buf out = BUF_INIT(SCOPE_MAX);
    struct slice word;

    while (slice_next_word(&all, &word)) {
        if (is_for_people(word))
            continue;
        if (out.len > 0)
            buf_add_byte(&out, ' ');
        buf_add(&out, word);
    }
    struct slice scope = arena_copy(arena, buf_slice(&out));

    buf_release(&out);
    return scope;
}

static enum step_result give_token(struct flow *flow)
{
    struct request *request = request_of(flow);
    struct token *token = flow->state;
    struct slice allowed = own_scope(&flow->arena, request->client);
    struct slice scope = params_get(&request->form, "scope");
    struct grant *grant = grant_new(request, request->client);

    if (request->client->token_endpoint_auth_method == CLIENT_AUTH_NONE)
        return flow_fail(flow, &ERROR_UNAUTHORIZED_CLIENT, "a public client has no credentials");
    if (slice_is_set(scope) && (scope_check(scope) != NULL || !scope_within(scope, allowed)))
        return flow_fail(flow, &ERROR_INVALID_SCOPE, "the scope is more than the client may have");
    grant->scope = slice_is_set(scope) ? scope_normalise(&flow->arena, scope) : allowed;
    if (!resources_read(&flow->arena, &request->form,
                        client_audience(&flow->arena, request->client), &grant->audience))
        return flow_fail(flow, &ERROR_INVALID_TARGET, "resource");
    token->issue =
        (struct issue){ .grant = grant, .scope = grant->scope, .audience = grant->audience };
    if (!tokens_issue(request, &token->issue))
        return STEP_FAIL;
    token->command = grant_put(request, grant, STORE_PUT);
    return request_store(request, &token->command, 1);
}

static enum step_result answer_token(struct flow *flow)
{
    struct request *request = request_of(flow);
    struct token *token = flow->state;

    if (request_store_failed(request, &token->command))
        return STEP_FAIL;
    return tokens_answer(request, &token->issue, GRANT_CLIENT_CREDENTIALS);
}

const struct step grant_client_credentials[] = {
    STEP(give_token), /* waits */
    STEP(answer_token),
    STEP_END,
};
