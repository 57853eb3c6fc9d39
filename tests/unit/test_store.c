/*
 * What store.h promises, on every engine: SQLite, and Redis over TCP, a unix socket and TLS. The
 * Redis is a real one that this suite starts. The same keys are used by nobody else: each test
 * writes under its own name.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "tests/support/certificates.h"
#include "tests/support/redis_server.h"
#include "tests/support/store_probe.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    TIMEOUT_MS = 5000,
    ENGINES = 4,
    PROCESSES = 4
};

struct engine {
    const char *name;
    char url[160];
    char ca_file[96]; /* "": none */
};

static struct engine engines[ENGINES] = {
    { .name = "sqlite" }, { .name = "redis tcp" }, { .name = "redis unix" }, { .name = "redis tls" }
};
static struct redis_server server;
static char folder[64];

/* What a test works with. */
static struct event_base *base;
static struct store *store;
static struct arena arena;
static const struct engine *engine;
static char prefix[32];

static void open_store(void)
{
    base = event_base_new();
    store = probe_open(base, engine->url, engine->ca_file[0] != '\0' ? engine->ca_file : NULL,
                       TIMEOUT_MS);
}

static void close_store(void)
{
    store_close(store);
    event_base_free(base);
}

static int before(void **state)
{
    static int number;

    engine = *state;
    snprintf(prefix, sizeof(prefix), "test%d", ++number);
    open_store();
    return 0;
}

static int after(void **state)
{
    (void)state;
    close_store();
    arena_release(&arena);
    return 0;
}

static struct slice key(const char *name)
{
    return arena_printf(&arena, "%s:%s", prefix, name);
}

static enum store_status run(struct store_command *command)
{
    return probe_one(base, store, &arena, command);
}

static struct store_command command(enum store_verb verb, const char *name)
{
    return (struct store_command){ .verb = verb, .key = key(name) };
}

/* Each of these is one command, by the name of its verb; what it found is in `last`. */
static struct store_command last;

static enum store_status do_one(struct store_command given)
{
    last = given;
    return run(&last);
}

static enum store_status get(const char *name)
{
    return do_one(command(STORE_GET, name));
}

static enum store_status write_as(enum store_verb verb, const char *name, struct slice value,
                                  int64_t ttl_ms)
{
    struct store_command wanted = command(verb, name);

    wanted.value = value;
    wanted.ttl_ms = ttl_ms;
    return do_one(wanted);
}

static enum store_status put(const char *name, const char *value, int64_t ttl_ms)
{
    return write_as(STORE_PUT, name, slice_of(value), ttl_ms);
}

static enum store_status add(const char *name, const char *value, int64_t ttl_ms)
{
    return write_as(STORE_ADD, name, slice_of(value), ttl_ms);
}

static enum store_status take(const char *name)
{
    return do_one(command(STORE_TAKE, name));
}

static enum store_status swap(const char *name, uint64_t version, const char *value, int64_t ttl_ms)
{
    struct store_command wanted = command(STORE_SWAP, name);

    wanted.value = slice_of(value);
    wanted.ttl_ms = ttl_ms;
    wanted.version = version;
    return do_one(wanted);
}

static enum store_status remove_if(const char *name, uint64_t version)
{
    struct store_command wanted = command(STORE_REMOVE, name);

    wanted.version = version;
    wanted.only_if_version = true;
    return do_one(wanted);
}

static int64_t count(const char *name, int64_t amount, int64_t ttl_ms)
{
    struct store_command wanted = command(STORE_COUNT, name);

    wanted.amount = amount;
    wanted.ttl_ms = ttl_ms;
    assert_int_equal(do_one(wanted), STORE_OK);
    return last.counted;
}

static void member(enum store_verb verb, const char *name, struct slice who, int64_t ttl_ms)
{
    struct store_command wanted = command(verb, name);

    wanted.member = who;
    wanted.ttl_ms = ttl_ms;
    assert_int_equal(do_one(wanted), STORE_OK);
}

static size_t members(const char *name)
{
    assert_int_equal(do_one(command(STORE_MEMBERS, name)), STORE_OK);
    return last.member_count;
}

static bool has_member(struct slice who)
{
    for (size_t i = 0; i < last.member_count; i++) {
        if (slice_equal(last.members[i], who))
            return true;
    }
    return false;
}

static void assert_found(const char *value)
{
    assert_true(slice_is_set(last.found));
    assert_int_equal(last.found.len, strlen(value));
    assert_memory_equal(last.found.at, value, strlen(value));
}

