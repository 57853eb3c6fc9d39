#include "kit/simulator.h"

#include "base/codec.h"
#include "base/json.h"
#include "base/url.h"
#include "hub/routes.h"
#include "protocol/errors.h"

/* What the steps share: where the request really wants to go. */
struct simulation {
    struct simulator *simulator;
    const struct simulated *provider;
    struct slice url; /* https://host/path, without query */
};

/* /PLUGIN/HOST/PATH */
static enum step_result find_simulated(struct flow *flow)
{
    struct request *request = request_of(flow);
    struct simulation *simulation = flow->state;
    struct slice rest = slice_from(request->exchange.head.path, 1);
    struct slice plugin;

    simulation->simulator = request->hub->context;
    slice_cut(rest, '/', &plugin, &rest);
    simulation->provider = simulator_find(simulation->simulator, plugin);
    if (simulation->provider == NULL || rest.len == 0)
        return flow_fail_telling(flow, &ERROR_NOT_FOUND, "The simulator plays no such provider.",
                                 "provider %.*s", SLICE_ARG(plugin));
    simulation->url = arena_join(&flow->arena, SL("https://"), rest);
    return STEP_NEXT;
}

/* Where cases are played that do not say it. */
static struct slice usual_url(const struct simulated *provider)
{
    const struct kit_cases *cases = provider->cases;
    const json_t *document = json_array_get(cases->discovery, 0);

    if (slice_is_set(provider->authorize_url) && !slice_has(provider->authorize_url, '{'))
        return provider->authorize_url;
    if (document != NULL)
        return json_member(document, "authorization_endpoint");
    for (size_t i = 0; i < cases->count; i++) {
        if (slice_is(cases->at[i].name, "login"))
            return kit_text(cases->at[i].authorize, "url");
    }
    return slice_none();
}

/* A case of a provider on another host, as of a company's own server, is played there only. */
static bool is_played_here(const struct simulation *simulation, const struct kit_case *what)
{
    struct slice url = kit_text(what->authorize, "url");

    if (!slice_is_set(url))
        url = usual_url(simulation->provider);
    return what->callback != NULL && slice_equal(simulation->url, url);
}

static bool is_authorize(const struct simulation *simulation)
{
    const struct kit_cases *cases = simulation->provider->cases;

    for (size_t i = 0; i < cases->count; i++) {
        if (is_played_here(simulation, &cases->at[i]))
            return true;
    }
    return false;
}

/* Sorted into people, refusals and errors, as somebody would look for them. */
static const char *kind_of(const struct kit_case *what)
{
    if (!slice_is_set(what->fails))
        return "people";
    return slice_is(what->fails, "access_denied") ? "refusals" : "errors";
}

static json_t *case_entry(const struct kit_case *what)
{
    json_t *entry = json_object();

    json_set_slice(entry, "case", what->name);
    json_set_slice(entry, "about", what->about);
    json_set_slice(entry, "name", kit_text(what->profile, "name"));
    return entry;
}

static json_t *hidden_fields(const struct params *query)
{
    json_t *fields = json_array();
    struct arena arena = { 0 };

    for (size_t i = 0; i < query->count; i++) {
        json_t *field = json_object();

        json_set_slice(field, "name", query->at[i].name);
        json_set_slice(field, "value", query->at[i].value);
        json_array_append_new(fields, field);
    }
    arena_release(&arena);
    return fields;
}

static enum step_result show_people(struct request *request, const struct simulation *simulation)
{
    const struct kit_cases *cases = simulation->provider->cases;
    json_t *data = json_pack("{s:[], s:[], s:[]}", "people", "refusals", "errors");

    for (size_t i = 0; i < cases->count; i++) {
        const struct kit_case *what = &cases->at[i];
        json_t *list = json_object_get(data, kind_of(what));

        /* The plain login stands first, whatever the order of names. */
        if (is_played_here(simulation, what))
            json_array_insert_new(list, slice_is(what->name, "login") ? 0 : json_array_size(list),
                                  case_entry(what));
    }
    json_set_slice(data, "provider", simulation->provider->name);
    json_set_slice(data, "app", params_get(&request->query, "client_id"));
    json_set_slice(data, "action", request->exchange.head.path);
    json_object_set_new(data, "fields", hidden_fields(&request->query));
    request_add_header(
        request, "Content-Security-Policy",
        SL("default-src 'none'; style-src 'self'; img-src 'self'; frame-ancestors 'none'; "
           "base-uri 'none'"));
    return request_page(request, 200, "simulate", data);
}

static const struct kit_case *find_case(const struct kit_cases *cases, struct slice name)
{
    for (size_t i = 0; i < cases->count; i++) {
        if (slice_equal(cases->at[i].name, name))
            return &cases->at[i];
    }
    return NULL;
}

