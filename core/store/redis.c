/*
 * The store in one Redis (6.2 or later): what a batch and its replies are to each other. The
 * commands themselves are in redis_command.c, the connection in redis_wire.c.
 */
#include "base/clock.h"
#include "base/memory.h"
#include "base/random.h"
#include "net/tls.h"
#include "store/engines.h"
#include "store/redis_command.h"
#include "store/redis_wire.h"

#include <hiredis/hiredis.h>

enum {
    SCRATCH_KEPT = 64 * 1024
};

/* Errors that say what is wrong with Redis and nothing against the connection. After any other one
 * (a replica that was the master, a server without GETDEL, a user that was removed) a new
 * connection is the better answer. */
static const char *const bearable[] = {
    "OOM ",
    "LOADING ",
    "MISCONF ",
    "NOREPLICAS ",
    "NOPERM ",
    "BUSY ",
    "MOVED ",
    "CLUSTERDOWN ",
    "TRYAGAIN ",
    "ASK ",
    "WRONGTYPE ",
    "ERR Error running script ", /* how 6.2 hands on what went wrong in one */
    "ERR increment or decrement would overflow",
    "ERR value is not an integer or out of range",
};

struct redis_store {
    struct store store;
    struct arena arena; /* of the address */
    struct redis_address address;
    SSL_CTX *tls; /* NULL: plain */
    struct redis_wire *wire;
    struct buf scratch;
};

static struct redis_store *redis_of(struct store *store)
{
    return container_of(store, struct redis_store, store);
}

/* Returns the number of the request. */
static uint64_t send_command(struct redis_store *redis, const struct redis_request *request)
{
    const struct store_command *command = &request->batch->commands[request->place];
    char *text = NULL;
    size_t len =
        redis_command_format(command, request->kind, request->by_hash, &redis->scratch, &text);
    uint64_t number = redis_wire_send(redis->wire, request, text, len);

    redisFreeCommand(text);
    if (redis->scratch.capacity > SCRATCH_KEPT)
        buf_release(&redis->scratch);
    return number;
}

static void redis_run(struct store *store, struct store_batch *batch)
{
    struct redis_store *redis = redis_of(store);
    struct redis_request request = { .batch = batch };

    if (!redis_wire_takes(redis->wire)) {
        store_failed(batch);
        return;
    }
    request.deadline = clock_monotonic_ms() + store->settings.timeout_ms;
    for (size_t i = 0; i < batch->count; i++) {
        struct store_command *command = &batch->commands[i];

        if (command->verb == STORE_PUT || command->verb == STORE_ADD || command->verb == STORE_SWAP)
            command->found_version = random_u64();
        request.place = (uint32_t)i;
        request.kind = (uint8_t)redis_kind_of(command);
        /* A script that Redis turns out not to have is sent again, behind all others: only the last
         * command of a batch may risk that and keep its place. */
        request.by_hash = redis_kind_is_script(request.kind) && i == batch->count - 1;
        batch->engine_data = send_command(redis, &request) - i;
    }
}

/* What is still under way is answered to nobody. */
static void redis_cancel(struct store *store, struct store_batch *batch)
{
    for (size_t i = batch->answered; i < batch->count; i++) {
        struct redis_request *request =
            redis_wire_request(redis_of(store)->wire, batch->engine_data + i);

        if (request != NULL && request->batch == batch)
            request->batch = NULL;
    }
}

static void redis_lost(struct store *store, const struct redis_request *request)
{
    redis_cancel(store, request->batch);
    store_failed(request->batch);
}

static bool is_missing_script(const struct redis_request *request, const struct redis_reply *reply)
{
    return request->by_hash && reply->type == REDIS_ERROR &&
           slice_starts(reply->text, SL("NOSCRIPT "));
}

static void complain_of(struct store *store, const struct redis_request *request,
                        struct slice error)
{
    redis_wire_unhealthy(redis_of(store)->wire);
    store_complain(store, "%s answers %s with: %.*s", redis_of(store)->address.name,
                   redis_kind_name(request->kind), SLICE_ARG(redis_error_for_log(error)));
}

static bool accepts_error(struct store *store, const struct redis_request *request,
                          struct slice error)
{
    for (size_t i = 0; i < sizeof(bearable) / sizeof(bearable[0]); i++) {
        if (slice_starts(error, slice_of(bearable[i])))
            return true;
    }
    complain_of(store, request, error);
    return false;
}

static bool redis_accepts(struct store *store, const struct redis_request *request,
                          const struct redis_reply *reply)
{
    if (is_missing_script(request, reply))
        return true;
    if (reply->type == REDIS_ERROR)
        return accepts_error(store, request, reply->text);
    return redis_kind_accepts(request->kind, reply);
}

static void redis_answered(struct store *store, const struct redis_request *request,
                           const struct redis_reply *reply)
{
    struct store_batch *batch = request->batch;
    struct store_command *command = &batch->commands[request->place];

    if (is_missing_script(request, reply)) {
        struct redis_request again = *request;

        again.by_hash = false; /* EVAL leaves it with Redis, for the next time */
        batch->engine_data = send_command(redis_of(store), &again) - request->place;
        return;
    }
    if (reply->type == REDIS_ERROR) {
        complain_of(store, request, reply->text);
        command->status = STORE_UNAVAILABLE;
    } else {
        command->status = redis_command_take(command, request->kind, reply);
        if (command->status == STORE_UNAVAILABLE)
            complain_of(store, request, SL("a record that is none of ours"));
    }
    batch->answered++;
    if (batch->answered == batch->count)
        store_completed(batch);
}

static const char *redis_check(struct arena *arena, struct slice url)
{
    struct redis_address address;

    return redis_url_read(arena, url, &address);
}

static void redis_close(struct store *store)
{
    struct redis_store *redis = redis_of(store);

    redis_wire_free(redis->wire);
    SSL_CTX_free(redis->tls);
    buf_release(&redis->scratch);
    arena_release(&redis->arena);
    mem_free(redis);
}

static const struct redis_wire_owner owner = {
    .accepts = redis_accepts,
    .answered = redis_answered,
    .lost = redis_lost,
};

static struct store *redis_open(struct event_base *base, struct arena *arena, struct slice url,
                                const struct store_settings *settings, const char **why_r)
{
    struct redis_store *redis = mem_zalloc(1, sizeof(*redis));

    *why_r = redis_url_read(&redis->arena, url, &redis->address);
    if (*why_r == NULL && redis->address.tls)
        redis->tls = tls_client_context(arena, settings->ca_file, why_r);
    if (*why_r != NULL) {
        *why_r = arena_string(arena, slice_of(*why_r));
        redis_close(&redis->store);
        return NULL;
    }
    buf_init(&redis->scratch, REDIS_RECORD_HEAD + STORE_VALUE_MAX);
    redis->wire = redis_wire_new(base, &redis->address, redis->tls, settings->timeout_ms,
                                 &redis->store, &owner);
    return &redis->store;
}

static bool redis_is_reachable(const struct store *store)
{
    const struct redis_store *redis = (const void *)store; /* its head */

    return redis_wire_is_healthy(redis->wire);
}

static const char *const schemes[] = { "redis", "rediss", "redis+unix", NULL };

const struct store_engine store_redis = {
    .schemes = schemes,
    .check = redis_check,
    .open = redis_open,
    .run = redis_run,
    .cancel = redis_cancel,
    .is_reachable = redis_is_reachable,
    .close = redis_close,
};
