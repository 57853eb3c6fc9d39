#include "hub/router.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/map.h"
#include "base/memory.h"
#include "base/random.h"
#include "base/url.h"
#include "hub/throttle.h"
#include "protocol/errors.h"

enum {
    REQUEST_DEADLINE_MS = 30 * 1000, /* more than the calls of a login may take together */
    ID_BYTES = 12,
    NAMES_MAX = 512
};

/* The routes of one path: usually one, sometimes a second for another method. */
struct path_entry {
    const struct route *route;
    size_t index;
    struct path_entry *next;
};

struct router {
    struct hub *hub;
    struct slice base_path;
    bool counted;
    struct arena arena;
    struct map exact;            /* path to path_entry */
    struct map prefix;           /* path up to "{": with its last '/' */
    struct path_entry *fallback; /* "*": everything else */
};

static size_t brace(struct slice path)
{
    return slice_find(path, '{');
}

/* Of series in the metrics: the same name twice would be the same series twice. */
struct names {
    const char *at[NAMES_MAX + 1]; /* NULL at the end */
    size_t count;
};

static size_t names_place(struct names *names, const char *name)
{
    size_t place = 0;

    while (place < names->count && strcmp(names->at[place], name) != 0)
        place++;
    if (place == names->count && names->count < NAMES_MAX)
        names->at[names->count++] = name;
    return place;
}

static void add_route(struct router *router, const struct route *route, size_t index)
{
    struct slice path = slice_of(route->path);
    bool open = brace(path) < path.len;

    if (slice_is(path, "*")) {
        router->fallback = arena_new(&router->arena, struct path_entry);
        *router->fallback = (struct path_entry){ route, index, NULL };
        return;
    }
    struct map *map = open ? &router->prefix : &router->exact;
    struct slice name = slice_sub(path, 0, brace(path));
    struct path_entry *entry = arena_new(&router->arena, struct path_entry);

    *entry = (struct path_entry){ route, index, map_get(map, name) };
    map_set(map, name, entry);
}

struct router *router_new(struct hub *hub, const struct route *const *tables,
                          struct slice base_path, bool counted)
{
    struct router *router = mem_zalloc(1, sizeof(*router));
    struct names names = { 0 };

    router->hub = hub;
    router->base_path = base_path;
    router->counted = counted;
    for (; *tables != NULL; tables++) {
        for (const struct route *route = *tables; route->path != NULL; route++)
            add_route(router, route, names_place(&names, route->path));
    }
    return router;
}

void router_free(struct router *router)
{
    if (router == NULL)
        return;
    map_release(&router->exact);
    map_release(&router->prefix);
    arena_release(&router->arena);
    mem_free(router);
}

/* All entries of a path, or NULL; a last segment goes to `*segment_r` when the route wants one. */
static const struct path_entry *find_path(const struct router *router, struct slice path,
                                          struct slice *segment_r)
{
    const struct path_entry *entry = map_get(&router->exact, path);
    size_t cut = path.len;

    *segment_r = slice_none();
    if (entry != NULL)
        return entry;
    while (cut > 0 && path.at[cut - 1] != '/')
        cut--;
    *segment_r = slice_from(path, cut);
    entry = segment_r->len > 0 ? map_get(&router->prefix, slice_sub(path, 0, cut)) : NULL;
    return entry != NULL ? entry : router->fallback;
}

static unsigned methods_of(const struct route *route)
{
    bool with_head = (route->methods & HTTP_GET) != 0 && (route->flags & ROUTE_NO_HEAD) == 0;

    return route->methods | (with_head ? HTTP_HEAD : 0);
}

static const struct route *choose_route(struct request *request, struct slice *allow_r)
{
    enum http_method method = request->exchange.head.method;
    const struct path_entry *entry = find_path(request->router, request->path, &request->segment);
    struct buf allow = BUF_INIT(128);
    unsigned methods = 0;

    for (; entry != NULL; entry = entry->next) {
        unsigned takes = methods_of(entry->route);

        request->route_index = entry->index;
        if ((takes & method) != 0)
            return entry->route;
        methods |= takes;
        if ((entry->route->flags & (ROUTE_CORS | ROUTE_CORS_ANY)) != 0 && method == HTTP_OPTIONS)
            return entry->route;
    }
    for (unsigned each = HTTP_GET; each < HTTP_METHOD_OTHER; each <<= 1) {
        if ((methods & each) != 0)
            buf_printf(&allow, "%s%s", allow.len > 0 ? ", " : "", http_method_name(each));
    }
    *allow_r = arena_copy(request_arena(request), buf_slice(&allow));
    buf_release(&allow);
    return NULL;
}

