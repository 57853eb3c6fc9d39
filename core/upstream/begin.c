#include "upstream/routes.h"

#include "base/codec.h"
#include "base/url.h"
#include "hub/ticket.h"
#include "protocol/errors.h"
#include "upstream/login.h"

struct begin {
    struct login login; /* first: login_of() */
    struct ticket ticket;
};

/* A provider this client's people may not come from is the same as one that does not exist. */
static bool client_takes(const struct request *request, struct slice client_id,
                         struct slice provider)
{
    const struct client_settings *client = settings_client(request->hub->settings, client_id);

    if (client == NULL || client->providers.count == 0)
        return true;
    for (size_t i = 0; i < client->providers.count; i++) {
        if (slice_equal(client->providers.at[i], provider))
            return true;
    }
    return false;
}

static enum step_result read_ticket(struct flow *flow)
{
    struct request *request = request_of(flow);
    struct begin *begin = flow->state;
    struct slice id = request_param(request, "ticket");
    struct slice return_to = request_param(request, "return_to");

    if (slice_is_set(id) && !ticket_open(request, id, &begin->ticket))
        return flow_fail(flow, &ERROR_LOGIN_EXPIRED, "there is no such ticket in this browser");
    if (slice_is_set(return_to) && !url_is_local_path(return_to))
        return flow_fail(flow, &ERROR_INVALID_REQUEST, "return_to is no path of ours");
    begin->login.attempt.ticket = slice_is_set(id) ? id : slice_none();
    begin->login.attempt.return_to = return_to;
    upstream_offer_again(request, &begin->login.attempt);
    return STEP_NEXT;
}

/* What the app's request says about the person goes on to a provider that understands it. */
static void take_hints(struct flow *flow, struct begin *begin)
{
    struct params query;

    if (!slice_is_set(begin->ticket.query) ||
        params_read(&flow->arena, begin->ticket.query, &query) != NULL)
        return;
    begin->login.login_hint = params_get(&query, "login_hint");
    begin->login.login_again = slice_has_word(params_get(&query, "prompt"), SL("login")) ||
                               slice_is_set(params_get(&query, "max_age"));
}

static enum step_result find_provider(struct flow *flow)
{
    struct request *request = request_of(flow);
    struct begin *begin = flow->state;
    struct provider *provider = providers_find(&request->hub->providers, request->segment);

    if (provider == NULL || !client_takes(request, begin->ticket.client_id, provider->id))
        return flow_fail(flow, &ERROR_UNKNOWN_PROVIDER, "provider %.*s",
                         SLICE_ARG(request->segment));
    if (!provider_is_available(provider))
        return flow_fail(flow, &ERROR_PLUGIN, "provider %.*s is out of service",
                         SLICE_ARG(provider->id));
    login_begin(&begin->login, flow, request->hub, provider);
    begin->login.callback_url = upstream_callback_url(request, provider);
    begin->login.attempt.provider = provider->id;
    begin->login.attempt.form_post = provider->description.response_mode == RESPONSE_FORM_POST;
    attempt_begin(request, &begin->login.attempt);
    take_hints(flow, begin);
    return STEP_NEXT;
}

static enum step_result make_request(struct flow *flow)
{
    return flow_enter(flow, authorize_upstream);
}

static enum step_result send_browser(struct flow *flow)
{
    struct request *request = request_of(flow);
    struct begin *begin = flow->state;
    const struct description *d = &begin->login.provider->description;
    struct slice url = outgoing_url(&begin->login.request, &flow->arena, d->authorize_fragment);

    if (!slice_is_set(url))
        return flow_fail(flow, &ERROR_UPSTREAM, "the authorization request would be too long");
    if (!attempt_issue(request, &begin->login.attempt))
        return STEP_FAIL;
    return request_redirect(request, provider_url(&flow->arena, begin->login.provider, url));
}

static const struct step begin_steps[] = {
    STEP(read_ticket),  STEP(find_provider),
    STEP(make_request), /* a table: discovery, the request, the hook */
    STEP(send_browser), STEP_END,
};

void upstream_offer_again(struct request *request, const struct attempt *attempt)
{
    struct buf path = BUF_INIT(8192);

    buf_add_text(&path, "/login?");
    if (slice_is_set(attempt->ticket))
        buf_add_param(&path, SL("ticket"), attempt->ticket);
    if (slice_is_set(attempt->return_to))
        buf_add_param(&path, SL("return_to"), attempt->return_to);
    if (slice_is_set(attempt->ticket) || slice_is_set(attempt->return_to))
        request->again = arena_copy(request_arena(request), buf_slice(&path));
    buf_release(&path);
}

struct slice upstream_callback_url(struct request *request, const struct provider *provider)
{
    return arena_concat(request_arena(request), request->hub->settings->issuer, SL("/callback/"),
                        provider->id);
}

const struct flow_kind login_flow = { "login", begin_steps, sizeof(struct begin),
                                      request_fail_page };
