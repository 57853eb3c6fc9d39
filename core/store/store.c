#include "store/store.h"

#include "base/clock.h"
#include "base/log.h"
#include "store/engines.h"

enum {
    DEFAULT_TIMEOUT_MS = 2000,
    COMPLAINT_EVERY_MS = 1000
};

static const struct store_engine *const engines[] = { &store_sqlite, &store_redis };

enum {
    READS_RECORD = 1, /* a key that cannot exist is absent */
    HAS_VALUE = 2,
    HAS_MEMBER = 4,
    HAS_TTL = 8
};

/* What a verb asks of its command, in the order of the enum. */
static const struct {
    const char *name;
    int flags;
} verbs[] = {
    { "get", READS_RECORD },
    { "put", HAS_VALUE | HAS_TTL },
    { "add", HAS_VALUE | HAS_TTL },
    { "take", READS_RECORD },
    { "swap", READS_RECORD | HAS_VALUE | HAS_TTL },
    { "remove", READS_RECORD },
    { "count", HAS_TTL },
    { "join", HAS_MEMBER | HAS_TTL },
    { "leave", HAS_MEMBER },
    { "members", 0 },
};

static const struct store_engine *engine_for(struct slice url)
{
    struct slice scheme;
    struct slice rest;

    if (!slice_cut(url, ':', &scheme, &rest))
        return NULL;
    for (size_t i = 0; i < sizeof(engines) / sizeof(engines[0]); i++) {
        for (const char *const *name = engines[i]->schemes; *name != NULL; name++) {
            if (slice_is_nocase(scheme, *name))
                return engines[i];
        }
    }
    return NULL;
}

static const char *unknown_scheme(struct arena *arena)
{
    struct slice known = SL("");

    for (size_t i = 0; i < sizeof(engines) / sizeof(engines[0]); i++) {
        /* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): the list has no gaps */
        for (const char *const *name = engines[i]->schemes; *name != NULL; name++)
            known = arena_printf(arena, "%.*s%s%s:", SLICE_ARG(known), known.len > 0 ? ", " : "",
                                 *name);
    }
    return arena_printf(arena, "the store's URL begins with none of %.*s", SLICE_ARG(known)).at;
}

const char *store_check_url(struct arena *arena, struct slice url)
{
    const struct store_engine *engine = engine_for(url);

    if (engine == NULL)
        return unknown_scheme(arena);
    return engine->check(arena, url);
}

struct store *store_open(struct event_base *base, struct arena *arena, struct slice url,
                         const struct store_settings *settings, const char **why_r)
{
    struct store_settings own = *settings;

    if (own.timeout_ms <= 0)
        own.timeout_ms = DEFAULT_TIMEOUT_MS;
    *why_r = store_check_url(arena, url);
    if (*why_r != NULL)
        return NULL;
    const struct store_engine *engine = engine_for(url);
    struct store *store = engine->open(base, arena, url, &own, why_r);

    if (store != NULL) {
        store->engine = engine;
        store->base = base;
        store->settings = own;
    }
    return store;
}

void store_close(struct store *store)
{
    if (store != NULL)
        store->engine->close(store);
}

bool store_is_reachable(const struct store *store)
{
    return store->engine->is_reachable(store);
}

static bool is_key(struct slice key)
{
    if (key.len == 0 || key.len > STORE_KEY_MAX)
        return false;
    for (size_t i = 0; i < key.len; i++) {
        if ((unsigned char)key.at[i] <= ' ' || key.at[i] == '\x7f')
            return false;
    }
    return true;
}

/* NULL when the command is within the limits, else what is wrong with it. */
static const char *beyond_limits(const struct store_command *command)
{
    int flags = verbs[command->verb].flags;

    if (!is_key(command->key))
        return "an impossible key";
    if ((flags & HAS_VALUE) != 0 && command->value.len > STORE_VALUE_MAX)
        return "too long a value";
    if ((flags & HAS_VALUE) != 0 && !slice_is_set(command->value))
        return "no value";
    if ((flags & HAS_MEMBER) != 0 &&
        (command->member.len == 0 || command->member.len > STORE_KEY_MAX))
        return "an impossible member";
    if ((flags & HAS_TTL) != 0 && (command->ttl_ms < 0 || command->ttl_ms > STORE_TTL_MAX_MS))
        return "an impossible time to live";
    return NULL;
}

static void refuse(struct store *store, struct store_command *command, const char *why)
{
    if ((verbs[command->verb].flags & READS_RECORD) != 0 && !is_key(command->key)) {
        command->status = STORE_ABSENT;
        return;
    }
    command->status = STORE_UNAVAILABLE;
    if (why != NULL)
        store_complain(store, "%s with %s (%zu bytes of key, %zu of value, %zu of member)",
                       verbs[command->verb].name, why, command->key.len, command->value.len,
                       command->member.len);
}

/* True when all may be carried out; else each has its status. */
static bool check_commands(struct store *store, struct store_command *commands, size_t count)
{
    bool good = count <= STORE_BATCH_MAX;

    for (size_t i = 0; i < count; i++)
        good = good && beyond_limits(&commands[i]) == NULL;
    for (size_t i = 0; i < count && !good; i++)
        refuse(store, &commands[i], beyond_limits(&commands[i]));
    if (count > STORE_BATCH_MAX)
        store_complain(store, "%zu commands at once", count);
    return good;
}

static void cancel(struct op *op)
{
    struct store_batch *batch = container_of(op, struct store_batch, op);

    batch->store->engine->cancel(batch->store, batch);
}

void store_run(struct store *store, struct flow *flow, struct store_command *commands, size_t count)
{
    struct store_batch *batch = arena_new(&flow->arena, struct store_batch);

    batch->store = store;
    batch->commands = commands;
    batch->count = count;
    for (size_t i = 0; i < count; i++) {
        commands[i].status = STORE_UNAVAILABLE;
        commands[i].found = slice_none();
        commands[i].found_version = 0;
        commands[i].counted = 0;
        commands[i].members = NULL;
        commands[i].member_count = 0;
    }
    flow_op_started(flow, &batch->op, cancel);
    if (count == 0 || !check_commands(store, commands, count))
        store_completed(batch);
    else
        store->engine->run(store, batch);
}

void store_completed(struct store_batch *batch)
{
    flow_op_completed(&batch->op);
}

void store_failed(struct store_batch *batch)
{
    for (size_t i = batch->answered; i < batch->count; i++)
        batch->commands[i].status = STORE_UNAVAILABLE;
    store_completed(batch);
}

void store_complain(struct store *store, const char *format, ...)
{
    char text[512];
    int64_t now = clock_monotonic_ms();
    va_list args;

    if (now < store->quiet_until) {
        store->unsaid++;
        return;
    }
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    if (store->unsaid > 0)
        log_warn("store: %s (and %u more unsaid before)", text, store->unsaid);
    else
        log_warn("store: %s", text);
    store->quiet_until = now + COMPLAINT_EVERY_MS;
    store->unsaid = 0;
}