/* ---- where the request comes from ---- */

static bool is_trusted(const struct hub *hub, const struct address *address)
{
    const struct cidr *each = hub->settings->trusted_proxies.at;

    for (size_t i = 0; i < hub->settings->trusted_proxies.count; i++) {
        if (cidr_contains(&each[i], address))
            return true;
    }
    return false;
}

/* All lines as one list (RFC 9110, 5.3): a proxy may add a line of its own behind the stranger's.
 */
static struct slice forwarded_for(struct request *request)
{
    const struct http_head *head = &request->exchange.head;
    struct slice list = slice_none();

    for (size_t i = 0; i < head->header_count; i++) {
        struct slice value = head->headers[i].value;

        if (!slice_is_nocase(head->headers[i].name, "X-Forwarded-For"))
            continue;
        list = slice_is_set(list) ? arena_printf(request_arena(request), "%.*s,%.*s",
                                                 SLICE_ARG(list), SLICE_ARG(value))
                                  : value;
    }
    return list;
}

/* The nearest address that is not one of our proxies. What a stranger wrote into the header stands
 * to the left of it and counts for nothing. */
static struct slice client_address(struct request *request)
{
    struct address address = request->exchange.peer;
    struct slice forwarded = forwarded_for(request);

    while (is_trusted(request->hub, &address) && forwarded.len > 0) {
        size_t comma = forwarded.len;

        while (comma > 0 && forwarded.at[comma - 1] != ',')
            comma--;
        struct address next;

        if (!address_read_ip(slice_trim(slice_from(forwarded, comma)), &next))
            break;
        address = next;
        forwarded = comma > 0 ? slice_sub(forwarded, 0, comma - 1) : slice_none();
    }
    return address_host_text(request_arena(request), &address);
}

/* ---- other origins ---- */

static bool origin_is_registered(const struct hub *hub, struct slice origin)
{
    const struct client_settings *clients = hub->settings->clients.at;

    for (size_t i = 0; i < hub->settings->clients.count; i++) {
        for (size_t k = 0; k < clients[i].cors_origins.count; k++) {
            if (slice_equal(clients[i].cors_origins.at[k], origin))
                return true;
        }
    }
    return false;
}

static void add_cors(struct request *request)
{
    struct slice origin = request_header(request, "Origin");
    unsigned flags = request->route->flags;

    if ((flags & ROUTE_CORS_ANY) != 0) {
        request_add_header(request, "Access-Control-Allow-Origin", SL("*"));
        return;
    }
    if ((flags & ROUTE_CORS) == 0 || !slice_is_set(origin))
        return;
    request_add_header(request, "Vary", SL("Origin"));
    if (!origin_is_registered(request->hub, origin))
        return;
    request_add_header(request, "Access-Control-Allow-Origin", origin);
    request_add_header(request, "Access-Control-Expose-Headers", SL("WWW-Authenticate"));
}

static enum step_result answer_preflight(struct flow *flow)
{
    struct request *request = request_of(flow);

    request_add_header(request, "Access-Control-Allow-Methods", SL("GET, POST"));
    request_add_header(request, "Access-Control-Allow-Headers",
                       SL("Authorization, Content-Type, DPoP"));
    request_add_header(request, "Access-Control-Max-Age", SL("600"));
    return request_answer(request, 204, NULL, SL(""));
}

static const struct step preflight[] = { STEP(answer_preflight), STEP_END };

/* ---- reading what came ---- */

static bool path_below_issuer(struct request *request)
{
    struct slice base = request->router->base_path;
    struct slice path = http_path_decode(request_arena(request), request->exchange.head.path);

    request->path = path;
    if (!slice_is_set(path))
        return false;
    if (base.len == 0)
        return true;
    /* RFC 8414, 3.1: the issuer's path may also stand behind the well-known one. */
    if (slice_starts(path, SL("/.well-known/")) && slice_ends(path, base)) {
        request->path = slice_sub(path, 0, path.len - base.len);
        return true;
    }
    if (!slice_starts(path, base))
        return false;
    request->path = slice_from(path, base.len);
    if (request->path.len == 0)
        request->path = SL("/");
    return request->path.at[0] == '/';
}

