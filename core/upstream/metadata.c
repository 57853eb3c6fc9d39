#include "upstream/metadata.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/url.h"
#include "crypto/jwk.h"
#include "protocol/errors.h"
#include "upstream/kept.h"
#include "upstream/login.h"

enum {
    FRESH_S = 3600,
    STALE_S = 24 * 3600,
    RETRY_S = 10,   /* after a failed fetch */
    REFETCH_S = 30, /* between two fetches for an unknown key */
    DOCUMENT_MAX = 256 * 1024
};

enum what {
    WHAT_DOCUMENT,
    WHAT_KEYS,
    WHAT_COUNT
};

/* One thing that is fetched and kept. */
struct cached {
    int64_t fetched; /* clock_monotonic_ms() / 1000; 0: never */
    int64_t tried;
    int64_t refetched; /* last, for an unknown key */
    bool fetching;
    struct list waiting;              /* struct waiter */
    const struct error_kind *failure; /* of the last try */
};

struct metadata {
    struct cached cached[WHAT_COUNT];
    struct arena document_arena;
    struct endpoints endpoints;
    struct arena keys_arena;
    struct jwk_set keys;
};

/* A flow that waits for a fetch which another flow makes. */
struct waiter {
    struct op op;
    struct list link;
};

/* The flow that fetches: of nobody's request. */
struct fetch {
    struct flow flow;
    struct hub *hub;
    struct provider *provider;
    enum what what;
    struct http_call call;
};

static int64_t now_s(void)
{
    return clock_monotonic_ms() / 1000 + 1; /* never 0 */
}

static struct metadata *metadata_of(struct provider *provider)
{
    struct kept *kept = kept_of(provider);

    if (kept->metadata == NULL) {
        kept->metadata = mem_zalloc(1, sizeof(*kept->metadata));
        for (int i = 0; i < WHAT_COUNT; i++)
            list_init(&kept->metadata->cached[i].waiting);
    }
    return kept->metadata;
}

/* NULL while there is none. */
static const struct metadata *metadata_known(const struct provider *provider)
{
    return provider->kept != NULL ? provider->kept->metadata : NULL;
}

void metadata_free(struct metadata *metadata)
{
    if (metadata == NULL)
        return;
    jwk_set_release(&metadata->keys);
    arena_release(&metadata->document_arena);
    arena_release(&metadata->keys_arena);
    mem_free(metadata);
}

static bool discovers(const struct provider *provider)
{
    const struct description *d = &provider->description;

    return d->protocol == PROTOCOL_OIDC && !slice_is_set(d->authorize_url);
}

static struct slice prefer(struct slice own, struct slice found)
{
    return slice_is_set(own) ? own : found;
}

struct endpoints upstream_endpoints(const struct provider *provider)
{
    const struct description *d = &provider->description;
    const struct metadata *metadata = metadata_known(provider);
    struct endpoints found = { 0 };

    if (metadata != NULL && discovers(provider))
        found = metadata->endpoints;
    found.authorize = prefer(d->authorize_url, found.authorize);
    found.token = prefer(d->token_url, found.token);
    found.userinfo = prefer(d->userinfo_url, found.userinfo);
    found.jwks = prefer(d->jwks_url, found.jwks);
    found.end_session = prefer(d->end_session_url, found.end_session);
    found.revoke = prefer(d->revoke_url, found.revoke);
    return found;
}

const struct jwk_set *upstream_keys(const struct provider *provider)
{
    const struct metadata *metadata = metadata_known(provider);

    return metadata != NULL && metadata->cached[WHAT_KEYS].fetched != 0 ? &metadata->keys : NULL;
}

/* ---- reading the document ---- */

static const struct {
    const char *name;
    size_t offset;
    bool required;
} document_members[] = {
    { "authorization_endpoint", offsetof(struct endpoints, authorize), true },
    { "token_endpoint", offsetof(struct endpoints, token), true },
    { "jwks_uri", offsetof(struct endpoints, jwks), true },
    { "userinfo_endpoint", offsetof(struct endpoints, userinfo), false },
    { "end_session_endpoint", offsetof(struct endpoints, end_session), false },
    { "revocation_endpoint", offsetof(struct endpoints, revoke), false },
};

