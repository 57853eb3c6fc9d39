#include "issuer/routes.h"
#include "issuer/token.h"

#include "base/clock.h"
#include "base/log.h"
#include "issuer/client.h"
#include "protocol/errors.h"
#include "protocol/pkce.h"

/* RFC 6749, 4.1.3; RFC 7636, 4.6; RFC 9700, 2.1 and 4.8. */

static enum step_result ask_for_grant(struct flow *flow)
{
    struct request *request = request_of(flow);
    struct token *token = flow->state;
    struct slice code = params_get(&request->form, "code");

    if (!slice_is_set(code))
        return flow_fail_telling(flow, &ERROR_INVALID_REQUEST, "code is missing.",
                                 "code is missing");
    if (!token_text_read(code, &token->presented) || token->presented.kind != TOKEN_CODE)
        return flow_fail(flow, &ERROR_INVALID_GRANT, "that is no code of ours");
    token->command = grant_get(request, token->presented.grant_id);
    return request_store(request, &token->command, 1);
}

static bool address_is_right(const struct grant *grant, struct slice given)
{
    /* Needed at the token endpoint exactly when the authorization request had it. */
    return slice_is_set(grant->redirect_uri) ? slice_equal(given, grant->redirect_uri)
                                             : !slice_is_set(given);
}

/* What is wrong with this use of the code, or NULL. All of these spend it. */
static const char *judge(const struct request *request, const struct grant *grant)
{
    struct slice verifier = params_get(&request->form, "code_verifier");

    if (!slice_equal(grant->client_id, request->client->named.id))
        return "it is another client's";
    if (grant->code_expires <= clock_now())
        return "it has expired";
    if (!address_is_right(grant, params_get(&request->form, "redirect_uri")))
        return "redirect_uri is not that of the authorization request";
    if (slice_is_set(grant->code_challenge) != slice_is_set(verifier))
        return slice_is_set(verifier) ? "there is a code_verifier, but there was no code_challenge"
                                      : "code_verifier is missing";
    if (slice_is_set(verifier) && !pkce_matches(verifier, grant->code_challenge))
        return "code_verifier does not belong to the code_challenge";
    return NULL;
}

static enum step_result spend_for_nothing(struct flow *flow, struct grant *grant)
{
    struct token *token = flow->state;

    token->issue.grant = grant;
    token->command = grant_remove(request_of(flow), grant);
    return request_store(request_of(flow), &token->command, 1);
}

static enum step_result redeem_code(struct flow *flow)
{
    struct request *request = request_of(flow);
    struct token *token = flow->state;
    const char *wrong;

    if (request_store_failed(request, &token->command))
        return STEP_FAIL;
    struct grant *grant = grant_read(request, &token->command);

    token->command = (struct store_command){ 0 };
    if (grant == NULL || !grant_code_is(grant, token->presented.secret))
        return flow_fail(flow, &ERROR_INVALID_GRANT, "there is no such code");
    if (grant->code_used != 0) {
        log_audit("code_replayed",
                  "a code of client %.*s was used again by client %.*s; its grant ends",
                  SLICE_ARG(grant->client_id), SLICE_ARG(request->client->named.id));
        return spend_for_nothing(flow, grant);
    }
    if ((wrong = judge(request, grant)) != NULL) {
        log_info("code: %s", wrong);
        return spend_for_nothing(flow, grant);
    }
    struct slice audience;

    if (!resources_read(&flow->arena, &request->form, grant->audience, &audience))
        return flow_fail(flow, &ERROR_INVALID_TARGET, "resource is none of the grant's");
    grant->code_used = clock_now();
    token->issue = (struct issue){ .grant = grant,
                                   .scope = grant->scope,
                                   .audience = audience,
                                   .refresh_token = client_may(request->client, "refresh_token"),
                                   .id_token = slice_has_word(grant->scope, SL("openid")),
                                   .nonce = grant->nonce };
    if (!tokens_issue(request, &token->issue))
        return STEP_FAIL;
    token->command = grant_put(request, grant, STORE_SWAP);
    return request_store(request, &token->command, 1);
}

/* Somebody else used the same code at the same moment: then this is its second use. */
static enum step_result settle_code(struct flow *flow)
{
    struct request *request = request_of(flow);
    struct token *token = flow->state;

    if (request_store_failed(request, &token->command))
        return STEP_FAIL;
    if (token->command.verb == STORE_REMOVE)
        return flow_fail(flow, &ERROR_INVALID_GRANT, "the code is spent");
    if (token->command.status == STORE_OK)
        return STEP_NEXT;
    log_audit("code_replayed", "a code of client %.*s was used twice at once; its grant ends",
              SLICE_ARG(request->client->named.id));
    return spend_for_nothing(flow, token->issue.grant);
}

static enum step_result answer_code(struct flow *flow)
{
    struct request *request = request_of(flow);
    struct token *token = flow->state;

    if (request_store_failed(request, &token->command))
        return STEP_FAIL;
    if (token->command.verb == STORE_REMOVE)
        return flow_fail(flow, &ERROR_INVALID_GRANT, "the code was used twice at once");
    return tokens_answer(request, &token->issue, GRANT_AUTHORIZATION_CODE);
}

const struct step grant_authorization_code[] = {
    STEP(ask_for_grant), /* waits */
    STEP(redeem_code),   /* waits */
    STEP(settle_code),   /* waits, when two come at once */
    STEP(answer_code),   STEP_END,
};
