/*
 * What is Redis' own in the store: its URLs, who is let in, what lies in the server, and what it
 * says when it will not. On a real redis-server.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "store/redis_url.h"
#include "tests/support/certificates.h"
#include "tests/support/redis_server.h"
#include "tests/support/store_probe.h"

#include <fcntl.h>
#include <hiredis/hiredis.h>
#include <signal.h>
#include <unistd.h>

enum {
    TIMEOUT_MS = 2000
};

/* Unlike anything else in a log. */
#define PASSWORD "kanarienvogel-7f3a"

/* One user has the rights that redis_command.h asks for, one all rights. */
static const char users[] =
    "user default on nopass ~* &* +@all\n"
    "user limited on >" PASSWORD " resetkeys ~cardea:* resetchannels -@all +get +set +getdel +del"
    " +zrem +zrangebyscore +eval +evalsha +getrange +exists +incrby +pexpire +persist +zadd"
    " +zrevrange +zremrangebyscore +select\n"
    "user reader on >" PASSWORD " ~* -@all +get";

static struct redis_server server;
static char folder[64];
static int log_file;

static struct event_base *base;
static struct arena arena;

static int before(void **state)
{
    (void)state;
    base = event_base_new();
    assert_int_equal(ftruncate(log_file, 0), 0);
    lseek(log_file, 0, SEEK_SET);
    return 0;
}

static int after(void **state)
{
    (void)state;
    event_base_free(base);
    arena_release(&arena);
    return 0;
}

/* What was logged since the test began. No log line ever holds the password. */
static struct slice logged(void)
{
    char *text = arena_zalloc(&arena, 65536);
    ssize_t len = pread(log_file, text, 65535, 0);

    assert_true(len >= 0);
    struct slice all = slice_make(text, (size_t)len);

    assert_int_equal(slice_find_text(all, SL(PASSWORD)), all.len);
    return all;
}

static bool was_logged(const char *text)
{
    struct slice all = logged();

    return slice_find_text(all, slice_of(text)) < all.len;
}

static struct store *open_at(const char *format, ...) __attribute__((format(printf, 1, 2)));
static struct store *open_at(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    struct slice url = arena_vprintf(&arena, format, args);

    va_end(args);
    return probe_open(base, url.at, NULL, TIMEOUT_MS);
}

static enum store_status run(struct store *store, struct store_command *command)
{
    return probe_one(base, store, &arena, command);
}

static enum store_status put(struct store *store, const char *key)
{
    struct store_command command = {
        .verb = STORE_PUT, .key = slice_of(key), .value = SL("value"), .ttl_ms = 60000
    };

    return run(store, &command);
}

static enum store_status get(struct store *store, const char *key)
{
    struct store_command command = { .verb = STORE_GET, .key = slice_of(key) };

    return run(store, &command);
}

/* Asks the server itself. */
static struct slice ask(const char *words, ...)
{
    va_list args;
    redisContext *redis = redisConnectUnix(server.socket);

    assert_int_equal(redis->err, 0);
    va_start(args, words);
    redisReply *reply = redisvCommand(redis, words, args);

    va_end(args);
    assert_non_null(reply);
    struct slice text = reply->type == REDIS_REPLY_INTEGER
                            ? arena_printf(&arena, "%lld", reply->integer)
                            : arena_copy(&arena, slice_make(reply->str, reply->len));

    freeReplyObject(reply);
    redisFree(redis);
    return text;
}

static void test_urls_are_read(void **state)
{
    struct redis_address a;

    (void)state;
    assert_null(redis_url_read(&arena, SL("redis://example.com"), &a));
    assert_string_equal(a.place, "example.com");
    assert_int_equal(a.port, 6379);
    assert_int_equal(a.database, 0);
    assert_false(a.tls || a.is_unix || slice_is_set(a.password));
    assert_null(redis_url_read(&arena, SL("rediss://us%40er:p%3A%2f%00@[::1]:7000/12"), &a));
    assert_string_equal(a.place, "::1");
    assert_int_equal(a.port, 7000);
    assert_int_equal(a.database, 12);
    assert_true(a.tls);
    assert_true(slice_equal(a.user, SL("us@er")));
    assert_true(slice_equal(a.password, SL("p:/\0")));
    assert_null(strstr(a.name, "er"));
    assert_null(redis_url_read(&arena, SL("redis://:a@b:c@host/"), &a));
    assert_true(slice_is(a.password, "a@b:c"));
    assert_false(slice_is_set(a.user));
    assert_null(
        redis_url_read(&arena, SL("redis+unix:/run/redis.sock?db=3&user=u&password=%2B+x"), &a));
    assert_true(a.is_unix);
    assert_string_equal(a.place, "/run/redis.sock");
    assert_int_equal(a.database, 3);
    assert_true(slice_is(a.user, "u"));
    assert_true(slice_is(a.password, "+ x"));
}