static const char *read_endpoints(struct arena *arena, const json_t *document,
                                  struct endpoints *endpoints_r)
{
    for (size_t i = 0; i < sizeof(document_members) / sizeof(document_members[0]); i++) {
        struct slice value = json_member(document, document_members[i].name);
        struct url url;

        if (!slice_is_set(value) && !document_members[i].required)
            continue;
        if (!slice_is_set(value))
            return arena_printf(arena, "%s is missing", document_members[i].name).at;
        if (url_read_http(value, &url) != NULL || !url_is_safe(&url) || slice_is_set(url.fragment))
            return arena_printf(arena, "%s is no https URL", document_members[i].name).at;
        *(struct slice *)(void *)((char *)endpoints_r + document_members[i].offset) =
            arena_copy(arena, value);
    }
    endpoints_r->iss_promised =
        json_is_true(json_object_get(document, "authorization_response_iss_parameter_supported"));
    return NULL;
}

static bool same_host(struct slice a, struct slice b)
{
    struct url first;
    struct url second;

    return url_read_http(a, &first) == NULL && url_read_http(b, &second) == NULL &&
           slice_equal_nocase(first.host, second.host) && url_port(&first) == url_port(&second);
}

/* Those that get our secret, codes and tokens, and the one whose keys we believe. */
static const size_t bound_endpoints[] = {
    offsetof(struct endpoints, token),
    offsetof(struct endpoints, userinfo),
    offsetof(struct endpoints, revoke),
    offsetof(struct endpoints, jwks),
};

static struct slice endpoint_at(const struct endpoints *endpoints, size_t offset)
{
    return *(const struct slice *)(const void *)((const char *)endpoints + offset);
}

static bool knows_host(const struct endpoints *endpoints, struct slice url)
{
    for (size_t i = 0; i < sizeof(bound_endpoints) / sizeof(bound_endpoints[0]); i++) {
        if (same_host(endpoint_at(endpoints, bound_endpoints[i]), url))
            return true;
    }
    return false;
}

/* The first that is on another host than before, or is new on a host that none was on; or absent.
 */
static struct slice moved_endpoint(const struct endpoints *before, const struct endpoints *now)
{
    for (size_t i = 0; i < sizeof(bound_endpoints) / sizeof(bound_endpoints[0]); i++) {
        struct slice was = endpoint_at(before, bound_endpoints[i]);
        struct slice is = endpoint_at(now, bound_endpoints[i]);

        if (slice_is_set(is) && !(slice_is_set(was) ? same_host(was, is) : knows_host(before, is)))
            return is;
    }
    return slice_none();
}

static const char *take_document(struct provider *provider, const json_t *document)
{
    struct metadata *metadata = metadata_of(provider);
    struct slice issuer = json_member(document, "issuer");
    struct arena arena = { 0 };
    struct endpoints endpoints = { 0 };
    const char *wrong = read_endpoints(&arena, document, &endpoints);

    /* A provider with many tenants publishes a template there; its issuers are checked token by
     * token. */
    if (wrong == NULL && !description_issuer_is(&provider->description, issuer) &&
        !description_has_tenants(&provider->description))
        wrong = "issuer is not the one that is configured";
    struct slice moved = wrong == NULL && metadata->cached[WHAT_DOCUMENT].fetched != 0
                             ? moved_endpoint(&metadata->endpoints, &endpoints)
                             : slice_none();

    if (slice_is_set(moved)) {
        log_audit(
            "provider_moved",
            "provider %.*s now names an endpoint on another host (%.*s); the old ones stay in "
            "use, and nothing is sent there",
            SLICE_ARG(provider->id), SLICE_ARG(moved));
        wrong = "an endpoint has moved to another host";
    }
    if (wrong != NULL) {
        log_warn("the discovery document of provider %.*s is not taken: %s",
                 SLICE_ARG(provider->id), wrong);
        arena_release(&arena);
        return "the discovery document cannot be used";
    }
    arena_release(&metadata->document_arena);
    metadata->document_arena = arena;
    metadata->endpoints = endpoints;
    return NULL;
}