static void test_a_record_that_was_put_is_found(void **state)
{
    (void)state;
    assert_int_equal(put("a", "one", 0), STORE_OK);
    uint64_t version = last.found_version;

    assert_int_equal(get("a"), STORE_OK);
    assert_found("one");
    assert_true(last.found_version == version);
    assert_true(store_is_reachable(store));
}

static void test_what_is_not_there_is_absent(void **state)
{
    (void)state;
    assert_int_equal(get("none"), STORE_ABSENT);
    assert_int_equal(take("none"), STORE_ABSENT);
    assert_int_equal(swap("none", 1, "x", 0), STORE_ABSENT);
    assert_int_equal(do_one(command(STORE_REMOVE, "none")), STORE_ABSENT);
    assert_int_equal(remove_if("none", 1), STORE_ABSENT);
    assert_int_equal(get("none"), STORE_ABSENT);
    assert_int_equal(members("none"), 0);
}

static void test_a_put_replaces_and_changes_the_version(void **state)
{
    (void)state;
    put("a", "one", 0);
    uint64_t version = last.found_version;

    assert_int_equal(put("a", "two", 0), STORE_OK);
    assert_true(last.found_version != version);
    version = last.found_version;
    get("a");
    assert_found("two");
    assert_true(last.found_version == version);
}

static void test_an_add_writes_only_where_nothing_is(void **state)
{
    (void)state;
    assert_int_equal(add("a", "one", 0), STORE_OK);
    uint64_t version = last.found_version;

    assert_int_equal(add("a", "two", 0), STORE_CONFLICT);
    get("a");
    assert_found("one");
    assert_true(last.found_version == version);
}

static void test_a_record_can_be_taken_once(void **state)
{
    (void)state;
    put("a", "one", 60000);
    assert_int_equal(take("a"), STORE_OK);
    assert_found("one");
    assert_int_equal(take("a"), STORE_ABSENT);
    assert_int_equal(get("a"), STORE_ABSENT);
}

static void test_a_swap_needs_the_version_that_was_read(void **state)
{
    (void)state;
    put("a", "one", 0);
    uint64_t first = last.found_version;

    assert_int_equal(swap("a", first, "two", 0), STORE_OK);
    uint64_t second = last.found_version;

    assert_true(second != first);
    assert_int_equal(swap("a", first, "three", 0), STORE_CONFLICT);
    get("a");
    assert_found("two");
    assert_true(last.found_version == second);
    assert_int_equal(swap("a", second, "", 0), STORE_OK);
    get("a");
    assert_found("");
}

static void test_a_version_survives_its_way_whatever_its_bytes(void **state)
{
    (void)state;
    /* Random ones have every byte in some place sooner or later: CR, LF, NUL, 0xff. */
    put("a", "value", 0);
    for (int i = 0; i < 300; i++) {
        uint64_t version = last.found_version;

        assert_int_equal(swap("a", version, "value", 0), STORE_OK);
    }
}

static void test_a_record_is_removed(void **state)
{
    (void)state;
    put("a", "one", 0);
    assert_int_equal(do_one(command(STORE_REMOVE, "a")), STORE_OK);
    assert_int_equal(get("a"), STORE_ABSENT);
}

static void test_a_conditional_remove_needs_the_version(void **state)
{
    (void)state;
    put("a", "one", 0);
    uint64_t version = last.found_version;

    assert_int_equal(remove_if("a", version + 1), STORE_CONFLICT);
    assert_int_equal(get("a"), STORE_OK);
    assert_int_equal(remove_if("a", version), STORE_OK);
    assert_int_equal(get("a"), STORE_ABSENT);
    assert_int_equal(remove_if("a", version), STORE_ABSENT);
}

static void test_a_counter_counts(void **state)
{
    (void)state;
    assert_int_equal(count("c", 0, 60000), 0);
    assert_int_equal(count("c", 1, 60000), 1);
    assert_int_equal(count("c", 41, 60000), 42);
    assert_int_equal(count("c", -43, 60000), -1);
    assert_int_equal(count("c", 0, 0), -1);
    assert_int_equal(count("c", 1, 60000), 0);
    assert_int_equal(count("c", 1, 60000), 1);
}

static void test_a_counter_is_exact_to_its_end(void **state)
{
    struct store_command one_more = command(STORE_COUNT, "c");

    (void)state;
    assert_true(count("c", INT64_MAX - 1, 0) == INT64_MAX - 1);
    assert_true(count("c", 1, 0) == INT64_MAX);
    one_more.amount = 1;
    assert_int_equal(run(&one_more), STORE_UNAVAILABLE);
    assert_true(count("c", 0, 0) == INT64_MAX);
    assert_true(count("d", INT64_MIN, 0) == INT64_MIN);
    assert_true(count("d", 0, 0) == INT64_MIN);
}

