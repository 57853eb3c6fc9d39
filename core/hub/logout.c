#include "hub/routes.h"

#include "base/json.h"
#include "base/log.h"
#include "hub/session.h"
#include "protocol/errors.h"

struct logout {
    struct store_command end;
};

/* A link or an image on a foreign page must not log anybody out: with a session there, a person is
 * asked. */
static enum step_result ask_or_say(struct flow *flow)
{
    struct request *request = request_of(flow);
    json_t *data = json_object();

    if (request->session == NULL)
        return request_page(request, 200, "logged_out", data);
    json_set_slice(data, "csrf", session_form_token(request, SL("logout")));
    return request_page(request, 200, "logout", data);
}

static const struct step ask_logout_steps[] = {
    STEP(ask_for_session), /* waits, when there is a cookie */
    STEP(read_session),
    STEP(ask_or_say),
    STEP_END,
};

const struct flow_kind ask_logout_flow = { "ask for logout", ask_logout_steps, 0,
                                           request_fail_page };

static enum step_result end_session(struct flow *flow)
{
    struct request *request = request_of(flow);
    struct logout *logout = flow->state;

    if (request->session == NULL)
        return STEP_NEXT;
    if (!session_form_token_is_good(request, SL("logout"), params_get(&request->form, "csrf")))
        return flow_fail(flow, &ERROR_FORBIDDEN, "the form token of the logout is not right");
    logout->end = session_remove(request, request->session->id);
    return request_store(request, &logout->end, 1);
}

static enum step_result say_goodbye(struct flow *flow)
{
    struct request *request = request_of(flow);
    struct logout *logout = flow->state;

    if (request_store_failed(request, &logout->end))
        return STEP_FAIL;
    if (request->session != NULL)
        log_audit("logout", "account %.*s", SLICE_ARG(request->session->account));
    request_drop_cookie(request, "session");
    return request_redirect(request, request_url(request, "/logout"));
}

static const struct step logout_steps[] = {
    STEP(ask_for_session),                    /* waits, when there is a cookie */
    STEP(read_session),    STEP(end_session), /* waits */
    STEP(say_goodbye),     STEP_END,
};

const struct flow_kind logout_flow = { "logout", logout_steps, sizeof(struct logout),
                                       request_fail_page };