static const char *take_keys(struct provider *provider, const json_t *document)
{
    struct metadata *metadata = metadata_of(provider);
    struct arena arena = { 0 };
    struct jwk_set keys = { 0 };
    const char *wrong = jwk_set_read(&arena, document, &keys);

    if (wrong == NULL && keys.count == 0)
        wrong = "the key set has no key that can be used";
    if (wrong != NULL) {
        log_warn("the key set of provider %.*s is not taken: %s", SLICE_ARG(provider->id), wrong);
        jwk_set_release(&keys);
        arena_release(&arena);
        return wrong;
    }
    jwk_set_release(&metadata->keys);
    arena_release(&metadata->keys_arena);
    metadata->keys_arena = arena;
    metadata->keys = keys;
    return NULL;
}

/* ---- fetching ---- */

static struct fetch *fetch_of(struct flow *flow)
{
    return container_of(flow, struct fetch, flow);
}

static struct slice fetch_url(struct fetch *fetch)
{
    const struct description *d = &fetch->provider->description;
    struct arena *arena = &fetch->flow.arena;
    struct slice url =
        fetch->what == WHAT_KEYS ? upstream_endpoints(fetch->provider).jwks : d->discovery_url;

    if (!slice_is_set(url))
        url = url_below(arena, d->issuer, "/.well-known/openid-configuration");
    return provider_url(arena, fetch->provider, url);
}

static enum step_result ask_for_document(struct flow *flow)
{
    struct fetch *fetch = fetch_of(flow);
    static struct http_header accept[] = { { SLICE("Accept"), SLICE("application/json") } };

    fetch->call = (struct http_call){ .url = fetch_url(fetch),
                                      .headers = accept,
                                      .header_count = 1,
                                      .response_limit = DOCUMENT_MAX };
    fetch->call.inner_allowed = provider_url_is_own(fetch->provider, fetch->call.url);
    http_call_start(fetch->hub->http, flow, &fetch->call);
    return STEP_WAIT;
}

static enum step_result read_document(struct flow *flow)
{
    struct fetch *fetch = fetch_of(flow);
    const char *why = NULL;

    if (fetch->call.failure != HTTP_CALL_OK)
        return flow_fail(flow, &ERROR_UPSTREAM_DOWN, "%s", fetch->call.failure_text);
    if (fetch->call.status != 200)
        return flow_fail(flow, &ERROR_UPSTREAM_DOWN, "status %d", fetch->call.status);
    json_t *document = json_read_object(&flow->arena, fetch->call.reply, DOCUMENT_MAX, &why);

    if (document != NULL) {
        why = fetch->what == WHAT_KEYS ? take_keys(fetch->provider, document)
                                       : take_document(fetch->provider, document);
        json_decref(document);
    }
    return why == NULL ? STEP_DONE : flow_fail(flow, &ERROR_UPSTREAM, "%s", why);
}

static const struct step fetch_steps[] = { STEP(ask_for_document), STEP(read_document), STEP_END };

/* Everybody who waited goes on, whatever came of it. */
static void fetch_ended(struct flow *flow, enum flow_end end)
{
    struct fetch *fetch = fetch_of(flow);
    struct cached *cached = &metadata_of(fetch->provider)->cached[fetch->what];

    cached->fetching = false;
    cached->failure = NULL;
    if (end == FLOW_DONE) {
        cached->fetched = now_s();
    } else {
        cached->failure = end == FLOW_FAILED ? flow->error.kind : &ERROR_UPSTREAM_DOWN;
        if (end == FLOW_FAILED)
            log_warn("the %s of provider %.*s cannot be had: %.*s",
                     fetch->what == WHAT_KEYS ? "key set" : "discovery document",
                     SLICE_ARG(fetch->provider->id), SLICE_ARG(flow->error.detail));
    }
    while (!list_is_empty(&cached->waiting)) {
        struct waiter *waiter = list_entry(cached->waiting.next, struct waiter, link);

        list_remove(&waiter->link);
        flow_op_completed(&waiter->op);
    }
}