static void test_any_bytes_can_be_a_value(void **state)
{
    char every[512];

    (void)state;
    for (size_t i = 0; i < sizeof(every); i++)
        every[i] = (char)(i % 256);
    const struct slice values[] = { SLICE("a\r\nb\0c\r\n$3\r\nfoo\r\n"),
                                    SLICE(""),
                                    SLICE("\0"),
                                    SLICE("%s%n%b"),
                                    { every, sizeof(every) } };

    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        assert_int_equal(write_as(STORE_PUT, "a", values[i], 0), STORE_OK);
        assert_int_equal(get("a"), STORE_OK);
        assert_true(slice_is_set(last.found));
        assert_true(slice_equal(last.found, values[i]));
        assert_int_equal(take("a"), STORE_OK);
        assert_true(slice_equal(last.found, values[i]));
    }
}

static void test_a_value_can_be_as_long_as_the_limit(void **state)
{
    char *bytes = arena_alloc(&arena, STORE_VALUE_MAX + 1);

    (void)state;
    for (size_t i = 0; i <= STORE_VALUE_MAX; i++)
        bytes[i] = (char)(i * 7 + i / 251);
    assert_int_equal(write_as(STORE_PUT, "a", slice_make(bytes, STORE_VALUE_MAX), 0), STORE_OK);
    uint64_t version = last.found_version;

    assert_int_equal(get("a"), STORE_OK);
    assert_int_equal(last.found.len, STORE_VALUE_MAX);
    assert_memory_equal(last.found.at, bytes, STORE_VALUE_MAX);
    assert_true(last.found_version == version);
    assert_int_equal(write_as(STORE_PUT, "a", slice_make(bytes, STORE_VALUE_MAX + 1), 0),
                     STORE_UNAVAILABLE);
    assert_int_equal(take("a"), STORE_OK);
    assert_int_equal(last.found.len, STORE_VALUE_MAX);
}

static void test_keys_are_names_and_not_patterns(void **state)
{
    static const char *const names[] = { "*", "?",       "[a-z]", "a*", "a",   "%",
                                         "_", "'; DROP", "\"q\"", "\\", "{x}", "\xff\xfe" };
    const size_t total = sizeof(names) / sizeof(names[0]);

    (void)state;
    for (size_t i = 0; i < total; i++) {
        if (strchr(names[i], ' ') == NULL)
            assert_int_equal(put(names[i], names[i], 0), STORE_OK);
    }
    for (size_t i = 0; i < total; i++) {
        assert_int_equal(take(names[i]), strchr(names[i], ' ') == NULL ? STORE_OK : STORE_ABSENT);
        if (last.status == STORE_OK)
            assert_found(names[i]);
    }
}

static void test_a_key_can_be_as_long_as_the_limit(void **state)
{
    char name[STORE_KEY_MAX + 2];
    struct store_command wanted = { .verb = STORE_PUT, .value = SL("v") };

    (void)state;
    memset(name, 'k', sizeof(name));
    memcpy(name, prefix, strlen(prefix));
    wanted.key = slice_make(name, STORE_KEY_MAX);
    assert_int_equal(run(&wanted), STORE_OK);
    wanted.verb = STORE_TAKE;
    assert_int_equal(run(&wanted), STORE_OK);
    wanted.key.len++;
    assert_int_equal(run(&wanted), STORE_ABSENT);
    wanted.verb = STORE_PUT;
    assert_int_equal(run(&wanted), STORE_UNAVAILABLE);
}

