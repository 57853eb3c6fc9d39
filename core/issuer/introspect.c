#include "issuer/routes.h"

#include "hub/session.h"
#include "issuer/access.h"
#include "issuer/client.h"
#include "issuer/members.h"
#include "protocol/errors.h"

/* RFC 7662. A caller learns about its own tokens, and about those that were issued for it as an
 * audience; of all others only that they are not active. */

struct introspect {
    struct token_text refresh; /* kind TOKEN_REFRESH when it is one */
    bool is_refresh;
    struct access access;
    struct grant *grant;          /* of a living refresh token */
    struct store_command session; /* in which that grant was given */
};

static enum step_result say_inactive(struct request *request)
{
    return request_answer(request, 200, "application/json", SL("{\"active\":false}"));
}

static enum step_result recognise(struct flow *flow)
{
    struct request *request = request_of(flow);
    struct introspect *introspect = flow->state;
    struct slice text = params_get(&request->form, "token");

    if (!slice_is_set(text))
        return flow_fail_telling(flow, &ERROR_INVALID_REQUEST, "token is missing.",
                                 "token is missing");
    introspect->is_refresh =
        token_text_read(text, &introspect->refresh) && introspect->refresh.kind == TOKEN_REFRESH;
    if (introspect->is_refresh) {
        introspect->access.grant_id = introspect->refresh.grant_id;
        return STEP_NEXT;
    }
    return access_recognise(request, text, &introspect->access) ? STEP_NEXT : say_inactive(request);
}

static enum step_result ask_for_grant(struct flow *flow)
{
    struct introspect *introspect = flow->state;

    return access_ask(request_of(flow), &introspect->access);
}

static bool may_know(const struct request *request, const struct access *access)
{
    struct slice caller = request->client->named.id;

    return slice_equal(access->grant->client_id, caller) ||
           slice_has_word(access->audience, caller);
}

/* What is told of a living token, beside its grant. */
struct about {
    struct slice scope;
    struct slice audience;
    struct slice type;
    int64_t issued;
    int64_t expires;
};

static enum step_result tell(struct request *request, const struct grant *grant,
                             const struct about *about)
{
    struct buf body = BUF_INIT(16 * 1024);

    buf_add_text(&body, "{\"active\":true");
    member_add_text(&body, "scope", about->scope);
    member_add_text(&body, "client_id", grant->client_id);
    member_add_text(&body, "token_type", about->type);
    member_add_number(&body, "exp", about->expires);
    member_add_number(&body, "iat", about->issued);
    member_add_text(&body, "sub", slice_is_set(grant->account) ? grant->account : grant->client_id);
    member_add_audience(&body, about->audience);
    member_add_text(&body, "iss", request->hub->settings->issuer);
    buf_add_byte(&body, '}');
    enum step_result result = request_answer(request, 200, "application/json", buf_slice(&body));

    buf_release(&body);
    return result;
}

/* Without offline_access a refresh token is as dead as the session of its grant. */
static enum step_result ask_for_its_session(struct flow *flow)
{
    struct request *request = request_of(flow);
    struct introspect *introspect = flow->state;

    if (!introspect->is_refresh)
        return STEP_NEXT;
    if (request_store_failed(request, &introspect->access.command))
        return STEP_FAIL;
    struct grant *grant = grant_read(request, &introspect->access.command);

    if (grant == NULL || !slice_equal(grant->client_id, request->client->named.id) ||
        grant_judge_refresh(request, grant, &introspect->refresh) != REFRESH_CURRENT)
        return say_inactive(request);
    introspect->grant = grant;
    if (!slice_is_set(grant->session))
        return STEP_NEXT;
    introspect->session = session_get(request, grant->session);
    return request_store(request, &introspect->session, 1);
}

static enum step_result tell_refresh(struct request *request, struct introspect *introspect)
{
    const struct grant *grant = introspect->grant;
    struct session session;

    if (request_store_failed(request, &introspect->session))
        return STEP_FAIL;
    if (slice_is_set(grant->session) && !(session_read(request, &introspect->session, &session) &&
                                          slice_equal(session.account, grant->account)))
        return say_inactive(request);
    return tell(request, grant,
                &(struct about){ .scope = grant->scope,
                                 .audience = grant->audience,
                                 .issued = grant->refresh_rotated,
                                 .expires = grant->refresh_expires });
}

static enum step_result answer(struct flow *flow)
{
    struct request *request = request_of(flow);
    struct introspect *introspect = flow->state;
    struct access *access = &introspect->access;

    if (introspect->is_refresh)
        return tell_refresh(request, introspect);
    if (!access_read(request, access, GRANT_PLAIN))
        return STEP_FAIL;
    if (access->grant == NULL || !may_know(request, access))
        return say_inactive(request);
    return tell(request, access->grant,
                &(struct about){ .scope = access->scope,
                                 .audience = access->audience,
                                 .type = SL("Bearer"),
                                 .issued = access->token->issued,
                                 .expires = access->token->expires });
}

static const struct step introspect_steps[] = {
    STEP(authenticate_confidential_client),
    STEP(recognise),
    STEP(ask_for_grant),       /* waits */
    STEP(ask_for_its_session), /* waits, for a refresh token of a session */
    STEP(answer),
    STEP_END,
};

const struct flow_kind introspect_flow = { "introspect", introspect_steps,
                                           sizeof(struct introspect), client_fail };