static void test_bad_urls_are_refused_without_their_password(void **state)
{
    static const struct slice bad[] = {
        SLICE("redis:"),
        SLICE("redis://"),
        SLICE("redis:host"),
        SLICE("redis://user@host"),
        SLICE("redis://user:@host"),
        SLICE("redis://:" PASSWORD "%2@host"),
        SLICE("redis://:" PASSWORD "@host:0"),
        SLICE("redis://:" PASSWORD "@host:99999"),
        SLICE("redis://:" PASSWORD "@host/x"),
        SLICE("redis://:" PASSWORD "@host/1/2"),
        SLICE("redis://:" PASSWORD "@host/99999"),
        SLICE("redis://:" PASSWORD "@host/1?db=2"),
        SLICE("redis://:" PASSWORD "@host#x"),
        SLICE("redis://:" PASSWORD "/@host"),
        SLICE("redis://:" PASSWORD " @host"),
        SLICE("redis://:" PASSWORD "@ho\0st"),
        SLICE("redis+unix:"),
        SLICE("redis+unix:?password=" PASSWORD),
        SLICE("redis+unix:/x?db=-1&password=" PASSWORD),
        SLICE("redis+unix:/x?user=u"),
        SLICE("redis+unix:/x?password=" PASSWORD "&password=" PASSWORD),
        SLICE("redis+unix:/x?pasword=" PASSWORD),
        SLICE("redis+unix:/x?password=" PASSWORD "%"),
        SLICE("mysql://:" PASSWORD "@host"),
        SLICE("/run/redis.sock"),
        SLICE(""),
    };

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        const char *why = store_check_url(&arena, bad[i]);

        assert_non_null(why);
        assert_null(strstr(why, PASSWORD));
        assert_null(store_open(base, &arena, bad[i], &(struct store_settings){ 0 }, &why));
        assert_non_null(why);
        assert_null(strstr(why, PASSWORD));
    }
    assert_null(store_check_url(&arena, SL("redis://:x@host/1")));
    assert_null(store_check_url(&arena, SL("SQLITE:/var/lib/store.db")));
    logged();
}

static void test_a_long_path_does_not_fit_a_socket_name(void **state)
{
    char text[256] = "redis+unix:/";

    (void)state;
    memset(text + 12, 'x', 106);
    assert_null(store_check_url(&arena, slice_make(text, 11 + 107)));
    assert_non_null(store_check_url(&arena, slice_make(text, 11 + 108)));
}

static void test_records_have_a_prefix_and_their_time(void **state)
{
    struct store *store = open_at("redis+unix:%s?db=1", server.socket);
    struct store_command command = { .verb = STORE_COUNT, .key = SL("c"), .amount = 3 };
    struct store_command join = { .verb = STORE_JOIN, .key = SL("l"), .member = SL("m") };

    (void)state;
    put(store, "k");
    assert_true(slice_is(ask("EVAL %s 0", "redis.call('SELECT', 1) return redis.call('GETRANGE',"
                                          " 'cardea:k', 8, -1)"),
                         "value"));
    assert_true(slice_is(ask("EVAL %s 0", "redis.call('SELECT', 1) return redis.call('STRLEN',"
                                          " 'cardea:k')"),
                         "13"));
    assert_true(slice_is(ask("EVAL %s 0", "redis.call('SELECT', 1)"
                                          " local t = redis.call('PTTL', 'cardea:k')"
                                          " return tostring(t > 59000 and t <= 60000)"),
                         "true"));
    command.ttl_ms = 60000;
    run(store, &command);
    join.ttl_ms = 30000;
    run(store, &join);
    join.member = SL("n");
    join.ttl_ms = 60000;
    run(store, &join);
    join.member = SL("o");
    join.ttl_ms = 1000;
    run(store, &join);
    assert_true(slice_is(ask("EVAL %s 0", "redis.call('SELECT', 1)"
                                          " local c = redis.call('PTTL', 'cardea:c')"
                                          " local l = redis.call('PTTL', 'cardea:l')"
                                          " return tostring(c > 59000 and l > 59000"
                                          " and l <= 60000)"),
                         "true"));
    assert_true(slice_is(ask("DBSIZE"), "0"));
    store_close(store);
}