static void test_commands_beyond_the_limits_are_not_carried_out(void **state)
{
    static const struct slice bad_keys[] = { SLICE(""),     SLICE("a b"),   SLICE("a\nb"),
                                             SLICE("a\0b"), SLICE("a\x7f"), SLICE(" ") };

    (void)state;
    for (size_t i = 0; i < sizeof(bad_keys) / sizeof(bad_keys[0]); i++) {
        for (enum store_verb verb = STORE_GET; verb <= STORE_MEMBERS; verb++) {
            bool reads = verb == STORE_GET || verb == STORE_TAKE || verb == STORE_SWAP ||
                         verb == STORE_REMOVE;

            last = (struct store_command){ .verb = verb, .key = bad_keys[i], .member = SL("m") };
            assert_int_equal(run(&last), reads ? STORE_ABSENT : STORE_UNAVAILABLE);
        }
    }
    assert_int_equal(put("a", "v", -1), STORE_UNAVAILABLE);
    assert_int_equal(put("a", "v", STORE_TTL_MAX_MS + 1), STORE_UNAVAILABLE);
    assert_int_equal(put("a", "v", INT64_MAX), STORE_UNAVAILABLE);
    assert_int_equal(do_one(command(STORE_PUT, "a")), STORE_UNAVAILABLE); /* of no value */
    struct store_command pair[] = { command(STORE_PUT, "a"), command(STORE_PUT, "") };

    pair[0].value = SL("v");
    pair[1].key = SL("");
    probe_run(base, store, &arena, pair, 2);
    assert_int_equal(pair[0].status, STORE_UNAVAILABLE);
    assert_int_equal(pair[1].status, STORE_UNAVAILABLE);
    assert_int_equal(get("a"), STORE_ABSENT);
    assert_int_equal(put("a", "v", STORE_TTL_MAX_MS), STORE_OK);
    assert_int_equal(get("a"), STORE_OK);
}

/* Asks until the record is gone; it must live as long as it should, and hardly longer. */
static void assert_lives(const char *name, int64_t began, int64_t ttl_ms)
{
    int64_t asked;
    int64_t answered;

    do {
        asked = clock_monotonic_ms();
        get(name);
        answered = clock_monotonic_ms();
        assert_true(last.status == STORE_OK || last.status == STORE_ABSENT);
        /* Clocks are read to the millisecond, at both ends. */
        if (last.status == STORE_ABSENT)
            assert_true(answered >= began + ttl_ms - 2);
    } while (last.status == STORE_OK && asked < began + ttl_ms + 1000);
    /* Asked after its end and still found: only what passed between `began` and the write, which
     * is long where others are busy. */
    assert_true(asked <= began + ttl_ms + 900);
}

static void test_a_record_is_gone_when_its_time_is_over(void **state)
{
    int64_t began = clock_monotonic_ms();

    (void)state;
    put("a", "v", 60);
    assert_lives("a", began, 60);
    assert_int_equal(take("a"), STORE_ABSENT);
    assert_int_equal(remove_if("a", 1), STORE_ABSENT);
    assert_int_equal(swap("a", 1, "w", 0), STORE_ABSENT);
    assert_int_equal(do_one(command(STORE_REMOVE, "a")), STORE_ABSENT);
    assert_int_equal(add("a", "w", 0), STORE_OK);
    get("a");
    assert_found("w");
}

static void test_each_write_sets_the_time_anew(void **state)
{
    (void)state;
    put("a", "v", 30);
    put("a", "v", 0);
    put("b", "v", 30);
    swap("b", last.found_version, "v", 60000);
    put("c", "v", 0);
    int64_t began = clock_monotonic_ms();

    swap("c", last.found_version, "v", 40);
    put("d", "v", 0);
    put("d", "v", 40);
    assert_lives("c", began, 40);
    assert_lives("d", began, 40);
    assert_int_equal(get("a"), STORE_OK);
    assert_int_equal(get("b"), STORE_OK);
}

static void test_a_counter_lives_from_its_first_count(void **state)
{
    int64_t began = clock_monotonic_ms();
    int64_t counted = 0;

    (void)state;
    do {
        int64_t now = count("c", 1, 80);

        if (now <= counted)
            break;
        counted = now;
    } while (clock_monotonic_ms() < began + 2000);
    assert_in_range(clock_monotonic_ms() - began, 78, 2000);
    /* A second one, of the same name, begins at one and lives as long. */
    began = clock_monotonic_ms();
    while (count("c", 0, 0) > 0)
        assert_true(clock_monotonic_ms() < began + 200);
}

static void test_a_list_has_its_members(void **state)
{
    static const struct slice odd = SLICE("a\r\n\0 b");

    (void)state;
    assert_int_equal(members("l"), 0);
    member(STORE_JOIN, "l", SL("one"), 0);
    member(STORE_JOIN, "l", SL("two"), 60000);
    member(STORE_JOIN, "l", odd, 60000);
    member(STORE_JOIN, "l", SL("one"), 60000);
    member(STORE_JOIN, "other", SL("three"), 0);
    assert_int_equal(members("l"), 3);
    assert_true(has_member(SL("one")) && has_member(SL("two")) && has_member(odd));
    member(STORE_LEAVE, "l", SL("two"), 0);
    member(STORE_LEAVE, "l", SL("nobody"), 0);
    member(STORE_LEAVE, "nothing", SL("nobody"), 0);
    assert_int_equal(members("l"), 2);
    assert_false(has_member(SL("two")));
}

