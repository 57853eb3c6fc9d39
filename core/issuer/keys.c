#include "issuer/keys.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "crypto/digest.h"
#include "crypto/seal.h"
#include "protocol/errors.h"

enum {
    LOOK_AGAIN_S = 30,
    TRY_AGAIN_MS = 500,
    DEADLINE_MS = 10000,
    RECORD_MAX = 256 * 1024
};

static const struct slice record_key = SLICE("keys");

struct signing {
    struct hub *hub;
    struct event *timer;
    struct flow *loading;
    struct arena arena; /* of the keys now in use */
    struct jwk_set keys;
    struct slice document;
    struct slice etag;
    struct slice record; /* sealed, as it was read: unchanged means nothing to do */
    struct arena failed; /* of the next */
    const char *failure; /* why what the store has cannot be used; NULL: nothing wrong is known */
};

/* The flow that loads. */
struct load {
    struct flow flow;
    struct signing *signing;
    struct store_command command;
    json_t *record; /* {"keys": [private JWK with "created"]} */
    bool changed;
};

static struct load *load_of(struct flow *flow)
{
    return container_of(flow, struct load, flow);
}

bool signing_is_ready(const struct signing *signing)
{
    return signing->keys.count > 0;
}

const char *signing_failure(const struct signing *signing)
{
    return signing->failure;
}

const struct jwk *signing_key(const struct signing *signing, enum jws_alg alg)
{
    /* The last one of an algorithm is the newest. */
    for (size_t i = signing->keys.count; i > 0; i--) {
        if (signing->keys.keys[i - 1].alg == alg)
            return &signing->keys.keys[i - 1];
    }
    return NULL;
}

const struct jwk_set *signing_keys(const struct signing *signing)
{
    return &signing->keys;
}

struct slice signing_document(const struct signing *signing)
{
    return signing->document;
}

struct slice signing_etag(const struct signing *signing)
{
    return signing->etag;
}

/* ---- loading ---- */

static enum step_result ask_for_keys(struct flow *flow)
{
    struct load *load = load_of(flow);

    load->command = (struct store_command){ .verb = STORE_GET, .key = record_key };
    store_run(load->signing->hub->store, flow, &load->command, 1);
    return STEP_WAIT;
}

static void release_json(void *json)
{
    json_decref(json);
}

static enum step_result open_keys(struct flow *flow)
{
    struct load *load = load_of(flow);
    struct slice plain;
    const char *why;

    if (load->command.status == STORE_UNAVAILABLE)
        return flow_fail(flow, &ERROR_STORE, "the store does not answer");
    if (load->command.status == STORE_ABSENT) {
        load->record = json_pack("{s:[]}", "keys");
        flow_own(flow, load->record, release_json);
        return STEP_NEXT;
    }
    if (slice_equal(load->command.found, load->signing->record))
        return STEP_DONE; /* as it was */
    if (!seal_open(load->signing->hub->records, &flow->arena, record_key, load->command.found,
                   &plain))
        return flow_fail(
            flow, &ERROR_SERVER_ERROR,
            "the signing keys in the store do not open with any of `secrets`: was one taken "
            "out too early?");
    load->record = json_read_object(&flow->arena, plain, RECORD_MAX, &why);
    if (load->record == NULL)
        return flow_fail(flow, &ERROR_SERVER_ERROR, "the signing keys in the store are broken: %s",
                         why);
    flow_own(flow, load->record, release_json);
    return STEP_NEXT;
}

static bool has_algorithm(const json_t *record, struct slice alg)
{
    const json_t *each;
    size_t i;

    json_array_foreach(json_object_get(record, "keys"), i, each)
    {
        if (slice_equal(json_member(each, "alg"), alg))
            return true;
    }
    return false;
}

static bool add_key(json_t *record, struct arena *arena, enum jws_alg alg)
{
    struct jwk key = { 0 };

    if (!jwk_generate(arena, alg, &key))
        return false;
    json_t *json = jwk_private(&key);

    json_object_set_new(json, "created", json_integer(clock_now()));
    json_array_append_new(json_object_get(record, "keys"), json);
    log_audit("key_made", "signing key %.*s for %s", SLICE_ARG(key.kid), jws_alg_name(alg));
    jwk_release(&key);
    return true;
}

static enum step_result make_missing_keys(struct flow *flow)
{
    struct load *load = load_of(flow);
    const struct texts *algorithms = &load->signing->hub->settings->signing.algorithms;

    for (size_t i = 0; i < algorithms->count; i++) {
        if (has_algorithm(load->record, algorithms->at[i]))
            continue;
        if (!add_key(load->record, &flow->arena, jws_alg_read(algorithms->at[i])))
            return flow_fail(flow, &ERROR_SERVER_ERROR, "a key for %.*s cannot be made",
                             SLICE_ARG(algorithms->at[i]));
        load->changed = true;
    }
    return STEP_NEXT;
}

static enum step_result keep_keys(struct flow *flow)
{
    struct load *load = load_of(flow);
    struct buf text = BUF_INIT(RECORD_MAX);