static void test_scripts_that_redis_forgot_are_sent_again(void **state)
{
    struct store *store = open_at("redis://127.0.0.1:%d", server.port);
    struct store_command count = { .verb = STORE_COUNT, .key = SL("forgot"), .amount = 1 };

    (void)state;
    for (int i = 1; i <= 5; i++) {
        assert_int_equal(run(store, &count), STORE_OK);
        assert_int_equal(count.counted, i);
        ask("SCRIPT FLUSH");
    }
    assert_true(store_is_reachable(store));
    /* Known since the first of them: no script is sent in full each time. */
    run(store, &count);
    ask("CONFIG RESETSTAT");
    for (int i = 0; i < 5; i++)
        run(store, &count);
    struct slice stats = ask("INFO commandstats");

    assert_true(slice_find_text(stats, SL("cmdstat_evalsha:")) < stats.len);
    assert_true(slice_find_text(stats, SL("cmdstat_eval:")) == stats.len);
    store_close(store);
}

static void test_a_cancelled_script_is_not_sent_again(void **state)
{
    struct store *store = open_at("redis://127.0.0.1:%d", server.port);
    struct store_command count = { .verb = STORE_COUNT, .key = SL("gone"), .amount = 1 };
    struct probe probe = { .commands = &count, .count = 1 };

    (void)state;
    assert_int_equal(get(store, "k"), STORE_ABSENT);
    ask("SCRIPT FLUSH");
    probe_start(&probe, store);
    flow_cancel(probe.flow, FLOW_GONE);
    assert_int_equal(get(store, "k"), STORE_ABSENT);
    count.amount = 0;
    assert_int_equal(run(store, &count), STORE_OK);
    assert_int_equal(count.counted, 0);
    store_close(store);
}

static void test_a_limited_user_is_enough(void **state)
{
    struct store *store = open_at("redis://limited:%s@127.0.0.1:%d/2", PASSWORD, server.port);
    struct store_command commands[] = {
        { .verb = STORE_PUT, .key = SL("a*"), .value = SL("1"), .ttl_ms = 60000 },
        { .verb = STORE_ADD, .key = SL("b?"), .value = SL("1"), .ttl_ms = 60000 },
        { .verb = STORE_GET, .key = SL("a*") },
        { .verb = STORE_COUNT, .key = SL("c"), .amount = 1, .ttl_ms = 60000 },
        { .verb = STORE_COUNT, .key = SL("c"), .amount = 0 },
        { .verb = STORE_JOIN, .key = SL("l"), .member = SL("m"), .ttl_ms = 60000 },
        { .verb = STORE_JOIN, .key = SL("l"), .member = SL("n") },
        { .verb = STORE_MEMBERS, .key = SL("l") },
        { .verb = STORE_LEAVE, .key = SL("l"), .member = SL("m") },
        { .verb = STORE_TAKE, .key = SL("b?") },
        { .verb = STORE_REMOVE, .key = SL("c") },
    };
    const size_t total = sizeof(commands) / sizeof(commands[0]);

    (void)state;
    probe_run(base, store, &arena, commands, total);
    for (size_t i = 0; i < total; i++)
        assert_int_equal(commands[i].status, STORE_OK);
    struct store_command swap = {
        .verb = STORE_SWAP, .key = SL("a*"), .value = SL("2"), .version = commands[0].found_version
    };
    struct store_command removal = { .verb = STORE_REMOVE,
                                     .key = SL("a*"),
                                     .only_if_version = true };

    assert_int_equal(run(store, &swap), STORE_OK);
    swap.version = swap.found_version;
    swap.ttl_ms = 60000;
    assert_int_equal(run(store, &swap), STORE_OK);
    removal.version = swap.found_version;
    assert_int_equal(run(store, &removal), STORE_OK);
    assert_true(store_is_reachable(store));
    logged();
    store_close(store);
}

