#include "issuer/routes.h"
#include "issuer/token.h"

#include "base/clock.h"
#include "base/log.h"
#include "issuer/client.h"
#include "protocol/errors.h"
#include "protocol/scope.h"

/* RFC 6749, 6; RFC 9700, 4.14. */

enum {
    CONFLICTS_MAX = 8
};

static enum step_result read_token(struct flow *flow)
{
    struct request *request = request_of(flow);
    struct token *token = flow->state;
    struct slice text = params_get(&request->form, "refresh_token");

    if (!slice_is_set(text))
        return flow_fail_telling(flow, &ERROR_INVALID_REQUEST, "refresh_token is missing.",
                                 "refresh_token is missing");
    if (!token_text_read(text, &token->presented) || token->presented.kind != TOKEN_REFRESH)
        return flow_fail(flow, &ERROR_INVALID_GRANT, "that is no refresh token of ours");
    return STEP_NEXT;
}

static enum step_result ask_for_grant(struct flow *flow)
{
    struct request *request = request_of(flow);
    struct token *token = flow->state;

    token->command = grant_get(request, token->presented.grant_id);
    return request_store(request, &token->command, 1);
}

static enum step_result end_grant(struct flow *flow, struct grant *grant)
{
    struct token *token = flow->state;

    log_audit("refresh_token_replayed",
              "an old refresh token of client %.*s (account %.*s) was used; all its tokens end",
              SLICE_ARG(grant->client_id), SLICE_ARG(grant->account));
    token->command = grant_remove(request_of(flow), grant);
    return request_store(request_of(flow), &token->command, 1);
}

/* What was granted is no longer had once the configuration has taken it from the client. */
static bool client_still_may(struct request *request, const struct grant *grant)
{
    return scope_within(grant->scope, client_scope(request_arena(request), request->client)) &&
           client_takes(request->client, grant->idp);
}

static enum step_result judge_token(struct flow *flow)
{
    struct request *request = request_of(flow);
    struct token *token = flow->state;

    if (request_store_failed(request, &token->command))
        return STEP_FAIL;
    struct grant *grant = grant_read(request, &token->command);

    token->command = (struct store_command){ 0 };
    if (grant == NULL || !slice_equal(grant->client_id, request->client->named.id))
        return flow_fail(flow, &ERROR_INVALID_GRANT,
                         "there is no such refresh token of this client");
    if (!client_still_may(request, grant))
        return flow_fail(flow, &ERROR_INVALID_GRANT,
                         "the client may no longer have that scope or that provider's people");
    token->issue = (struct issue){ .grant = grant,
                                   .scope = grant->scope,
                                   .refresh_token = true,
                                   .presented = token->presented.secret,
                                   .id_token = slice_has_word(grant->scope, SL("openid")) };
    switch (grant_judge_refresh(request, grant, &token->presented)) {
    case REFRESH_UNKNOWN:
        return flow_fail(flow, &ERROR_INVALID_GRANT, "the refresh token is unknown or has expired");
    case REFRESH_REPLAYED:
        return end_grant(flow, grant);
    case REFRESH_WITHIN_GRACE:
        log_info("refresh: the same token again within the grace; the same successor is told");
        break;
    case REFRESH_CURRENT:
        break;
    }
    return STEP_NEXT;
}

static enum step_result check_scope(struct flow *flow)
{
    struct request *request = request_of(flow);
    struct token *token = flow->state;
    struct slice scope = params_get(&request->form, "scope");

    if (token->command.verb == STORE_REMOVE)
        return request_store_failed(request, &token->command)
                   ? STEP_FAIL
                   : flow_fail(flow, &ERROR_INVALID_GRANT, "the grant has ended");
    if (!slice_is_set(scope))
        return STEP_NEXT;
    if (scope_check(scope) != NULL || !scope_within(scope, token->issue.grant->scope))
        return flow_fail(flow, &ERROR_INVALID_SCOPE, "the scope is more than the grant's");
    token->issue.scope = scope_normalise(&flow->arena, scope);
    token->issue.id_token = slice_has_word(token->issue.scope, SL("openid"));
    return STEP_NEXT;
}

/* RFC 8707, 2.2: for some of what the grant is for, this time. */
static enum step_result check_resource(struct flow *flow)
{
    struct request *request = request_of(flow);
    struct token *token = flow->state;

    if (!resources_read(&flow->arena, &request->form, token->issue.grant->audience,
                        &token->issue.audience))
        return flow_fail(flow, &ERROR_INVALID_TARGET, "resource is none of the grant's");
    return STEP_NEXT;
}

/* Without offline_access a grant ends with the session in which it was given; its use is use of the
 * session. */
static enum step_result ask_for_its_session(struct flow *flow)
{
    struct request *request = request_of(flow);
    struct token *token = flow->state;

    if (!slice_is_set(token->issue.grant->session))
        return STEP_NEXT;
    token->session_commands[0] = session_get(request, token->issue.grant->session);
    return request_store(request, token->session_commands, 1);
}

static enum step_result check_its_session(struct flow *flow)
{
    struct request *request = request_of(flow);
    struct token *token = flow->state;
    struct session session;

    if (!slice_is_set(token->issue.grant->session))
        return STEP_NEXT;
    if (request_store_failed(request, &token->session_commands[0]))
        return STEP_FAIL;
    if (!session_read(request, &token->session_commands[0], &session) ||
        !slice_equal(session.account, token->issue.grant->account))
        return flow_fail(flow, &ERROR_INVALID_GRANT, "the session has ended");
    if (!session_touch(request, &session, &token->session_commands[1]))
        return STEP_NEXT;
    return request_store(request, &token->session_commands[1], 1);
}

static enum step_result rotate(struct flow *flow)
{
    struct request *request = request_of(flow);
    struct token *token = flow->state;

    if (!tokens_issue(request, &token->issue))
        return STEP_FAIL;
    token->command = grant_put(request, token->issue.grant, STORE_SWAP);
    return request_store(request, &token->command, 1);
}

static const struct step refresh_round[] = {
    STEP(ask_for_grant), /* waits */
    STEP(judge_token),   /* waits, when the grant must end */
    STEP(check_scope),
    STEP(check_resource),
    STEP(ask_for_its_session), /* waits, unless offline_access */
    STEP(check_its_session),   /* waits, once a minute */
    STEP(rotate),              /* waits */
    STEP_END,
};

/* Two refreshes at once: the second one finds that the first has rotated, and is within the grace.
 */
static enum step_result refresh_grant(struct flow *flow)
{
    struct token *token = flow->state;

    if (token->conflicts > 0) {
        if (request_store_failed(request_of(flow), &token->command))
            return STEP_FAIL;
        if (token->command.status == STORE_OK)
            return STEP_NEXT;
        if (token->command.status == STORE_ABSENT)
            return flow_fail(flow, &ERROR_INVALID_GRANT, "the grant has just ended");
    }
    if (token->conflicts++ > CONFLICTS_MAX)
        return flow_fail(flow, &ERROR_TEMPORARILY_UNAVAILABLE, "the grant changes all the time");
    return flow_enter_again(flow, refresh_round);
}

static enum step_result answer_refresh(struct flow *flow)
{
    struct token *token = flow->state;

    return tokens_answer(request_of(flow), &token->issue, GRANT_REFRESH_TOKEN);
}

const struct step grant_refresh_token[] = {
    STEP(read_token),
    STEP(refresh_grant), /* a table, until nobody has come in between */
    STEP(answer_refresh),
    STEP_END,
};
