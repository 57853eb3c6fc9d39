#include "issuer/routes.h"

#include "base/log.h"
#include "issuer/access.h"
#include "issuer/client.h"
#include "protocol/errors.h"

/* RFC 7009. The hint is not needed: a token of ours says what it is. Another client's token, a dead
 * one and nonsense are all answered 200, and nothing happens. */

enum {
    CONFLICTS_MAX = 8
};

struct revoke {
    struct token_text refresh;
    bool is_refresh;
    struct access access;
    struct store_command command;
    unsigned rounds;
};

static enum step_result say_done(struct request *request)
{
    return request_answer(request, 200, NULL, SL(""));
}

static enum step_result recognise(struct flow *flow)
{
    struct request *request = request_of(flow);
    struct revoke *revoke = flow->state;
    struct slice text = params_get(&request->form, "token");

    if (!slice_is_set(text))
        return flow_fail_telling(flow, &ERROR_INVALID_REQUEST, "token is missing.",
                                 "token is missing");
    revoke->is_refresh =
        token_text_read(text, &revoke->refresh) && revoke->refresh.kind == TOKEN_REFRESH;
    if (revoke->is_refresh) {
        revoke->access.grant_id = revoke->refresh.grant_id;
        return STEP_NEXT;
    }
    return access_recognise(request, text, &revoke->access) ? STEP_NEXT : say_done(request);
}

static enum step_result ask_for_grant(struct flow *flow)
{
    struct revoke *revoke = flow->state;

    return access_ask(request_of(flow), &revoke->access);
}

/* Without this one token; the others of the grant live on. */
static void drop_access(struct grant *grant, const struct access_token *token)
{
    struct access_token *list = grant->access.at;
    size_t place = (size_t)(token - list);

    grant->access.count--;
    memmove(&list[place], &list[place + 1], (grant->access.count - place) * sizeof(*list));
}

/* A refresh token takes its whole grant along, an old one too. */
static enum step_result end_tokens(struct flow *flow)
{
    struct request *request = request_of(flow);
    struct revoke *revoke = flow->state;
    struct access *access = &revoke->access;
    struct grant *grant;

    revoke->command = (struct store_command){ 0 };
    if (revoke->is_refresh) {
        if (request_store_failed(request, &access->command))
            return STEP_FAIL;
        grant = grant_read(request, &access->command);
        if (grant == NULL || !slice_equal(grant->client_id, request->client->named.id) ||
            grant_judge_refresh(request, grant, &revoke->refresh) == REFRESH_UNKNOWN)
            return say_done(request);
        revoke->command = grant_remove(request, grant);
    } else {
        if (!access_read(request, access, GRANT_WHOLE))
            return STEP_FAIL;
        grant = access->grant;
        if (grant == NULL || !slice_equal(grant->client_id, request->client->named.id))
            return say_done(request);
        drop_access(grant, access->token);
        revoke->command = grant_put(request, grant, STORE_SWAP);
    }
    return request_store(request, &revoke->command, 1);
}

static const struct step revoke_round[] = {
    STEP(ask_for_grant), /* waits */
    STEP(end_tokens),    /* waits */
    STEP_END,
};

/* Until nobody has changed the grant in between. A store that does not answer must never look like
 * a revocation. */
static enum step_result revoke_token(struct flow *flow)
{
    struct revoke *revoke = flow->state;

    if (revoke->rounds > 0) {
        if (request_store_failed(request_of(flow), &revoke->command))
            return STEP_FAIL;
        if (revoke->command.status != STORE_CONFLICT)
            return STEP_NEXT;
    }
    if (revoke->rounds++ > CONFLICTS_MAX)
        return flow_fail(flow, &ERROR_TEMPORARILY_UNAVAILABLE, "the grant changes all the time");
    return flow_enter_again(flow, revoke_round);
}

static enum step_result answer(struct flow *flow)
{
    struct request *request = request_of(flow);

    log_audit("token_revoked", "by client %.*s", SLICE_ARG(request->client->named.id));
    return say_done(request);
}

static const struct step revoke_steps[] = {
    STEP(authenticate_client),
    STEP(recognise),
    STEP(revoke_token), /* a table, until nobody has come in between */
    STEP(answer),
    STEP_END,
};

const struct flow_kind revoke_flow = { "revoke", revoke_steps, sizeof(struct revoke), client_fail };
