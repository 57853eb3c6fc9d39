#include "admin/routes.h"

#include "base/json.h"
#include "issuer/keys.h"

static enum step_result say_alive(struct flow *flow)
{
    return request_answer(request_of(flow), 200, "application/json", SL("{\"status\":\"ok\"}"));
}

static const struct step healthz_steps[] = { STEP(say_alive), STEP_END };

const struct flow_kind healthz_flow = { "healthz", healthz_steps, 0, request_fail_json };

enum {
    PROBE_TTL_MS = 60 * 1000
};

struct readiness {
    struct store_command probe;
};

/* Asked for real: a store that was reachable a minute ago proves nothing. And for a write: one that
 * is full or read-only answers all the same. */
static enum step_result ask_store(struct flow *flow)
{
    struct readiness *readiness = flow->state;

    readiness->probe = (struct store_command){
        .verb = STORE_PUT, .key = SL("readyz"), .value = SL("1"), .ttl_ms = PROBE_TTL_MS
    };
    return request_store(request_of(flow), &readiness->probe, 1);
}

static void add_check(json_t *checks, bool *ready, const char *name, bool good, const char *bad)
{
    json_object_set_new(checks, name, json_string(good ? "ok" : bad));
    *ready = *ready && good;
}

static enum step_result say_ready(struct flow *flow)
{
    struct request *request = request_of(flow);
    struct readiness *readiness = flow->state;
    json_t *checks = json_object();
    bool ready = true;

    add_check(checks, &ready, "store", readiness->probe.status != STORE_UNAVAILABLE, "unreachable");
    add_check(checks, &ready, "keys", signing_is_ready(request->hub->signing), "not loaded");
    add_check(checks, &ready, "serving", !request->hub->stopping, "stopping");
    json_t *body =
        json_pack("{s:s, s:o}", "status", ready ? "ready" : "not ready", "checks", checks);

    if (!ready)
        request_add_header(request, "Retry-After", SL("1"));
    enum step_result result = request_json(request, ready ? 200 : 503, body);

    json_decref(body);
    return result;
}

static const struct step readyz_steps[] = {
    STEP(ask_store), /* waits */
    STEP(say_ready),
    STEP_END,
};

const struct flow_kind readyz_flow = { "readyz", readyz_steps, sizeof(struct readiness),
                                       request_fail_json };
