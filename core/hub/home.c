#include "hub/routes.h"

#include "base/json.h"
#include "hub/session.h"
#include "protocol/errors.h"

/* What the session knows of the person. */
static json_t *claims_of(struct request *request)
{
    const char *why;
    json_t *claims =
        json_read_object(request_arena(request), request->session->claims, 64 * 1024, &why);

    return claims != NULL ? claims : json_object();
}

static enum step_result show_home(struct flow *flow)
{
    struct request *request = request_of(flow);

    if (request->session == NULL)
        return request_redirect(request, request_url(request, "/login"));
    const struct provider *provider =
        providers_find(&request->hub->providers, request->session->idp);
    json_t *claims = claims_of(request);
    json_t *data = json_object();
    struct slice name = json_member(claims, "name");

    if (!slice_is_set(name))
        name = json_member(claims, "preferred_username");
    json_set_slice(data, "name", slice_is_set(name) ? name : request->session->account);
    json_set_slice(data, "email", json_member(claims, "email"));
    json_set_slice(data, "provider", provider->description.name);
    json_set_slice(data, "account", request->session->account);
    json_decref(claims);
    return request_page(request, 200, "home", data);
}

static const struct step home_steps[] = {
    STEP(ask_for_session),                      /* waits, when there is a cookie */
    STEP(read_session),    STEP(touch_session), /* waits, once a minute */
    STEP(show_home),       STEP_END,
};

const struct flow_kind home_flow = { "home", home_steps, 0, request_fail_page };

/* GET /session: who is logged in, for scripts of our own origin and for curl. */
static enum step_result tell_session(struct flow *flow)
{
    static const char *const told[] = { "name",    "preferred_username",
                                        "email",   "email_verified",
                                        "picture", "groups" };
    struct request *request = request_of(flow);
    const struct session *session = request->session;

    if (session == NULL)
        return flow_fail(flow, &ERROR_LOGIN_REQUIRED_401, "nobody is logged in");
    json_t *claims = claims_of(request);
    json_t *body = json_object();

    json_set_slice(body, "sub", session->account);
    json_set_slice(body, "idp", session->idp);
    json_set_slice(body, "idp_sub", session->idp_sub);
    json_object_set_new(body, "auth_time", json_integer(session->auth_time));
    json_object_set_new(body, "expires", json_integer(session->ends));
    for (size_t i = 0; i < sizeof(told) / sizeof(told[0]); i++) {
        if (json_object_get(claims, told[i]) != NULL)
            json_object_set(body, told[i], json_object_get(claims, told[i]));
    }
    json_decref(claims);
    enum step_result result = request_json(request, 200, body);

    json_decref(body);
    return result;
}

static const struct step session_steps[] = {
    STEP(ask_for_session),                      /* waits, when there is a cookie */
    STEP(read_session),    STEP(touch_session), /* waits, once a minute */
    STEP(tell_session),    STEP_END,
};

const struct flow_kind session_flow = { "session", session_steps, 0, request_fail_json };