static bool is_form(struct slice content_type)
{
    struct slice type;
    struct slice parameters;

    slice_cut(content_type, ';', &type, &parameters);
    if (!slice_is_nocase(slice_trim(type), "application/x-www-form-urlencoded"))
        return false;
    parameters = slice_trim(parameters);
    return parameters.len == 0 || slice_is_nocase(parameters, "charset=utf-8") ||
           slice_is_nocase(parameters, "charset=\"utf-8\"");
}

/* False, with flow.error set, when they cannot be read. */
static bool read_parameters(struct request *request)
{
    struct flow *flow = &request->flow;
    unsigned flags = request->route->flags;
    const char *wrong = params_read(&flow->arena, request->exchange.head.query, &request->query);

    if (wrong != NULL)
        return flow_fail(flow, &ERROR_INVALID_REQUEST, "query: %s", wrong) != STEP_FAIL;
    if (request->exchange.head.method != HTTP_POST || (flags & ROUTE_FORM) == 0)
        return true;
    if ((flags & ROUTE_NO_QUERY) != 0 && request->query.count > 0)
        return flow_fail_telling(flow, &ERROR_INVALID_REQUEST,
                                 "Parameters belong in the body, not in the URL.",
                                 "the URL of a POST has a query") != STEP_FAIL;
    if (request->exchange.body.len > 0 && !is_form(request_header(request, "Content-Type")))
        return flow_fail(flow, &ERROR_UNSUPPORTED_MEDIA_TYPE, "the body is %.*s",
                         SLICE_ARG(request_header(request, "Content-Type"))) != STEP_FAIL;
    wrong = params_read(&flow->arena, request->exchange.body, &request->form);
    if (wrong != NULL)
        return flow_fail(flow, &ERROR_INVALID_REQUEST, "form: %s", wrong) != STEP_FAIL;
    return true;
}

static enum step_result say_not_found(struct flow *flow)
{
    return flow_fail(flow, &ERROR_NOT_FOUND, "%.*s",
                     SLICE_ARG(request_of(flow)->exchange.head.path));
}

static enum step_result say_not_allowed(struct flow *flow)
{
    return flow_fail(flow, &ERROR_METHOD_NOT_ALLOWED, "method");
}

static enum step_result say_throttled(struct flow *flow)
{
    return flow_fail(flow, &ERROR_TOO_MANY_REQUESTS, "too many logins from %.*s",
                     SLICE_ARG(request_of(flow)->peer));
}

/* Its error is known already. */
static enum step_result say_error(struct flow *flow)
{
    (void)flow;
    return STEP_FAIL;
}

static const struct step malformed[] = { STEP(say_error), STEP_END };
static const struct step not_found[] = { STEP(say_not_found), STEP_END };
static const struct step not_allowed[] = { STEP(say_not_allowed), STEP_END };
static const struct step throttled[] = { STEP(say_throttled), STEP_END };

/* The page for people, JSON for programs. */
static void fail_anyhow(struct request *request)
{
    if (slice_find_text(request_header(request, "Accept"), SL("text/html")) <
        request_header(request, "Accept").len)
        request_fail_page(request);
    else
        request_fail_json(request);
}

static const struct flow_kind nowhere_flow = { .name = "nowhere", .fail = fail_anyhow };
static const struct route nowhere = { .flow = &nowhere_flow };

static const struct step *choose_steps(struct request *request)
{
    struct slice allow = SL("");

    request->route = path_below_issuer(request) ? choose_route(request, &allow) : NULL;
    if (request->route == NULL) {
        request->route = &nowhere;
        if (allow.len > 0)
            request_add_header(request, "Allow", allow);
        return allow.len > 0 ? not_allowed : not_found;
    }
    add_cors(request);
    if (request->exchange.head.method == HTTP_OPTIONS &&
        (request->route->methods & HTTP_OPTIONS) == 0)
        return preflight;
    if ((request->route->flags & ROUTE_THROTTLED) != 0 &&
        throttle_exceeds(request->hub->throttle, &request->hub->settings->limits.per_address.logins,
                         SL("logins"), request->peer, 1))
        return throttled;
    return request->route->flow->steps;
}