static void test_a_member_leaves_when_its_time_is_over(void **state)
{
    int64_t began;

    (void)state;
    member(STORE_JOIN, "l", SL("long"), 60000);
    member(STORE_JOIN, "l", SL("ever"), 0);
    member(STORE_JOIN, "l", SL("again"), 40);
    member(STORE_JOIN, "l", SL("again"), 60000);
    began = clock_monotonic_ms();
    member(STORE_JOIN, "l", SL("short"), 60);
    while (members("l") == 4)
        assert_true(clock_monotonic_ms() < began + 1000);
    assert_true(clock_monotonic_ms() >= began + 58);
    assert_int_equal(members("l"), 3);
    assert_false(has_member(SL("short")));
    /* The list outlives the shortest of its members, whoever joins last. */
    member(STORE_JOIN, "m", SL("long"), 60000);
    member(STORE_JOIN, "m", SL("short"), 30);
    began = clock_monotonic_ms();
    while (members("m") == 2)
        assert_true(clock_monotonic_ms() < began + 1000);
    assert_int_equal(members("m"), 1);
    assert_true(has_member(SL("long")));
}

static void test_a_list_can_have_a_thousand_members(void **state)
{
    struct store_command joins[STORE_BATCH_MAX];
    size_t joined = 0;

    (void)state;
    while (joined < STORE_MEMBERS_MAX) {
        size_t some = 0;

        for (; some < STORE_BATCH_MAX && joined < STORE_MEMBERS_MAX; some++, joined++) {
            joins[some] = command(STORE_JOIN, "l");
            joins[some].member = arena_printf(&arena, "%0*zu", STORE_KEY_MAX, joined);
            joins[some].ttl_ms = 60000;
        }
        probe_run(base, store, &arena, joins, some);
        for (size_t i = 0; i < some; i++)
            assert_int_equal(joins[i].status, STORE_OK);
    }
    assert_int_equal(members("l"), STORE_MEMBERS_MAX);
    assert_true(has_member(arena_printf(&arena, "%0*d", STORE_KEY_MAX, 0)));
    assert_true(has_member(arena_printf(&arena, "%0*d", STORE_KEY_MAX, 999)));
    member(STORE_JOIN, "l", SL("one more"), 60000);
    assert_int_equal(members("l"), STORE_MEMBERS_MAX);
}

static void test_commands_of_a_batch_are_carried_out_in_order(void **state)
{
    struct store_command batch[] = {
        command(STORE_PUT, "a"),   command(STORE_GET, "a"),     command(STORE_ADD, "a"),
        command(STORE_COUNT, "c"), command(STORE_SWAP, "a"),    command(STORE_TAKE, "a"),
        command(STORE_GET, "a"),   command(STORE_COUNT, "c"),   command(STORE_JOIN, "l"),
        command(STORE_ADD, "a"),   command(STORE_MEMBERS, "l"), command(STORE_REMOVE, "a"),
        command(STORE_GET, "a"),   command(STORE_COUNT, "c"),
    };
    static const enum store_status wanted[] = {
        STORE_OK, STORE_OK, STORE_CONFLICT, STORE_OK, STORE_CONFLICT, STORE_OK,     STORE_ABSENT,
        STORE_OK, STORE_OK, STORE_OK,       STORE_OK, STORE_OK,       STORE_ABSENT, STORE_OK,
    };
    const size_t total = sizeof(batch) / sizeof(batch[0]);

    (void)state;
    batch[0].value = SL("one");
    batch[2].value = batch[4].value = batch[9].value = SL("two");
    batch[3].amount = 2;
    batch[7].amount = 3;
    batch[8].member = SL("m");
    probe_run(base, store, &arena, batch, total);
    for (size_t i = 0; i < total; i++)
        assert_int_equal(batch[i].status, wanted[i]);
    assert_true(slice_is(batch[1].found, "one"));
    assert_true(batch[1].found_version == batch[0].found_version);
    assert_true(slice_is(batch[5].found, "one"));
    assert_int_equal(batch[3].counted, 2);
    assert_int_equal(batch[7].counted, 5);
    assert_int_equal(batch[13].counted, 5);
    assert_int_equal(batch[10].member_count, 1);
}