static void test_what_a_user_may_not_is_unavailable(void **state)
{
    struct store *store = open_at("redis+unix:%s?user=reader&password=%s", server.socket, PASSWORD);

    (void)state;
    assert_int_equal(get(store, "k"), STORE_ABSENT);
    assert_true(store_is_reachable(store));
    assert_int_equal(put(store, "k"), STORE_UNAVAILABLE);
    assert_false(store_is_reachable(store));
    assert_true(was_logged("answers SET with: NOPERM"));
    assert_int_equal(get(store, "k"), STORE_ABSENT);
    assert_true(store_is_reachable(store));
    store_close(store);
}

static void test_a_wrong_password_is_unavailable_and_not_told(void **state)
{
    struct store *store = open_at("redis://limited:%sx@127.0.0.1:%d", PASSWORD, server.port);
    int64_t began = clock_monotonic_ms();

    (void)state;
    assert_int_equal(get(store, "k"), STORE_UNAVAILABLE);
    assert_true(clock_monotonic_ms() - began < TIMEOUT_MS / 2);
    assert_false(store_is_reachable(store));
    assert_true(was_logged("AUTH was answered with: WRONGPASS"));
    store_close(store);
}

static void test_without_the_password_nothing_is_asked(void **state)
{
    struct store *store;

    (void)state;
    ask("ACL SETUSER default resetpass >%s", PASSWORD);
    store = open_at("redis+unix:%s", server.socket);
    assert_int_equal(get(store, "k"), STORE_UNAVAILABLE);
    assert_true(was_logged("PING was answered with: NOAUTH"));
    store_close(store);
    store = open_at("redis://:%s@127.0.0.1:%d", PASSWORD, server.port);
    assert_int_equal(get(store, "k"), STORE_ABSENT);
    redisContext *redis = redisConnectUnix(server.socket);

    freeReplyObject(redisCommand(redis, "AUTH %s", PASSWORD));
    freeReplyObject(redisCommand(redis, "ACL SETUSER default nopass"));
    redisFree(redis);
    logged();
    store_close(store);
}

static void test_a_user_that_is_removed_is_noticed(void **state)
{
    (void)state;
    ask("ACL SETUSER passing on >%s ~* +@all", PASSWORD);
    struct store *store = open_at("redis://passing:%s@127.0.0.1:%d", PASSWORD, server.port);

    assert_int_equal(get(store, "k"), STORE_ABSENT);
    ask("ACL DELUSER passing"); /* Redis closes its connections */
    assert_true(probe_reachable(base, store, false, TIMEOUT_MS));
    assert_int_equal(get(store, "k"), STORE_UNAVAILABLE);
    ask("ACL SETUSER passing on >%s ~* +@all", PASSWORD);
    assert_true(probe_reachable(base, store, true, 5000));
    assert_int_equal(get(store, "k"), STORE_ABSENT);
    ask("ACL DELUSER passing");
    logged();
    store_close(store);
}

static void test_a_database_that_is_not_there_is_unavailable(void **state)
{
    struct store *store = open_at("redis://127.0.0.1:%d/99", server.port);

    (void)state;
    assert_int_equal(get(store, "k"), STORE_UNAVAILABLE);
    assert_true(was_logged("SELECT was answered with: ERR DB index is out of range"));
    store_close(store);
}

static void test_a_full_redis_is_unavailable_for_writes(void **state)
{
    struct store *store = open_at("redis://127.0.0.1:%d", server.port);
    struct store_command take = { .verb = STORE_TAKE, .key = SL("full") };
    struct store_command count = { .verb = STORE_COUNT, .key = SL("fuller"), .amount = 1 };

    (void)state;
    assert_int_equal(put(store, "full"), STORE_OK);
    ask("CONFIG SET maxmemory 1");
    assert_int_equal(put(store, "full"), STORE_UNAVAILABLE);
    assert_true(was_logged("answers SET with: OOM"));
    assert_int_equal(run(store, &count), STORE_UNAVAILABLE);
    assert_false(store_is_reachable(store));
    assert_int_equal(run(store, &take), STORE_OK);
    ask("CONFIG SET maxmemory 0");
    assert_int_equal(put(store, "full"), STORE_OK);
    assert_true(store_is_reachable(store));
    store_close(store);
}

