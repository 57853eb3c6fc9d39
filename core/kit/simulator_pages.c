#include "kit/simulator.h"

#include "base/codec.h"
#include "base/json.h"
#include "base/url.h"
#include "hub/routes.h"
#include "kit/simulator_oauth1.h"
#include "protocol/errors.h"

enum {
    MANY = 12 /* providers, more than which need the whole width */
};

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
    struct slice url = provider->description->authorize_url;

    if (slice_is_set(url) && !slice_has(url, '{'))
        return url;
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

static bool has_any(const json_t *data, const char *list)
{
    return json_array_size(json_object_get(data, list)) > 0;
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

        /* Whoever develops against the simulator has an id of his own. */
        if (slice_equal(member->value->text, own_id) && slice_is_set(given)) {
            play->client_id = arena_copy(&play->arena, given);
            continue;
        }
        if (absent ? slice_is_set(given)
                   : !play_matches(simulator, play, member->value->text, given))
            return arena_printf(&play->arena, "The parameter %.*s is \"%.*s\" instead of \"%.*s\".",
                                SLICE_ARG(member->name), SLICE_ARG(given),
                                SLICE_ARG(play_fill(simulator, play, member->value->text)))
                .at;
    }
    return NULL;
}

/* NULL when the authorization request goes on with something that nobody has begun. */
static struct play *begin_play(const struct simulation *simulation, const struct kit_case *what,
                               const struct params *params, struct play **earlier_r)
{
    *earlier_r = NULL;
    if (simulation->provider->description->protocol == PROTOCOL_OAUTH1)
        return oauth1_go_on(simulation->simulator, what, params, earlier_r);
    return simulator_play(simulation->simulator, simulation->provider, what, params);
}

/* With `why` when it cannot be played, as the provider is configured. */
static json_t *case_entry(const struct kit_case *what, const char *why)
{
    json_t *entry = json_object();

    json_set_slice(entry, "case", what->name);
    json_set_slice(entry, "about", what->about);
    json_set_slice(entry, "name", kit_text(what->profile, "name"));
    if (why != NULL)
        json_set_slice(entry, "why", slice_of(why));
    return entry;
}

/* The plain login stands first, whatever the order of names. */
static void add_case(json_t *data, const struct request *request,
                     const struct simulation *simulation, const struct kit_case *what)
{
    struct play *earlier;
    struct play *play = begin_play(simulation, what, &request->query, &earlier);
    const char *why = play != NULL ? check_authorize(simulation->simulator, play, &request->query)
                                   : "Nobody was given this oauth_token.";
    json_t *list = json_object_get(data, why != NULL ? "unfit" : kind_of(what));

    json_array_insert_new(list, slice_is(what->name, "login") ? 0 : json_array_size(list),
                          case_entry(what, why));
    if (play != NULL)
        play_free(simulation->simulator, play);
}

static json_t *hidden_fields(const struct params *query)
{
    json_t *fields = json_array();

    for (size_t i = 0; i < query->count; i++) {
        json_t *field = json_object();

        json_set_slice(field, "name", query->at[i].name);
        json_set_slice(field, "value", query->at[i].value);
        json_array_append_new(fields, field);
    }
    return fields;
}

static enum step_result show_people(struct request *request, const struct simulation *simulation)
{
    const struct kit_cases *cases = simulation->provider->cases;
    json_t *data = json_pack("{s:[], s:[], s:[], s:[]}", "people", "refusals", "errors", "unfit");

    for (size_t i = 0; i < cases->count; i++) {
        if (is_played_here(simulation, &cases->at[i]))
            add_case(data, request, simulation, &cases->at[i]);
    }
    json_set_slice(data, "plugin", simulation->provider->plugin);
    json_set_slice(data, "provider", simulation->provider->description->name);
    json_object_set_new(data, "someone", json_boolean(has_any(data, "people")));
    json_object_set_new(data, "others",
                        json_boolean(has_any(data, "refusals") || has_any(data, "errors")));
    json_object_set_new(data, "misfits", json_boolean(has_any(data, "unfit")));
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
    json_set_slice(data, "plugin", play->provider->plugin);
    json_set_slice(data, "provider", play->provider->description->name);
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
    struct play *earlier;
    struct play *play = begin_play(simulation, what, &form, &earlier);

    if (play == NULL)
        return flow_fail(flow, &ERROR_INVALID_REQUEST, "nobody was given this oauth_token");
    if (earlier != NULL)
        play_free(simulation->simulator, earlier);
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

    /* A browser brings no credentials; some providers have all their endpoints at one path. */
    if (!is_authorize(simulation) || slice_is_set(request_header(request, "Authorization")))
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
        json_set_slice(entry, "name", simulator->providers[i].description->name);
        json_object_set_new(entry, "cases",
                            json_integer((json_int_t)simulator->providers[i].cases->count));
        json_array_append_new(json_object_get(data, "providers"), entry);
    }
    json_object_set_new(data, "many", json_boolean(simulator->count > MANY));
    json_set_slice(data, "url", slice_of(simulator->url));
    return request_page(request, 200, "simulate_list", data);
}

static const struct step list_steps[] = { STEP(list_providers), STEP_END };

static const struct flow_kind list_flow = { "simulated providers", list_steps, 0,
                                            request_fail_page };

static enum step_result send_mark(struct flow *flow)
{
    struct request *request = request_of(flow);
    const struct simulated *provider = simulator_find(request->hub->context, request->segment);

    if (provider == NULL)
        return flow_fail(flow, &ERROR_NOT_FOUND, "mark of %.*s", SLICE_ARG(request->segment));
    return static_send_mark(request, provider->description);
}

static const struct step mark_steps[] = { STEP(send_mark), STEP_END };

static const struct flow_kind simulated_mark_flow = { "mark of a simulated provider", mark_steps, 0,
                                                      request_fail_page };

const struct route simulator_routes[] = {
    { HTTP_GET, "/", &list_flow, 0 },
    { HTTP_GET, "/static/{file}", &static_flow, ROUTE_CACHEABLE },
    { HTTP_GET, "/marks/{provider}", &simulated_mark_flow, ROUTE_CACHEABLE },
    { HTTP_GET | HTTP_POST | HTTP_PUT | HTTP_DELETE | HTTP_PATCH, "*", &simulate_flow, 0 },
    { 0, NULL, NULL, 0 },
};