static void test_a_batch_has_a_limit(void **state)
{
    struct store_command *batch = arena_alloc(&arena, (STORE_BATCH_MAX + 1) * sizeof(*batch));

    (void)state;
    for (size_t i = 0; i <= STORE_BATCH_MAX; i++) {
        batch[i] = command(STORE_COUNT, "c");
        batch[i].amount = 1;
    }
    probe_run(base, store, &arena, batch, STORE_BATCH_MAX + 1);
    assert_int_equal(batch[0].status, STORE_UNAVAILABLE);
    assert_int_equal(count("c", 0, 0), 0);
    probe_run(base, store, &arena, batch, STORE_BATCH_MAX);
    assert_int_equal(batch[STORE_BATCH_MAX - 1].counted, STORE_BATCH_MAX);
    probe_run(base, store, &arena, batch, 0);
}

static void test_many_flows_at_once_get_their_own(void **state)
{
    enum {
        FLOWS = 500
    };
    struct probe *probes = arena_zalloc(&arena, FLOWS * sizeof(*probes));
    struct store_command(*pairs)[2] = arena_zalloc(&arena, FLOWS * sizeof(*pairs));

    (void)state;
    for (size_t i = 0; i < FLOWS; i++) {
        struct slice name = arena_printf(&arena, "%s:%zu", prefix, i);

        pairs[i][0] = (struct store_command){ .verb = STORE_PUT, .key = name, .value = name };
        pairs[i][1] = (struct store_command){ .verb = STORE_TAKE, .key = name };
        probes[i] = (struct probe){ .arena = &arena, .commands = pairs[i], .count = 2 };
        probe_start(&probes[i], store);
    }
    for (size_t i = 0; i < FLOWS; i++) {
        probe_wait(&probes[i], base);
        assert_true(probes[i].answered);
        assert_int_equal(pairs[i][1].status, STORE_OK);
        assert_true(slice_equal(pairs[i][1].found, pairs[i][1].key));
    }
}

static void test_a_cancelled_flow_disturbs_nobody(void **state)
{
    enum {
        FLOWS = 300
    };
    struct probe probes[FLOWS];
    struct store_command *commands = arena_zalloc(&arena, FLOWS * sizeof(*commands));

    (void)state;
    put("a", "value", 0);
    for (size_t i = 0; i < FLOWS; i++) {
        commands[i] = command(i % 3 == 0   ? STORE_GET
                              : i % 3 == 1 ? STORE_SWAP
                                           : STORE_MEMBERS,
                              i % 3 == 2 ? "l" : "a");
        probes[i] = (struct probe){ .arena = &arena, .commands = &commands[i], .count = 1 };
        probe_start(&probes[i], store);
        /* Some before anything has left, some with the answer on its way. */
        if (i % 7 == 0)
            event_base_loop(base, EVLOOP_NONBLOCK);
        if (i % 2 == 0 && probes[i].flow != NULL)
            flow_cancel(probes[i].flow, FLOW_GONE);
    }
    for (size_t i = 0; i < FLOWS; i++) {
        probe_wait(&probes[i], base);
        if (i % 2 == 1)
            assert_true(probes[i].answered);
        if (probes[i].answered && commands[i].verb == STORE_GET)
            assert_true(slice_is(commands[i].found, "value"));
    }
    assert_int_equal(get("a"), STORE_OK);
    assert_found("value");
}

static void test_a_store_can_be_closed_with_commands_under_way(void **state)
{
    struct store_command commands[2] = { command(STORE_GET, "a"), command(STORE_COUNT, "c") };
    struct probe probe = { .arena = &arena, .commands = commands, .count = 2 };

    (void)state;
    probe_start(&probe, store);
    store_close(store);
    assert_null(probe.flow); /* it has ended, one way or the other */
    assert_true(probe.answered);
    store = probe_open(base, engine->url, engine->ca_file[0] != '\0' ? engine->ca_file : NULL,
                       TIMEOUT_MS);
}

/* Several processes. What they find lies in shared memory; `work` is called in each. */
struct shared {
    int64_t numbers[PROCESSES];
    unsigned char won[PROCESSES][2000];
};
static struct shared *shared;

static void in_processes(void (*work)(int process))
{
    pid_t children[PROCESSES];

    /* See store.h: none is open while we fork. */
    close_store();
    memset(shared, 0, sizeof(*shared));
    for (int i = 0; i < PROCESSES; i++) {
        children[i] = fork();
        assert_true(children[i] >= 0);
        if (children[i] == 0) {
            open_store();
            work(i);
            close_store();
            _exit(0);
        }
    }
    for (int i = 0; i < PROCESSES; i++) {
        int status;

        assert_int_equal(waitpid(children[i], &status, 0), children[i]);
        assert_int_equal(status, 0);
    }
    open_store();
}

