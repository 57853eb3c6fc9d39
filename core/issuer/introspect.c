#include "issuer/routes.h"

#include "base/codec.h"
#include "issuer/access.h"
#include "issuer/client.h"
#include "protocol/errors.h"

/* RFC 7662. A caller learns about its own tokens, and about those that were issued for it as an
 * audience; of all others only that they are not active. */

struct introspect {
    struct token_text refresh; /* kind TOKEN_REFRESH when it is one */
    bool is_refresh;
    struct access access;
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

static bool may_know(const struct request *request, const struct grant *grant)
{
    struct slice caller = request->client->named.id;

    return slice_equal(grant->client_id, caller) || slice_has_word(grant->audience, caller);
}

static void add(struct buf *out, const char *name, struct slice value)
{
    if (value.len == 0)
        return;
    buf_add_json_name(out, name);
    buf_add_json(out, value);
}

static enum step_result tell(struct request *request, const struct grant *grant, struct slice scope,
                             int64_t issued, int64_t expires, const char *type)
{
    struct buf body = BUF_INIT(16 * 1024);

    buf_add_text(&body, "{\"active\":true");
    add(&body, "scope", scope);
    add(&body, "client_id", grant->client_id);
    add(&body, "token_type", slice_of(type));
    buf_add_json_name(&body, "exp");
    buf_add_u64(&body, (uint64_t)expires);
    if (issued > 0) {
        buf_add_json_name(&body, "iat");
        buf_add_u64(&body, (uint64_t)issued);
    }
    add(&body, "sub", slice_is_set(grant->account) ? grant->account : grant->client_id);
    add(&body, "aud", grant->audience);
    add(&body, "iss", request->hub->settings->issuer);
    buf_add_byte(&body, '}');
    enum step_result result = request_answer(request, 200, "application/json", buf_slice(&body));

    buf_release(&body);
    return result;
}

static enum step_result tell_refresh(struct request *request, struct introspect *introspect)
{
    struct grant *grant = grant_read(request, &introspect->access.command);

    if (grant == NULL || !slice_equal(grant->client_id, request->client->named.id) ||
        grant_judge_refresh(request, grant, &introspect->refresh) != REFRESH_CURRENT)
        return say_inactive(request);
    return tell(request, grant, grant->scope, grant->refresh_rotated, grant->refresh_expires, NULL);
}

static enum step_result answer(struct flow *flow)
{
    struct request *request = request_of(flow);
    struct introspect *introspect = flow->state;
    struct access *access = &introspect->access;

    if (!access_read(request, access, GRANT_PLAIN))
        return STEP_FAIL;
    if (introspect->is_refresh)
        return tell_refresh(request, introspect);
    if (access->grant == NULL || !may_know(request, access->grant))
        return say_inactive(request);
    return tell(request, access->grant, access->scope, access->token->issued,
                access->token->expires, "Bearer");
}

static const struct step introspect_steps[] = {
    STEP(authenticate_confidential_client),
    STEP(recognise),
    STEP(ask_for_grant), /* waits */
    STEP(answer),
    STEP_END,
};

const struct flow_kind introspect_flow = { "introspect", introspect_steps,
                                           sizeof(struct introspect), client_fail };