static void start_fetch(struct hub *hub, struct provider *provider, enum what what)
{
    struct cached *cached = &metadata_of(provider)->cached[what];
    struct flow *flow = flow_new(sizeof(struct fetch), "fetch metadata", fetch_steps);
    struct fetch *fetch = fetch_of(flow);

    cached->fetching = true;
    cached->tried = now_s();
    fetch->hub = hub;
    fetch->provider = provider;
    fetch->what = what;
    flow->on_end = fetch_ended;
    flow_set_deadline(flow, hub->settings->http.timeout + 1000);
    flow_run(flow);
}

static void cancel_waiter(struct op *op)
{
    list_remove(&container_of(op, struct waiter, op)->link);
}

static enum step_result wait_for(struct flow *flow, struct cached *cached)
{
    struct waiter *waiter = arena_new(&flow->arena, struct waiter);

    flow_op_started(flow, &waiter->op, cancel_waiter);
    list_add(&cached->waiting, &waiter->link);
    return STEP_WAIT;
}

/*
 * Fresh: on. Old but usable: on, and fetch behind. Nothing usable: wait for a fetch, one for all,
 * unless the last one failed a moment ago.
 */
static enum step_result need(struct flow *flow, enum what what)
{
    struct login *login = login_of(flow);
    struct cached *cached = &metadata_of(login->provider)->cached[what];
    int64_t age = now_s() - cached->fetched;
    bool usable = cached->fetched != 0 && age < STALE_S;
    bool may_try = cached->tried == 0 || now_s() - cached->tried >= RETRY_S;

    if (cached->fetched != 0 && age < FRESH_S)
        return STEP_NEXT;
    if (usable) {
        if (!cached->fetching && may_try)
            start_fetch(login->hub, login->provider, what);
        return STEP_NEXT;
    }
    if (cached->fetching)
        return wait_for(flow, cached);
    if (!may_try)
        return STEP_NEXT; /* the step behind says what was wrong */
    enum step_result result = wait_for(flow, cached);

    start_fetch(login->hub, login->provider, what);
    return result;
}

static enum step_result judge(struct flow *flow, enum what what)
{
    struct login *login = login_of(flow);
    const struct cached *cached = &metadata_of(login->provider)->cached[what];

    if (cached->fetched != 0 && now_s() - cached->fetched < STALE_S)
        return STEP_NEXT;
    return flow_fail(flow, cached->failure != NULL ? cached->failure : &ERROR_UPSTREAM_DOWN,
                     "the %s of the provider cannot be had",
                     what == WHAT_KEYS ? "key set" : "discovery document");
}

enum step_result ask_for_metadata(struct flow *flow)
{
    return discovers(login_of(flow)->provider) ? need(flow, WHAT_DOCUMENT) : STEP_NEXT;
}

enum step_result read_metadata(struct flow *flow)
{
    return discovers(login_of(flow)->provider) ? judge(flow, WHAT_DOCUMENT) : STEP_NEXT;
}

enum step_result ask_for_keys(struct flow *flow)
{
    return need(flow, WHAT_KEYS);
}

enum step_result read_keys(struct flow *flow)
{
    return judge(flow, WHAT_KEYS);
}

enum step_result upstream_refetch_keys(struct flow *flow)
{
    struct login *login = login_of(flow);
    struct cached *cached = &metadata_of(login->provider)->cached[WHAT_KEYS];

    if (cached->refetched != 0 && now_s() - cached->refetched < REFETCH_S)
        return cached->fetching ? wait_for(flow, cached) : STEP_NEXT;
    cached->refetched = now_s();
    enum step_result result = wait_for(flow, cached);

    if (!cached->fetching)
        start_fetch(login->hub, login->provider, WHAT_KEYS);
    return result;
}
