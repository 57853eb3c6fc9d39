#include "issuer/routes.h"

#include "base/codec.h"
#include "issuer/access.h"
#include "issuer/claims.h"
#include "protocol/credentials.h"
#include "protocol/errors.h"

/* OpenID Connect Core, 5.3; RFC 6750. */

struct userinfo {
    struct access access;
};

/* In the header or in the body of a POST, never in the URL, never twice (RFC 6750, 2). */
static enum step_result read_token(struct flow *flow)
{
    struct request *request = request_of(flow);
    struct userinfo *userinfo = flow->state;
    struct slice header = request_header(request, "Authorization");
    struct slice in_form = params_get(&request->form, "access_token");
    struct slice text = slice_none();
    bool present;
    const char *wrong = bearer_read(header, &present, &text);

    if (wrong != NULL)
        return flow_fail(flow, &ERROR_INVALID_REQUEST, "%s", wrong);
    if (params_count(&request->query, "access_token") > 0)
        return flow_fail_telling(flow, &ERROR_INVALID_REQUEST,
                                 "The token does not belong in the URL.", "a token in the query");
    if ((present && slice_is_set(in_form)) || params_count(&request->form, "access_token") > 1)
        return flow_fail(flow, &ERROR_INVALID_REQUEST, "two tokens");
    if (!present)
        text = in_form;
    if (!slice_is_set(text))
        return flow_fail(flow, &ERROR_NO_TOKEN, "no token");
    if (!access_recognise(request, text, &userinfo->access))
        return flow_fail(flow, &ERROR_INVALID_TOKEN, "that is no access token of ours");
    return STEP_NEXT;
}

static enum step_result ask_for_grant(struct flow *flow)
{
    struct userinfo *userinfo = flow->state;

    return access_ask(request_of(flow), &userinfo->access);
}

static enum step_result check_token(struct flow *flow)
{
    struct request *request = request_of(flow);
    struct userinfo *userinfo = flow->state;

    if (!access_read(request, &userinfo->access, GRANT_CLAIMS))
        return STEP_FAIL;
    if (userinfo->access.grant == NULL)
        return flow_fail(flow, &ERROR_INVALID_TOKEN, "the token is dead");
    if (!slice_is_set(userinfo->access.grant->account) ||
        !slice_has_word(userinfo->access.scope, SL("openid")))
        return flow_fail(flow, &ERROR_INSUFFICIENT_SCOPE, "the token has no openid scope");
    return STEP_NEXT;
}

static enum step_result tell_claims(struct flow *flow)
{
    struct request *request = request_of(flow);
    struct userinfo *userinfo = flow->state;
    const struct grant *grant = userinfo->access.grant;
    struct slice claims = claims_within(&flow->arena, grant, userinfo->access.scope);
    struct buf body = BUF_INIT(128 * 1024);

    buf_add_text(&body, "{\"sub\":");
    buf_add_json(&body, grant->account);
    if (claims.len > 0) {
        buf_add_byte(&body, ',');
        buf_add(&body, claims);
    }
    buf_add_byte(&body, '}');
    enum step_result result = request_answer(request, 200, "application/json", buf_slice(&body));

    buf_release_secret(&body);
    return result;
}

static const struct step userinfo_steps[] = {
    STEP(read_token),  STEP(ask_for_grant), /* waits */
    STEP(check_token), STEP(tell_claims),   STEP_END,
};

const struct flow_kind userinfo_flow = { "userinfo", userinfo_steps, sizeof(struct userinfo),
                                         request_fail_bearer };