/* What the case wants the authorization request to be. */
static const char *check_authorize(struct simulator *simulator, struct play *play,
                                   const struct params *params)
{
    const struct node *wanted =
        play->what->authorize != NULL ? node_get(play->what->authorize, "query") : NULL;
    struct slice own_id = kit_text(play->what->config, "client_id");

    for (size_t i = 0; wanted != NULL && i < wanted->count; i++) {
        const struct node_member *member = &wanted->members[i];
        struct slice given = params_get_raw(params, arena_string(&play->arena, member->name));
        bool absent = member->value->kind == NODE_NULL;

        if (slice_equal(member->value->text, own_id) && slice_equal(given, play->client_id))
            continue;
        if (absent ? slice_is_set(given)
                   : !play_matches(simulator, play, member->value->text, given))
            return arena_printf(&play->arena, "The parameter %.*s is \"%.*s\" instead of \"%.*s\".",
                                SLICE_ARG(member->name), SLICE_ARG(given),
                                SLICE_ARG(play_fill(simulator, play, member->value->text)))
                .at;
    }
    return NULL;
}

static enum step_result send_answer(struct request *request, struct simulator *simulator,
                                    struct play *play, bool by_form)
{
    const struct node *callback = play->what->callback;
    struct buf url = BUF_INIT(16 * 1024);
    json_t *data = json_object();
    json_t *fields = json_array();

    buf_add(&url, play->callback);
    buf_add_byte(&url, slice_has(play->callback, '?') ? '&' : '?');
    for (size_t i = 0; i < callback->count; i++) {
        struct slice value = play_fill(simulator, play, callback->members[i].value->text);
        json_t *field = json_object();

        buf_add_param(&url, callback->members[i].name, value);
        json_set_slice(field, "name", callback->members[i].name);
        json_set_slice(field, "value", value);
        json_array_append_new(fields, field);
    }
    json_set_slice(data, "action", play->callback);
    json_set_slice(data, "provider", play->provider->name);
    json_object_set_new(data, "fields", fields);
    struct slice target = arena_copy(request_arena(request), buf_slice(&url));

    buf_release(&url);
    if (!by_form) {
        json_decref(data);
        return request_redirect(request, target);
    }
    request_add_header(
        request, "Content-Security-Policy",
        SL("default-src 'none'; style-src 'self'; img-src 'self'; frame-ancestors 'none'; "
           "base-uri 'none'"));
    return request_page(request, 200, "simulate_post", data);
}

/* The person has chosen. */
static enum step_result take_choice(struct flow *flow, struct simulation *simulation)
{
    struct request *request = request_of(flow);
    struct params form;
    struct url url;

    if (params_read(&flow->arena, request->exchange.body, &form) != NULL)
        return flow_fail(flow, &ERROR_INVALID_REQUEST, "the form cannot be read");
    const struct kit_case *what =
        find_case(simulation->provider->cases, params_get(&form, "simulated_case"));

    if (what == NULL || !is_played_here(simulation, what))
        return flow_fail(flow, &ERROR_INVALID_REQUEST, "there is no such case");
    params_set(&form, SL("simulated_case"), slice_none());
    struct play *play = simulator_play(simulation->simulator, simulation->provider, what, &form);
    const char *wrong = check_authorize(simulation->simulator, play, &form);

    if (wrong == NULL && (url_read_http(play->callback, &url) != NULL || !url_is_safe(&url)))
        wrong = "redirect_uri is no https URL, and none of a loopback host.";
    if (wrong != NULL)
        return flow_fail_telling(flow, &ERROR_INVALID_REQUEST,
                                 arena_copy(&flow->arena, slice_of(wrong)).at,
                                 "not as the case says");
    return send_answer(request, simulation->simulator, play,
                       slice_is(params_get(&form, "response_mode"), "form_post"));
}

static enum step_result play_provider(struct flow *flow)
{
    struct request *request = request_of(flow);
    struct simulation *simulation = flow->state;

    if (!is_authorize(simulation))
        return simulator_answer(simulation->simulator, request, simulation->provider,
                                simulation->url);
    if (request->exchange.head.method == HTTP_POST)
        return take_choice(flow, simulation);
    return show_people(request, simulation);
}

static const struct step simulate_steps[] = { STEP(find_simulated), STEP(play_provider), STEP_END };

static const struct flow_kind simulate_flow = { "simulate", simulate_steps,
                                                sizeof(struct simulation), request_fail_page };

/* What is played here, for whoever opens the simulator itself. */
static enum step_result list_providers(struct flow *flow)
{
    struct request *request = request_of(flow);
    const struct simulator *simulator = request->hub->context;
    json_t *data = json_pack("{s:[]}", "providers");

    for (size_t i = 0; i < simulator->count; i++) {
        json_t *entry = json_object();

        json_set_slice(entry, "id", simulator->providers[i].plugin);
        json_set_slice(entry, "name", simulator->providers[i].name);
        json_object_set_new(entry, "cases",
                            json_integer((json_int_t)simulator->providers[i].cases->count));
        json_array_append_new(json_object_get(data, "providers"), entry);
    }
    json_set_slice(data, "url", slice_of(simulator->url));
    return request_page(request, 200, "simulate_list", data);
}

static const struct step list_steps[] = { STEP(list_providers), STEP_END };

static const struct flow_kind list_flow = { "simulated providers", list_steps, 0,
                                            request_fail_page };

const struct route simulator_routes[] = {
    { HTTP_GET, "/", &list_flow, 0 },
    { HTTP_GET, "/static/{file}", &static_flow, ROUTE_CACHEABLE },
    { HTTP_GET | HTTP_POST | HTTP_PUT | HTTP_DELETE | HTTP_PATCH, "*", &simulate_flow, 0 },
    { 0, NULL, NULL, 0 },
};