static void test_a_replica_is_left_for_its_master(void **state)
{
    struct store *store = open_at("redis://127.0.0.1:%d", server.port);

    (void)state;
    assert_int_equal(put(store, "k"), STORE_OK);
    ask("REPLICAOF 127.0.0.1 1");
    assert_int_equal(put(store, "k"), STORE_UNAVAILABLE);
    assert_true(was_logged("answers SET with: READONLY"));
    ask("REPLICAOF NO ONE");
    assert_true(probe_reachable(base, store, true, 5000));
    assert_int_equal(put(store, "k"), STORE_OK);
    store_close(store);
}

static void test_what_others_wrote_is_unavailable(void **state)
{
    struct store *store = open_at("redis://127.0.0.1:%d", server.port);
    struct store_command members = { .verb = STORE_MEMBERS, .key = SL("string") };
    struct store_command counted = { .verb = STORE_COUNT, .key = SL("string") };

    (void)state;
    ask("SET cardea:string short");
    ask("LPUSH cardea:list value");
    assert_int_equal(get(store, "string"), STORE_UNAVAILABLE);
    assert_int_equal(get(store, "list"), STORE_UNAVAILABLE);
    assert_int_equal(run(store, &members), STORE_UNAVAILABLE);
    assert_int_equal(run(store, &counted), STORE_UNAVAILABLE);
    assert_int_equal(get(store, "k"), STORE_OK);
    store_close(store);
}

static void test_arguments_are_one_argument_each(void **state)
{
    struct store *store = open_at("redis://127.0.0.1:%d", server.port);
    struct store_command commands[] = {
        { .verb = STORE_PUT, .key = SL("a\xff\"'b"), .value = SL("\r\nDEL cardea:k\r\n\0\xff") },
        { .verb = STORE_JOIN, .key = SL("list"), .member = SL("\r\n*1\r\n$8\r\nFLUSHALL\r\n") },
        { .verb = STORE_LEAVE, .key = SL("list"), .member = SL("\r\n*1\r\n$8\r\nFLUSHALL\r\n") },
    };
    redisReply *reply;

    (void)state;
    ask("DEL cardea:list");
    redisContext *monitor = redisConnectUnix(server.socket);

    freeReplyObject(redisCommand(monitor, "MONITOR"));
    probe_run(base, store, &arena, commands, 3);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(commands[i].status, STORE_OK);
    /* PING of the greeting, then the three; a join has four more from within its script. */
    static const char *const wanted[] = { "\"PING\"", "\"SET\"", "\"EVAL\"",    "\"ZREMRANGE",
                                          "\"ZADD\"", "\"ZREVR", "\"PERSIST\"", "\"ZREM\"" };

    for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
        assert_int_equal(redisGetReply(monitor, (void **)&reply), REDIS_OK);
        assert_non_null(strstr(reply->str, wanted[i]));
        freeReplyObject(reply);
    }
    redisFree(monitor);
    store_close(store);
}

static void test_certificates_are_verified(void **state)
{
    static const char *const bad[] = { "other-name", "common-name", "expired", "stranger" };
    char path[2][160];

    (void)state;
    snprintf(path[1], sizeof(path[1]), "%s/ca.pem", folder);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        snprintf(path[0], sizeof(path[0]), "%s/%s.pem", folder, bad[i]);
        ask("CONFIG SET tls-cert-file %s tls-key-file %s", path[0], path[0]);
        struct slice url =
            arena_printf(&arena, "rediss://:%s@localhost:%d", PASSWORD, server.tls_port);
        struct store *store = probe_open(base, url.at, path[1], TIMEOUT_MS);

        assert_int_equal(get(store, "k"), STORE_UNAVAILABLE);
        assert_true(was_logged("its certificate: "));
        store_close(store);
    }
    snprintf(path[0], sizeof(path[0]), "%s/good.pem", folder);
    ask("CONFIG SET tls-cert-file %s tls-key-file %s", path[0], path[0]);
    struct store *store =
        probe_open(base, arena_printf(&arena, "rediss://127.0.0.1:%d", server.tls_port).at, path[1],
                   TIMEOUT_MS);

    assert_int_equal(get(store, "k"), STORE_OK);
    store_close(store);
}