/* In a child assert_*() would jump into the parent's test. */
static void must(bool good)
{
    if (!good)
        abort();
}

enum {
    ROUNDS = 1000,
    COUNTS = 300
};

static const char *round_name(int round)
{
    static char name[16];

    snprintf(name, sizeof(name), "r%d", round);
    return name;
}

static void assert_one_winner_each(int rounds)
{
    int winners[PROCESSES] = { 0 };

    for (int round = 0; round < rounds; round++) {
        int won = 0;

        for (int i = 0; i < PROCESSES; i++) {
            won += shared->won[i][round];
            winners[i] += shared->won[i][round];
        }
        assert_int_equal(won, 1);
    }
    (void)winners;
}

/* A process that has begun before the others would win every round; so it goes on only when they
 * are there. */
static void meet(void)
{
    struct store_command here = command(STORE_COUNT, "meeting");

    here.amount = 1;
    must(run(&here) == STORE_OK);
    here.amount = 0;
    do
        must(run(&here) == STORE_OK);
    while (here.counted < PROCESSES);
}

static void take_all(int process)
{
    meet();
    for (int round = 0; round < ROUNDS; round++) {
        enum store_status status = take(round_name(round));

        must(status == STORE_OK || status == STORE_ABSENT);
        shared->won[process][round] = status == STORE_OK;
    }
}

static void test_of_many_takers_one_wins(void **state)
{
    (void)state;
    for (int round = 0; round < ROUNDS; round++)
        assert_int_equal(put(round_name(round), "v", 60000), STORE_OK);
    in_processes(take_all);
    assert_one_winner_each(ROUNDS);
}

static void add_all(int process)
{
    meet();
    for (int round = 0; round < ROUNDS; round++) {
        enum store_status status = add(round_name(round), "v", 60000);

        must(status == STORE_OK || status == STORE_CONFLICT);
        shared->won[process][round] = status == STORE_OK;
    }
}

static void test_of_many_adders_one_wins(void **state)
{
    (void)state;
    in_processes(add_all);
    assert_one_winner_each(ROUNDS);
}

static void remove_all(int process)
{
    meet();
    for (int round = 0; round < ROUNDS; round++) {
        enum store_status status = get(round_name(round));

        if (status == STORE_OK)
            status = remove_if(round_name(round), last.found_version);
        must(status == STORE_OK || status == STORE_ABSENT);
        shared->won[process][round] = status == STORE_OK;
    }
}

static void test_of_many_conditional_removers_one_wins(void **state)
{
    (void)state;
    for (int round = 0; round < ROUNDS; round++)
        assert_int_equal(put(round_name(round), "v", 60000), STORE_OK);
    in_processes(remove_all);
    assert_one_winner_each(ROUNDS);
}

static void swap_up(int process)
{
    char text[24];
    uint64_t number;

    meet();
    for (int done = 0; done < COUNTS;) {
        must(get("a") == STORE_OK && slice_to_u64(last.found, UINT64_MAX, &number));
        snprintf(text, sizeof(text), "%llu", (unsigned long long)number + 1);
        enum store_status status = swap("a", last.found_version, text, 60000);

        must(status == STORE_OK || status == STORE_CONFLICT);
        done += status == STORE_OK;
        shared->numbers[process] += status == STORE_CONFLICT;
    }
}

static void test_no_swap_is_lost(void **state)
{
    (void)state;
    put("a", "0", 60000);
    in_processes(swap_up);
    get("a");
    assert_found(arena_printf(&arena, "%d", PROCESSES * COUNTS).at);
}

static void count_up(int process)
{
    int64_t before_this = 0;

    meet();
    for (int i = 0; i < ROUNDS; i++) {
        struct store_command one = command(STORE_COUNT, "c");

        one.amount = 1;
        one.ttl_ms = 60000;
        must(run(&one) == STORE_OK && one.counted > before_this);
        before_this = one.counted;
    }
    shared->numbers[process] = before_this;
}

static void test_counts_of_many_processes_are_exact(void **state)
{
    (void)state;
    in_processes(count_up);
    assert_int_equal(count("c", 0, 0), PROCESSES * ROUNDS);
}

