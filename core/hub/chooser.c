#include "hub/routes.h"

#include "base/codec.h"
#include "base/json.h"
#include "base/url.h"
#include "hub/ticket.h"
#include "protocol/errors.h"

enum {
    MANY = 12 /* providers, more than which nobody looks through */
};

struct chooser {
    struct ticket ticket;
    const struct client_settings *for_client; /* NULL: a login of our own */
    json_t *shown;
    size_t offered; /* some of which may have been left out by the search */
    const struct provider *only;
};

static enum step_result read_ticket(struct flow *flow)
{
    struct request *request = request_of(flow);
    struct chooser *chooser = flow->state;
    struct slice id = request_param(request, "ticket");
    struct slice return_to = request_param(request, "return_to");

    if (slice_is_set(id) && !ticket_open(request, id, &chooser->ticket))
        return flow_fail(flow, &ERROR_LOGIN_EXPIRED, "there is no such ticket in this browser");
    if (slice_is_set(return_to) && !url_is_local_path(return_to))
        return flow_fail(flow, &ERROR_INVALID_REQUEST, "return_to is no path of ours");
    if (slice_is_set(chooser->ticket.client_id))
        chooser->for_client = settings_client(request->hub->settings, chooser->ticket.client_id);
    return STEP_NEXT;
}

static bool is_offered(const struct chooser *chooser, const struct provider *provider)
{
    const struct client_settings *client = chooser->for_client;

    if (provider->settings->hidden)
        return false;
    for (size_t i = 0; client != NULL && i < client->providers.count; i++) {
        if (slice_equal(client->providers.at[i], provider->id))
            return true;
    }
    return client == NULL || client->providers.count == 0;
}

/* /login/{provider}, with what has to come along. */
static struct slice login_link(struct request *request, const struct chooser *chooser,
                               const struct provider *provider)
{
    struct buf link = BUF_INIT(4096);
    struct slice return_to = request_param(request, "return_to");

    buf_printf(&link, "%.*s/login/%.*s", SLICE_ARG(request->hub->base_path),
               SLICE_ARG(provider->id));
    if (slice_is_set(chooser->ticket.id) || slice_is_set(return_to))
        buf_add_byte(&link, '?');
    if (slice_is_set(chooser->ticket.id))
        buf_add_param(&link, SL("ticket"), chooser->ticket.id);
    if (slice_is_set(return_to))
        buf_add_param(&link, SL("return_to"), return_to);
    struct slice text = arena_copy(request_arena(request), buf_slice(&link));

    buf_release(&link);
    return text;
}

/* Of two with one name, the ids tell which is which. */
static bool has_namesake(const struct request *request, const struct chooser *chooser,
                         const struct provider *provider)
{
    const struct providers *all = &request->hub->providers;

    for (size_t i = 0; i < all->count; i++) {
        if (&all->at[i] != provider &&
            slice_equal(all->at[i].description.name, provider->description.name) &&
            is_offered(chooser, &all->at[i]))
            return true;
    }
    return false;
}

static json_t *provider_entry(struct request *request, const struct chooser *chooser,
                              const struct provider *provider)
{
    json_t *entry = json_object();

    json_set_slice(entry, "id", provider->id);
    json_set_slice(entry, "name", provider->description.name);
    json_set_slice(entry, "href", login_link(request, chooser, provider));
    json_object_set_new(entry, "namesake", json_boolean(has_namesake(request, chooser, provider)));
    json_object_set_new(entry, "unavailable", json_boolean(!provider_is_available(provider)));
    return entry;
}

static void release_json(void *json)
{
    json_decref(json);
}

static enum step_result list_providers(struct flow *flow)
{
    struct request *request = request_of(flow);
    struct chooser *chooser = flow->state;
    const struct providers *all = &request->hub->providers;
    struct slice wanted = slice_trim(request_param(request, "find"));

    chooser->shown = json_array();
    flow_own(flow, chooser->shown, release_json);
    for (size_t i = 0; i < all->count; i++) {
        const struct provider *provider = &all->at[i];

        if (!is_offered(chooser, provider))
            continue;
        chooser->offered++;
        chooser->only = provider;
        if (slice_has_nocase(provider->description.name, wanted) ||
            slice_has_nocase(provider->id, wanted))
            json_array_append_new(chooser->shown, provider_entry(request, chooser, provider));
    }
    return STEP_NEXT;
}

/* Nothing to choose: on to the one there is. Not when somebody has just come back from it. */
static enum step_result pass_on(struct flow *flow)
{
    struct request *request = request_of(flow);
    struct chooser *chooser = flow->state;

    if (chooser->offered != 1 || params_count(&request->query, "cancelled") > 0 ||
        !provider_is_available(chooser->only))
        return STEP_NEXT;
    return request_redirect(request, login_link(request, chooser, chooser->only));
}

/* Of many, some can be found by name. */
static void add_search(struct request *request, const struct chooser *chooser, json_t *data)
{
    if (chooser->offered <= MANY)
        return;
    json_object_set_new(data, "many", json_true());
    json_set_slice(data, "find", slice_trim(request_param(request, "find")));
    json_set_slice(data, "ticket", chooser->ticket.id);
    json_set_slice(data, "return_to", request_param(request, "return_to"));
}

static enum step_result show_chooser(struct flow *flow)
{
    struct request *request = request_of(flow);
    struct chooser *chooser = flow->state;
    struct slice cancelled = request_param(request, "cancelled");
    const struct provider *no = providers_find(&request->hub->providers, cancelled);
    json_t *data = json_object();

    json_object_set(data, "providers", chooser->shown);
    json_object_set_new(data, "nowhere", json_boolean(chooser->offered == 0));
    add_search(request, chooser, data);
    if (chooser->for_client != NULL)
        json_set_slice(data, "client",
                       slice_is_set(chooser->for_client->client_name)
                           ? chooser->for_client->client_name
                           : chooser->for_client->named.id);
    if (no != NULL)
        json_set_slice(data, "cancelled", no->description.name);
    return request_page(request, 200, "chooser", data);
}

static const struct step chooser_steps[] = {
    STEP(read_ticket), STEP(list_providers), STEP(pass_on), STEP(show_chooser), STEP_END,
};

const struct flow_kind chooser_flow = { "chooser", chooser_steps, sizeof(struct chooser),
                                        request_fail_page };