static void test_without_the_authority_nobody_is_trusted(void **state)
{
    struct store *store = open_at("rediss://localhost:%d", server.tls_port);
    const char *why = NULL;
    struct store_settings settings = { .ca_file = "/nonexistent/ca.pem" };

    (void)state;
    assert_int_equal(get(store, "k"), STORE_UNAVAILABLE);
    store_close(store);
    assert_null(store_open(base, &arena, SL("rediss://localhost"), &settings, &why));
    assert_non_null(strstr(why, "/nonexistent/ca.pem"));
}

static void test_tls_to_a_plain_port_is_unavailable(void **state)
{
    struct store *store = open_at("rediss://localhost:%d", server.port);
    int64_t began = clock_monotonic_ms();

    (void)state;
    assert_int_equal(get(store, "k"), STORE_UNAVAILABLE);
    assert_true(clock_monotonic_ms() - began <= TIMEOUT_MS + 200);
    store_close(store);
    store = open_at("redis://localhost:%d", server.tls_port);
    began = clock_monotonic_ms();
    assert_int_equal(get(store, "k"), STORE_UNAVAILABLE);
    assert_true(clock_monotonic_ms() - began <= TIMEOUT_MS + 200);
    store_close(store);
}

static void test_names_are_looked_up_and_each_address_tried(void **state)
{
    /* Usually ::1 and 127.0.0.1, of which the server has the second. */
    struct store *store = open_at("redis://localhost:%d", server.port);

    (void)state;
    assert_int_equal(get(store, "k"), STORE_OK);
    store_close(store);
    store = open_at("redis://no-such-host.invalid:%d", server.port);
    int64_t began = clock_monotonic_ms();

    assert_int_equal(get(store, "k"), STORE_UNAVAILABLE);
    assert_true(clock_monotonic_ms() - began <= TIMEOUT_MS + 200);
    store_close(store);
    probe_loop(base, 50); /* the resolver ends in its own time */
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, before, after)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(test_urls_are_read),
        TEST(test_bad_urls_are_refused_without_their_password),
        TEST(test_a_long_path_does_not_fit_a_socket_name),
        TEST(test_records_have_a_prefix_and_their_time),
        TEST(test_scripts_that_redis_forgot_are_sent_again),
        TEST(test_a_cancelled_script_is_not_sent_again),
        TEST(test_a_limited_user_is_enough),
        TEST(test_what_a_user_may_not_is_unavailable),
        TEST(test_a_wrong_password_is_unavailable_and_not_told),
        TEST(test_without_the_password_nothing_is_asked),
        TEST(test_a_user_that_is_removed_is_noticed),
        TEST(test_a_database_that_is_not_there_is_unavailable),
        TEST(test_a_full_redis_is_unavailable_for_writes),
        TEST(test_a_replica_is_left_for_its_master),
        TEST(test_what_others_wrote_is_unavailable),
        TEST(test_arguments_are_one_argument_each),
        TEST(test_certificates_are_verified),
        TEST(test_without_the_authority_nobody_is_trusted),
        TEST(test_tls_to_a_plain_port_is_unavailable),
        TEST(test_names_are_looked_up_and_each_address_tried),
    };
    char path[96];

    signal(SIGPIPE, SIG_IGN);
    temporary_folder(folder);
    snprintf(path, sizeof(path), "%s/log", folder);
    log_file = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    log_to_descriptor(log_file);
    log_configure(LEVEL_DEBUG, FORMAT_JSON);
    make_certificates(folder);
    snprintf(path, sizeof(path), "%s/good.pem", folder);
    redis_server_start(&server, folder,
                       &(struct redis_server_options){ .certificate = path, .lines = users });
    int failed = cmocka_run_group_tests(tests, NULL, NULL);

    redis_server_kill(&server);
    remove_folder(folder);
    arena_cache_release();
    return failed;
}