static void join_all(int process)
{
    struct store_command batch[2] = { command(STORE_JOIN, "l"), command(STORE_LEAVE, "l") };
    char own[32];
    char gone[32];

    meet();
    batch[0].ttl_ms = 60000;
    for (int i = 0; i < 100; i++) {
        snprintf(own, sizeof(own), "%d-%d", process, i);
        snprintf(gone, sizeof(gone), "%d-%d", process, i - 1);
        batch[0].member = slice_of(own);
        batch[1].member = slice_of(gone);
        probe_run(base, store, &arena, batch, i % 2 == 0 ? 1 : 2);
        must(batch[0].status == STORE_OK);
    }
}

static void test_lists_of_many_processes_are_whole(void **state)
{
    (void)state;
    in_processes(join_all);
    assert_int_equal(members("l"), PROCESSES * 50);
}

#define CASE(test)                                                                                 \
    {                                                                                              \
#test, test, before, after, NULL                                                           \
    }

static const struct CMUnitTest cases[] = {
    CASE(test_a_record_that_was_put_is_found),
    CASE(test_what_is_not_there_is_absent),
    CASE(test_a_put_replaces_and_changes_the_version),
    CASE(test_an_add_writes_only_where_nothing_is),
    CASE(test_a_record_can_be_taken_once),
    CASE(test_a_swap_needs_the_version_that_was_read),
    CASE(test_a_version_survives_its_way_whatever_its_bytes),
    CASE(test_a_record_is_removed),
    CASE(test_a_conditional_remove_needs_the_version),
    CASE(test_a_counter_counts),
    CASE(test_a_counter_is_exact_to_its_end),
    CASE(test_any_bytes_can_be_a_value),
    CASE(test_a_value_can_be_as_long_as_the_limit),
    CASE(test_keys_are_names_and_not_patterns),
    CASE(test_a_key_can_be_as_long_as_the_limit),
    CASE(test_commands_beyond_the_limits_are_not_carried_out),
    CASE(test_a_record_is_gone_when_its_time_is_over),
    CASE(test_each_write_sets_the_time_anew),
    CASE(test_a_counter_lives_from_its_first_count),
    CASE(test_a_list_has_its_members),
    CASE(test_a_member_leaves_when_its_time_is_over),
    CASE(test_a_list_can_have_a_thousand_members),
    CASE(test_commands_of_a_batch_are_carried_out_in_order),
    CASE(test_a_batch_has_a_limit),
    CASE(test_many_flows_at_once_get_their_own),
    CASE(test_a_cancelled_flow_disturbs_nobody),
    CASE(test_a_store_can_be_closed_with_commands_under_way),
    CASE(test_of_many_takers_one_wins),
    CASE(test_of_many_adders_one_wins),
    CASE(test_of_many_conditional_removers_one_wins),
    CASE(test_no_swap_is_lost),
    CASE(test_counts_of_many_processes_are_exact),
    CASE(test_lists_of_many_processes_are_whole),
};

enum {
    CASES = sizeof(cases) / sizeof(cases[0])
};

static void start_engines(void)
{
    char certificate[96];
    char log[96];

    temporary_folder(folder);
    snprintf(log, sizeof(log), "%s/log", folder);
    log_to_descriptor(open(log, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
    make_certificates(folder);
    snprintf(certificate, sizeof(certificate), "%s/good.pem", folder);
    redis_server_start(&server, folder,
                       &(struct redis_server_options){ .certificate = certificate });
    snprintf(engines[0].url, sizeof(engines[0].url), "sqlite:%s/store.db", folder);
    snprintf(engines[1].url, sizeof(engines[1].url), "redis://127.0.0.1:%d/3", server.port);
    snprintf(engines[2].url, sizeof(engines[2].url), "redis+unix:%s", server.socket);
    snprintf(engines[3].url, sizeof(engines[3].url), "rediss://localhost:%d", server.tls_port);
    snprintf(engines[3].ca_file, sizeof(engines[3].ca_file), "%s/ca.pem", folder);
}

int main(void)
{
    static struct CMUnitTest all[ENGINES * CASES];
    static char names[ENGINES * CASES][128];

    signal(SIGPIPE, SIG_IGN);
    shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    start_engines();
    for (size_t i = 0; i < ENGINES * CASES; i++) {
        all[i] = cases[i % CASES];
        all[i].initial_state = &engines[i / CASES];
        snprintf(names[i], sizeof(names[i]), "%s (%s)", cases[i % CASES].name,
                 engines[i / CASES].name);
        all[i].name = names[i];
    }
    int failed = _cmocka_run_group_tests("store", all, ENGINES * CASES, NULL, NULL);

    redis_server_kill(&server);
    remove_folder(folder);
    arena_cache_release();
    return failed;
}