/* ---- life of a request ---- */

static void count_request(const struct request *request)
{
    struct metrics *metrics = request->hub->metrics;
    int class = request->status / 100;

    if (request->route == NULL || request->route == &nowhere || !request->router->counted)
        return;
    metrics_count(metrics, METRIC_REQUESTS, request->route_index,
                  class >= 2 && class <= 5 ? class - 2 : 3);
    metrics_observe(metrics, METRIC_REQUEST_TIME, request->route_index,
                    clock_monotonic_us() - request->exchange.began_us);
}

static void request_ended(struct flow *flow, enum flow_end end)
{
    struct request *request = request_of(flow);

    if (end == FLOW_TOO_LATE)
        flow_fail(flow, &ERROR_TOO_LATE, "the deadline has passed in %s",
                  flow->waiting != NULL ? flow->waiting->name : "the beginning");
    else if (end == FLOW_DONE && !request->answered)
        flow_fail(flow, &ERROR_SERVER_ERROR, "bug: %s has ended without an answer", flow->name);
    if (end != FLOW_GONE && !request->answered)
        request->route->flow->fail(request);
    count_request(request);
}

/* "00-" 32 hexadecimal digits "-" 16 "-" 2, in lower case: anything else is no trace. */
static struct slice read_traceparent(const struct request *request)
{
    static const char shape[] = "xx-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx-xxxxxxxxxxxxxxxx-xx";
    struct slice given = request_header(request, "traceparent");

    if (given.len != sizeof(shape) - 1)
        return slice_none();
    for (size_t i = 0; i < given.len; i++) {
        char c = given.at[i];
        bool is_hex = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');

        if (shape[i] == 'x' ? !is_hex : c != shape[i])
            return slice_none();
    }
    return given;
}

static struct http_exchange *open_request(void *context)
{
    struct request *request =
        container_of(flow_new(sizeof(struct request), "request", NULL), struct request, flow);

    request->router = context;
    request->hub = request->router->hub;
    request->exchange.arena = &request->flow.arena;
    request->flow.on_end = request_ended;
    return &request->exchange;
}

static void serve_request(struct http_exchange *exchange)
{
    struct request *request = container_of(exchange, struct request, exchange);
    struct flow *flow = &request->flow;

    request->id = random_token(&flow->arena, ID_BYTES);
    request->peer = client_address(request);
    request->traceparent = read_traceparent(request);
    flow->log_request = request->id;
    flow->step = choose_steps(request);
    flow->name = request->route->flow->name;
    flow->state = arena_zalloc(&flow->arena, request->route->flow->state);
    flow_set_deadline(flow, REQUEST_DEADLINE_MS);
    if (!read_parameters(request))
        flow->step = malformed;
    flow_run(flow);
}

static void abandon_request(struct http_exchange *exchange, bool served)
{
    struct request *request = container_of(exchange, struct request, exchange);

    (void)served;
    flow_cancel(&request->flow, FLOW_GONE);
}

struct http_handler router_handler(struct router *router)
{
    return (struct http_handler){
        .context = router, .open = open_request, .serve = serve_request, .abandon = abandon_request
    };
}

struct slice router_error_headers(struct hub *hub)
{
    return arena_join(&hub->arena, hub->common_headers,
                      SL("Cache-Control: no-store\r\nContent-Security-Policy: default-src 'none'; "
                         "frame-ancestors 'none'\r\n"));
}

/* ---- names, for the metrics ---- */

const char *const *router_route_names(struct arena *arena, const struct route *const *tables)
{
    struct names *names = arena_new(arena, struct names);

    for (; *tables != NULL; tables++) {
        for (const struct route *route = *tables; route->path != NULL; route++)
            names_place(names, route->path);
    }
    return names->at;
}

const char *const *router_step_names(struct arena *arena, const struct route *const *tables)
{
    struct names *names = arena_new(arena, struct names);

    for (; *tables != NULL; tables++) {
        for (const struct route *route = *tables; route->path != NULL; route++) {
            for (const struct step *step = route->flow->steps; step->run != NULL; step++)
                names_place(names, step->name);
        }
    }
    return names->at;
}