    if (!load->changed)
        return STEP_NEXT;
    buf_add_json_value(&text, load->record);
    load->command.verb = load->command.status == STORE_ABSENT ? STORE_ADD : STORE_SWAP;
    load->command.version = load->command.found_version;
    load->command.value =
        seal(load->signing->hub->records, &flow->arena, record_key, buf_slice(&text));
    buf_release_secret(&text);
    store_run(load->signing->hub->store, flow, &load->command, 1);
    return STEP_WAIT;
}

static void write_document(struct signing *signing)
{
    struct buf text = BUF_INIT(RECORD_MAX);
    json_t *set = json_pack("{s:[]}", "keys");

    for (size_t i = 0; i < signing->keys.count; i++)
        json_array_append_new(json_object_get(set, "keys"), jwk_public(&signing->keys.keys[i]));
    buf_add_json_value(&text, set);
    json_decref(set);
    signing->document = arena_copy(&signing->arena, buf_slice(&text));
    struct slice hash = sha256_text(&signing->arena, signing->document);

    signing->etag = arena_printf(&signing->arena, "\"%.22s\"", hash.at);
    buf_release(&text);
}

static enum step_result use_keys(struct flow *flow)
{
    struct load *load = load_of(flow);
    struct signing *signing = load->signing;
    json_t *list = json_object_get(load->record, "keys");
    struct arena arena = { 0 };
    struct jwk_set keys = { 0 };
    const json_t *each;
    size_t i;

    if (load->changed && load->command.status == STORE_UNAVAILABLE)
        return flow_fail(flow, &ERROR_STORE, "the store does not answer");
    if (load->changed && load->command.status != STORE_OK)
        return flow_fail(flow, &ERROR_TEMPORARILY_UNAVAILABLE,
                         "another worker was first to make keys"); /* the next look finds them */
    keys.keys = arena_zalloc(&arena, (json_array_size(list) + 1) * sizeof(*keys.keys));
    json_array_foreach(list, i, each)
    {
        const char *wrong = jwk_read(&arena, each, true, &keys.keys[keys.count]);

        if (wrong == NULL)
            keys.count++;
        else
            log_error("a signing key in the store is not used: %s", wrong);
    }
    jwk_set_release(&signing->keys);
    arena_release(&signing->arena);
    signing->arena = arena;
    signing->keys = keys;
    /* What was written is sealed anew each time; only what was read can be compared. */
    signing->record =
        load->changed ? slice_none() : arena_copy(&signing->arena, load->command.found);
    write_document(signing);
    return STEP_DONE;
}

static const struct step load_steps[] = {
    STEP(ask_for_keys), /* waits */
    STEP(open_keys),    STEP(make_missing_keys),
    STEP(keep_keys), /* waits, when keys were made */
    STEP(use_keys),     STEP_END,
};

static void set_timer(struct signing *signing, int64_t milliseconds)
{
    struct timeval after = { milliseconds / 1000, (milliseconds % 1000) * 1000 };

    event_add(signing->timer, &after);
}

/* A store that does not answer may do so in a moment. What it has answered stays as it is. */
static void note_failure(struct signing *signing, const struct flow *flow, enum flow_end end)
{
    bool lasting = end == FLOW_FAILED && flow->error.kind == &ERROR_SERVER_ERROR;

    arena_release(&signing->failed);
    signing->failure = lasting ? arena_string(&signing->failed, flow->error.detail) : NULL;
}

static void load_ended(struct flow *flow, enum flow_end end)
{
    struct load *load = load_of(flow);
    struct signing *signing = load->signing;
    bool was_first = end == FLOW_FAILED && flow->error.kind == &ERROR_TEMPORARILY_UNAVAILABLE;

    signing->loading = NULL;
    note_failure(signing, flow, end);
    if (end == FLOW_FAILED && !was_first)
        log_warn("signing keys: %.*s", SLICE_ARG(flow->error.detail));
    if (end != FLOW_GONE)
        set_timer(signing, end == FLOW_DONE ? LOOK_AGAIN_S * 1000 : was_first ? 1 : TRY_AGAIN_MS);
}

static void load_keys(struct signing *signing)
{
    struct flow *flow = flow_new(sizeof(struct load), "load keys", load_steps);

    load_of(flow)->signing = signing;
    signing->loading = flow;
    flow->on_end = load_ended;
    flow_set_deadline(flow, DEADLINE_MS);
    flow_run(flow);
}

static void on_timer(evutil_socket_t fd, short what, void *context)
{
    (void)fd;
    (void)what;
    load_keys(context);
}

struct signing *signing_new(struct hub *hub)
{
    struct signing *signing = mem_zalloc(1, sizeof(*signing));

    signing->hub = hub;
    signing->timer = evtimer_new(hub->base, on_timer, signing);
    load_keys(signing);
    return signing;
}

void signing_free(struct signing *signing)
{
    if (signing == NULL)
        return;
    if (signing->loading != NULL)
        flow_cancel(signing->loading, FLOW_GONE);
    event_free(signing->timer);
    jwk_set_release(&signing->keys);
    arena_release(&signing->arena);
    arena_release(&signing->failed);
    mem_free(signing);
}
