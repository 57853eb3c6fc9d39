/*
 * Redis that lies, stalls, breaks off or dies. A stub on loopback misbehaves on purpose; where the
 * fault is one a real server can have, it is a real server that is stopped or killed.
 *
 * Whatever happens, a command ends with STORE_UNAVAILABLE within its time-out, and afterwards the
 * store is whole again by itself.
 *
 * Stores are patient, so that nothing here times out because the machine is busy and a command that
 * ends promptly has ended for its own reason. Only where silence is the subject are they hasty, and
 * then a good command may come too late once.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "tests/support/redis_server.h"
#include "tests/support/store_probe.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/listener.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    PATIENT_MS = 30 * 1000,
    HASTY_MS = 100,
    SLACK_MS = 10 * 1000, /* how late a busy machine may be */
    RECOVERY_MS = 20 * 1000
};

#define PASSWORD "kanarienvogel-7f3a"

static struct event_base *base;
static struct arena arena;
static char folder[64];
static int log_file;
static int64_t timeout_ms; /* of the stores that are opened */

/* What the stub does with a command. */
enum behaviour {
    ECHO,    /* answers GET with a record that holds the key, all else with nil */
    SCRIPT,  /* says `reply`, once per connection, and then nothing */
    BREAK,   /* says `reply` and closes */
    TRICKLE, /* says `reply` byte by byte */
    BLURT,   /* says `reply` before it was asked anything */
    IGNORE   /* does not even read */
};

struct stub {
    struct evconnlistener *listener;
    int socket; /* bound; nobody else gets the port while it does not listen */
    int port;
    enum behaviour behaviour;
    struct slice reply;
    struct slice greeting;      /* what PING and AUTH get */
    struct bufferevent *newest; /* the connection it got last */
    struct bufferevent *all[256];
    int connections;
    int reads;
    struct event *ticker; /* for TRICKLE */
    size_t trickled;
};
static struct stub stub;

static struct store *store;

/* The parts of a RESP command, in the arena. False when it is not complete. */
static bool next_command(struct evbuffer *input, struct slice words[16], size_t *count_r)
{
    struct slice all =
        slice_make((const char *)evbuffer_pullup(input, -1), evbuffer_get_length(input));
    size_t at = slice_find(all, '\n') + 1;
    uint64_t count;
    uint64_t len;

    if (at > all.len || !slice_to_u64(slice_sub(all, 1, at - 3), 16, &count))
        return false;
    for (size_t i = 0; i < count; i++) {
        size_t line = slice_find(slice_from(all, at), '\n') + 1;

        if (at + line > all.len ||
            !slice_to_u64(slice_sub(all, at + 1, line - 3), 2 * STORE_VALUE_MAX, &len) ||
            at + line + len + 2 > all.len)
            return false;
        words[i] = arena_copy(&arena, slice_sub(all, at + line, (size_t)len));
        at += line + (size_t)len + 2;
    }
    evbuffer_drain(input, at);
    *count_r = (size_t)count;
    return true;
}

static void say(struct bufferevent *connection, struct slice text)
{
    bufferevent_write(connection, text.at, text.len);
}

static void echo(struct bufferevent *connection, const struct slice *words)
{
    if (!slice_is(words[0], "GET")) {
        say(connection, SL("$-1\r\n"));
        return;
    }
    say(connection,
        arena_printf(&arena, "$%zu\r\nversion:%.*s\r\n", words[1].len + 8, SLICE_ARG(words[1])));
}

static void stub_event(struct bufferevent *connection, short what, void *arg)
{
    (void)arg;
    if ((what & (BEV_EVENT_EOF | BEV_EVENT_ERROR)) == 0)
        return;
    if (stub.newest == connection)
        stub.newest = NULL;
    for (int i = 0; i < stub.connections; i++) {
        if (stub.all[i] == connection)
            stub.all[i] = NULL;
    }
    bufferevent_free(connection);
}

/* Every byte is its own segment, and its own turn of the loop. */
static void trickle(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what, (void)arg;
    if (stub.newest == NULL || stub.trickled == stub.reply.len)
        return;
    send(bufferevent_getfd(stub.newest), stub.reply.at + stub.trickled++, 1, MSG_NOSIGNAL);
    event_add(stub.ticker, &(struct timeval){ 0, 0 });
}

static void break_off(struct bufferevent *connection, void *arg)
{
    stub_event(connection, BEV_EVENT_EOF, arg);
}

static void stub_readable(struct bufferevent *connection, void *arg)
{
    struct slice words[16] = { 0 };
    size_t count;

    (void)arg;
    stub.reads++;
    while (next_command(bufferevent_get_input(connection), words, &count)) {
        if (slice_is(words[0], "PING") || slice_is(words[0], "AUTH")) {
            say(connection, stub.greeting);
            continue;
        }
        switch (stub.behaviour) {
        case ECHO:
            echo(connection, words);
            break;
        case TRICKLE:
            stub.trickled = 0;
            trickle(-1, 0, NULL);
            break;
        case BREAK:
            if (stub.reply.len == 0) {
                break_off(connection, NULL);
                return;
            }
            /* Closes when all is written. */
            bufferevent_setcb(connection, NULL, break_off, stub_event, NULL);
            say(connection, stub.reply);
            return;
        default:
            say(connection, stub.reply);
            return;
        }
    }
}

static void stub_accepted(struct evconnlistener *listener, evutil_socket_t fd,
                          struct sockaddr *address, int len, void *arg)
{
    int on = 1;

    (void)listener, (void)address, (void)len, (void)arg;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    stub.newest = bufferevent_socket_new(base, fd, BEV_OPT_CLOSE_ON_FREE);
    assert_true(stub.connections < 256);
    stub.all[stub.connections++] = stub.newest;
    bufferevent_setcb(stub.newest, stub_readable, NULL, stub_event, NULL);
    if (stub.behaviour == BLURT)
        say(stub.newest, stub.reply);
    if (stub.behaviour != IGNORE)
        bufferevent_enable(stub.newest, EV_READ | EV_WRITE);
}

static void stub_bind(void)
{
    struct sockaddr_in address = { .sin_family = AF_INET,
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t len = sizeof(address);

    stub.socket = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(stub.socket, (struct sockaddr *)&address, len), 0);
    assert_int_equal(getsockname(stub.socket, (struct sockaddr *)&address, &len), 0);
    stub.port = ntohs(address.sin_port);
}

static void stub_listen(void)
{
    stub.listener = evconnlistener_new(base, stub_accepted, NULL, 0, 16, stub.socket);
    assert_non_null(stub.listener);
}

static struct store *open_at(const char *url)
{
    return probe_open(base, url, NULL, timeout_ms);
}

static void open_stub(void)
{
    char url[128];

    snprintf(url, sizeof(url), "redis://127.0.0.1:%d", stub.port);
    store = open_at(url);
}

static int before_listening(void **state)
{
    (void)state;
    base = event_base_new();
    stub = (struct stub){ .greeting = SL("+PONG\r\n") };
    stub.ticker = evtimer_new(base, trickle, NULL);
    stub_bind();
    store = NULL;
    timeout_ms = PATIENT_MS;
    assert_int_equal(ftruncate(log_file, 0), 0);
    return 0;
}

static int before(void **state)
{
    before_listening(state);
    stub_listen();
    return 0;
}

static int before_silence(void **state)
{
    before(state);
    timeout_ms = HASTY_MS;
    return 0;
}

static int after(void **state)
{
    (void)state;
    store_close(store);
    if (stub.listener != NULL)
        evconnlistener_free(stub.listener);
    close(stub.socket);
    for (int i = 0; i < stub.connections; i++) {
        if (stub.all[i] != NULL)
            bufferevent_free(stub.all[i]);
    }
    event_free(stub.ticker);
    event_base_free(base);
    arena_release(&arena);
    return 0;
}

static bool was_logged(const char *text)
{
    static char all[65536];
    ssize_t len = pread(log_file, all, sizeof(all) - 1, 0);

    assert_true(len >= 0);
    all[len] = '\0';
    return strstr(all, text) != NULL;
}

static struct store_command get(const char *key)
{
    return (struct store_command){ .verb = STORE_GET, .key = slice_of(key) };
}

static enum store_status run(struct store_command *command)
{
    return probe_one(base, store, &arena, command);
}

/* Runs it; it must end in time: of a patient store, long before its patience ends. */
static enum store_status run_in_time(struct store_command *command)
{
    int64_t began = clock_monotonic_ms();
    enum store_status status = run(command);
    int64_t limit = SLACK_MS + (timeout_ms == HASTY_MS ? HASTY_MS : 0);

    assert_in_range(clock_monotonic_ms() - began, 0, limit);
    return status;
}

/* A hasty store may miss a good answer on a busy machine, which is then asked for again. */
static void assert_found(struct store_command command, const char *value)
{
    int64_t end = clock_monotonic_ms() + RECOVERY_MS;

    while (run_in_time(&command) != STORE_OK) {
        assert_true(timeout_ms == HASTY_MS && clock_monotonic_ms() < end);
        probe_loop(base, 10);
    }
    assert_true(slice_is(command.found, value));
}

/* By itself, and what it answers is right. */
static void assert_recovers(void)
{
    stub.behaviour = ECHO;
    stub.greeting = SL("+PONG\r\n");
    assert_true(probe_reachable(base, store, true, RECOVERY_MS));
    assert_found(get("after"), "cardea:after");
    assert_true(store_is_reachable(store));
}

/* One command of that verb is answered so. */
static void assert_unavailable(enum store_verb verb, struct slice reply, enum behaviour behaviour)
{
    struct store_command command = {
        .verb = verb, .key = SL("k"), .value = SL("v"), .member = SL("m"), .amount = 1
    };

    stub.behaviour = behaviour;
    stub.reply = reply;
    assert_int_equal(run_in_time(&command), STORE_UNAVAILABLE);
    assert_false(store_is_reachable(store));
    assert_recovers();
}

static void test_what_is_no_reply_ends_the_connection(void **state)
{
    static const struct slice replies[] = {
        SLICE("*2147483648\r\n"),
        SLICE("*2147483647\r\n"),
        SLICE("*1001\r\n"),
        SLICE("*-2\r\n"),
        SLICE("*1\r\n*1\r\n$1\r\na\r\n"),
        SLICE("$-2\r\n"),
        SLICE("$18446744073709551615\r\n"),
        SLICE("$11\r\nversion:abcXY"),
        SLICE("$1x\r\nabc\r\n"),
        SLICE(":1x\r\n"),
        SLICE(":99999999999999999999\r\n"),
        SLICE("-ERR a\nb\r\n"),
        SLICE("-OOM a\r\nb\r\n"),
        SLICE("-OOM a\x1b[2Jb\r\n"),
        SLICE("+O\nK\r\n"),
        SLICE(">2\r\n$7\r\nmessage\r\n$1\r\na\r\n"),
        SLICE("_\r\n"),
        SLICE("#t\r\n"),
        SLICE(",1.5\r\n"),
        SLICE("%1\r\n+a\r\n+b\r\n"),
        SLICE("~1\r\n+a\r\n"),
        SLICE("(12345\r\n"),
        SLICE("=7\r\ntxt:abc\r\n"),
        SLICE("|1\r\n+a\r\n+b\r\n"),
        SLICE("!3\r\nabc\r\n"),
        SLICE("HTTP/1.1 400 Bad Request\r\n\r\n"),
        SLICE("\0\0\0\0"),
        SLICE("\r\n"),
        SLICE("\x16\x03\x01\x02"),
    };

    (void)state;
    open_stub();
    for (size_t i = 0; i < sizeof(replies) / sizeof(replies[0]); i++)
        assert_unavailable(STORE_GET, replies[i], SCRIPT);
}

/* Good replies all, but not to this. */
static void test_a_reply_of_the_wrong_kind_ends_the_connection(void **state)
{
    static const struct {
        enum store_verb verb;
        struct slice reply;
    } wrong[] = {
        { STORE_GET, SLICE("+OK\r\n") },
        { STORE_GET, SLICE(":1\r\n") },
        { STORE_GET, SLICE("*0\r\n") },
        { STORE_GET, SLICE("-ERR something\r\n") },
        { STORE_GET, SLICE("-NOSCRIPT No matching script\r\n") },
        { STORE_PUT, SLICE("$-1\r\n") },
        { STORE_PUT, SLICE("+QUEUED\r\n") },
        { STORE_PUT, SLICE("$2\r\nOK\r\n") },
        { STORE_ADD, SLICE(":1\r\n") },
        { STORE_ADD, SLICE("+PONG\r\n") },
        { STORE_TAKE, SLICE("+OK\r\n") },
        { STORE_TAKE, SLICE("*1\r\n$11\r\nversion:abc\r\n") },
        { STORE_SWAP, SLICE("$-1\r\n") },
        { STORE_SWAP, SLICE("+OK\r\n") },
        { STORE_SWAP, SLICE(":2\r\n") },
        { STORE_SWAP, SLICE(":-2\r\n") },
        { STORE_REMOVE, SLICE(":-1\r\n") },
        { STORE_REMOVE, SLICE("$1\r\n1\r\n") },
        { STORE_COUNT, SLICE(":1\r\n") },
        { STORE_COUNT, SLICE("$-1\r\n") },
        { STORE_JOIN, SLICE(":0\r\n") },
        { STORE_JOIN, SLICE("+OK\r\n") },
        { STORE_LEAVE, SLICE("$-1\r\n") },
        { STORE_LEAVE, SLICE(":2\r\n") },
        { STORE_MEMBERS, SLICE("$-1\r\n") },
        { STORE_MEMBERS, SLICE("*-1\r\n") },
        { STORE_MEMBERS, SLICE("*1\r\n:1\r\n") },
        { STORE_MEMBERS, SLICE("*1\r\n$-1\r\n") },
        { STORE_MEMBERS, SLICE("*2\r\n$1\r\na\r\n-ERR x\r\n") },
        { STORE_MEMBERS, SLICE("*2\r\n$1\r\na\r\n*0\r\n") },
        { STORE_MEMBERS, SLICE(":0\r\n") },
    };

    (void)state;
    open_stub();
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        assert_unavailable(wrong[i].verb, wrong[i].reply, SCRIPT);
}

/* These leave the connection as it is: no reason to doubt where in the stream we are. */
static void test_some_errors_are_borne(void **state)
{
    static const struct slice errors[] = {
        SLICE("-OOM command not allowed when used memory > 'maxmemory'.\r\n"),
        SLICE("-LOADING Redis is loading the dataset in memory\r\n"),
        SLICE("-MISCONF Redis is configured to save RDB snapshots\r\n"),
        SLICE("-MOVED 3999 127.0.0.1:6381\r\n"),
        SLICE("-ASK 3999 127.0.0.1:6381\r\n"),
        SLICE("-CLUSTERDOWN Hash slot not served\r\n"),
        SLICE("$3\r\nabc\r\n"), /* a record without a version */
    };

    (void)state;
    open_stub();
    for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
        struct store_command command = get("k");

        stub.behaviour = SCRIPT;
        stub.reply = errors[i];
        assert_int_equal(run_in_time(&command), STORE_UNAVAILABLE);
        assert_false(store_is_reachable(store));
        stub.behaviour = ECHO;
        assert_int_equal(run_in_time(&command), STORE_OK);
    }
    assert_int_equal(stub.connections, 1);
    assert_true(was_logged("answers GET with: OOM command not allowed when used memory > "));
    assert_false(was_logged("maxmemory"));
}

static void test_deep_nesting_ends_the_connection(void **state)
{
    struct buf deep = BUF_INIT(65536);

    (void)state;
    open_stub();
    for (int i = 0; i < 10000; i++)
        buf_add_text(&deep, "*1\r\n");
    assert_unavailable(STORE_GET, buf_slice(&deep), SCRIPT);
    assert_unavailable(STORE_MEMBERS, buf_slice(&deep), SCRIPT);
    buf_release(&deep);
}

static void test_endless_replies_end_the_connection(void **state)
{
    static const char *const beginnings[] = {
        "+", "-OOM ", ":", "$99999999\r\n", "*1\r\n$9999999\r\n", "$"
    };
    const size_t len = 4 * 1024 * 1024;
    char *bytes = arena_alloc(&arena, len);

    (void)state;
    open_stub();
    for (size_t i = 0; i < sizeof(beginnings) / sizeof(beginnings[0]); i++) {
        memset(bytes, '1', len);
        memcpy(bytes, beginnings[i], strlen(beginnings[i]));
        assert_unavailable(i == 4 ? STORE_MEMBERS : STORE_GET, slice_make(bytes, len), SCRIPT);
    }
}

static void test_a_break_at_any_byte_is_unavailable(void **state)
{
    static const struct slice reply = SLICE("$11\r\nversion:abc\r\n");
    struct store_command command = get("k");

    (void)state;
    open_stub();
    for (size_t cut = 0; cut < reply.len; cut++)
        assert_unavailable(STORE_GET, slice_sub(reply, 0, cut), BREAK);
    /* And whole: it was answered. */
    stub.behaviour = BREAK;
    stub.reply = reply;
    assert_int_equal(run_in_time(&command), STORE_OK);
    assert_true(slice_is(command.found, "abc"));
    assert_true(probe_reachable(base, store, false, RECOVERY_MS));
    assert_recovers();
}

static void test_silence_after_any_byte_is_unavailable(void **state)
{
    static const struct slice reply = SLICE("*2\r\n$1\r\na\r\n$1\r\nb\r\n");

    (void)state;
    open_stub();
    for (size_t cut = 0; cut < reply.len; cut += 3)
        assert_unavailable(STORE_MEMBERS, slice_sub(reply, 0, cut), SCRIPT);
    /* As long as it is not there, it may still come. */
    assert_unavailable(STORE_GET, SL("$9223372036854775807\r\n"), SCRIPT);
}

static void test_replies_may_come_byte_by_byte(void **state)
{
    struct store_command command = get("k");
    struct store_command list = { .verb = STORE_MEMBERS, .key = SL("k") };

    (void)state;
    open_stub();
    assert_true(probe_reachable(base, store, true, RECOVERY_MS));
    stub.behaviour = TRICKLE;
    stub.reply = SL("$13\r\nversion:a\r\n\0b\r\n");
    assert_int_equal(run(&command), STORE_OK);
    assert_true(slice_equal(command.found, SL("a\r\n\0b")));
    assert_true(command.found_version == 0x76657273696f6e3aU);
    stub.reply = SL("*3\r\n$1\r\na\r\n$0\r\n\r\n$2\r\n\r\n\r\n");
    assert_int_equal(run(&list), STORE_OK);
    assert_int_equal(list.member_count, 3);
    assert_true(slice_equal(list.members[2], SL("\r\n")));
}

static void test_a_late_reply_answers_nobody(void **state)
{
    struct store_command command = get("one");
    struct bufferevent *old;

    (void)state;
    open_stub();
    stub.behaviour = SCRIPT;
    stub.reply = SL("");
    assert_int_equal(run_in_time(&command), STORE_UNAVAILABLE);
    old = stub.newest;
    stub.behaviour = ECHO;
    /* Late, on the connection it was asked on: which is no longer there. */
    say(old, SL("$16\r\nversion:late one\r\n"));
    for (int i = 0; i < 20; i++)
        assert_found(get(arena_printf(&arena, "key%d", i).at),
                     arena_printf(&arena, "cardea:key%d", i).at);
    assert_true(stub.connections >= 2);
}

static void test_a_reply_nobody_asked_for_ends_the_connection(void **state)
{
    struct store_command command = get("k");

    (void)state;
    open_stub();
    assert_int_equal(run_in_time(&command), STORE_OK);
    say(stub.newest, SL("$16\r\nversion:too much\r\n"));
    assert_true(probe_reachable(base, store, false, RECOVERY_MS));
    assert_true(was_logged("it spoke without being asked"));
    assert_recovers();
    /* The same right behind an answer. */
    stub.behaviour = SCRIPT;
    stub.reply = SL("$11\r\nversion:abc\r\n$-1\r\n");
    assert_int_equal(run_in_time(&command), STORE_OK);
    assert_true(probe_reachable(base, store, false, RECOVERY_MS));
    assert_recovers();
}

static void test_what_was_answered_before_a_fault_counts(void **state)
{
    struct store_command batch[] = { get("a"), get("b"), get("c") };

    (void)state;
    open_stub();
    assert_true(probe_reachable(base, store, true, RECOVERY_MS));
    stub.behaviour = SCRIPT;
    stub.reply = SL("$11\r\nversion:abc\r\n:1\r\n$-1\r\n");
    probe_run(base, store, &arena, batch, 3);
    assert_int_equal(batch[0].status, STORE_OK);
    assert_true(slice_is(batch[0].found, "abc"));
    assert_int_equal(batch[1].status, STORE_UNAVAILABLE);
    assert_int_equal(batch[2].status, STORE_UNAVAILABLE);
    assert_recovers();
}

static void test_a_fault_ends_all_that_is_under_way(void **state)
{
    enum {
        FLOWS = 100
    };
    struct store_command commands[FLOWS];
    struct probe probes[FLOWS];
    int64_t began = clock_monotonic_ms();

    (void)state;
    open_stub();
    stub.behaviour = SCRIPT;
    stub.reply = SL("*1\r\n*1\r\n");
    for (size_t i = 0; i < FLOWS; i++) {
        commands[i] = get("k");
        probes[i] = (struct probe){ .arena = &arena, .commands = &commands[i], .count = 1 };
        probe_start(&probes[i], store);
        if (i % 3 == 0)
            flow_cancel(probes[i].flow, FLOW_GONE);
    }
    for (size_t i = 0; i < FLOWS; i++) {
        probe_wait(&probes[i], base);
        assert_int_equal(commands[i].status, STORE_UNAVAILABLE);
        assert_int_equal(probes[i].answered, i % 3 != 0);
    }
    assert_in_range(clock_monotonic_ms() - began, 0, SLACK_MS);
    assert_recovers();
}

static void test_a_flow_can_go_in_the_middle_of_its_reply(void **state)
{
    struct store_command list = { .verb = STORE_MEMBERS, .key = SL("l") };
    struct store_command command = get("k");
    struct probe probe = { .arena = &arena, .commands = &list, .count = 1 };

    (void)state;
    open_stub();
    assert_true(probe_reachable(base, store, true, RECOVERY_MS));
    stub.behaviour = SCRIPT;
    stub.reply = SL("*3\r\n$1\r\na\r\n$1\r\n");
    stub.reads = 0;
    probe_start(&probe, store);
    while (stub.reads == 0)
        event_base_loop(base, EVLOOP_ONCE);
    probe_loop(base, 20);
    flow_cancel(probe.flow, FLOW_GONE);
    arena_cache_release(); /* whoever writes there now is seen */
    stub.behaviour = ECHO;
    say(stub.newest, SL("b\r\n$1\r\nc\r\n"));
    assert_int_equal(run_in_time(&command), STORE_OK);
    assert_true(slice_is(command.found, "cardea:k"));
    assert_int_equal(stub.connections, 1);
}

/* The end of one flow may cancel others, and start commands anew. */
static struct probe victims[8];

static void cancel_victims(struct flow *flow, enum flow_end end)
{
    (void)flow, (void)end;
    victims[3].flow = NULL; /* the one that ends */
    for (size_t i = 0; i < 8; i++) {
        if (victims[i].flow != NULL)
            flow_cancel(victims[i].flow, FLOW_GONE);
    }
}

static void test_flows_that_end_may_cancel_others(void **state)
{
    struct store_command commands[8];

    (void)state;
    open_stub();
    stub.behaviour = SCRIPT;
    stub.reply = SL("");
    for (size_t i = 0; i < 8; i++) {
        commands[i] = get("k");
        victims[i] = (struct probe){ .arena = &arena, .commands = &commands[i], .count = 1 };
        probe_start(&victims[i], store);
    }
    victims[3].flow->on_end = cancel_victims;
    while (victims[7].flow != NULL)
        event_base_loop(base, EVLOOP_ONCE);
    assert_true(victims[2].answered && !victims[4].answered && !victims[7].answered);
    assert_recovers();
}

static void test_a_wrong_greeting_is_unavailable_and_not_told(void **state)
{
    static const struct slice greetings[] = {
        SLICE("-ERR unknown command `AUTH`, with args beginning with: `" PASSWORD "`\r\n"),
        SLICE("-ERR not " PASSWORD "\r\n"),
        SLICE("-" PASSWORD "\r\n"),
        SLICE("+" PASSWORD "\r\n"),
        SLICE("$3\r\nabc\r\n"),
        SLICE(":1\r\n"),
        SLICE("*1\r\n$1\r\na\r\n"),
        SLICE("-ERR a\nb\r\n"),
        SLICE("+"),
        SLICE(""),
    };
    char url[128];

    (void)state;
    snprintf(url, sizeof(url), "redis://:%s@127.0.0.1:%d", PASSWORD, stub.port);
    for (size_t i = 0; i < sizeof(greetings) / sizeof(greetings[0]); i++) {
        struct store_command command = get("k");

        stub.greeting = greetings[i];
        store = open_at(url);
        assert_int_equal(run_in_time(&command), STORE_UNAVAILABLE);
        assert_false(store_is_reachable(store));
        store_close(store);
        store = NULL;
        assert_false(was_logged(PASSWORD));
    }
}

static void test_a_server_that_is_loading_is_waited_for(void **state)
{
    struct store_command command = get("k");

    (void)state;
    stub.greeting = SL("-LOADING Redis is loading the dataset in memory\r\n");
    open_stub();
    assert_int_equal(run_in_time(&command), STORE_UNAVAILABLE);
    assert_true(was_logged("PING was answered with: LOADING"));
    assert_recovers();
}

static void test_nobody_there_is_known_at_once(void **state)
{
    struct store_command command = get("k");
    int64_t began = clock_monotonic_ms();

    (void)state;
    open_stub();
    for (int i = 0; i < 100; i++)
        assert_int_equal(run(&command), STORE_UNAVAILABLE);
    assert_in_range(clock_monotonic_ms() - began, 0, SLACK_MS);
    assert_true(was_logged("Connection refused"));
    stub_listen();
    assert_recovers();
    assert_true(was_logged("is back"));
}

static void test_a_server_that_does_not_answer_is_known_after_the_first(void **state)
{
    struct store_command command = get("k");
    int64_t began;

    (void)state;
    stub.behaviour = IGNORE;
    open_stub();
    assert_int_equal(run_in_time(&command), STORE_UNAVAILABLE);
    began = clock_monotonic_ms();
    for (int i = 0; i < 100; i++)
        assert_int_equal(run(&command), STORE_UNAVAILABLE);
    assert_in_range(clock_monotonic_ms() - began, 0, SLACK_MS);
    assert_recovers();
}

static void test_a_server_that_does_not_read_is_unavailable(void **state)
{
    enum {
        FLOWS = 80
    };
    static char value[STORE_VALUE_MAX];
    struct store_command commands[FLOWS];
    struct probe probes[FLOWS];
    size_t refused = 0;
    int64_t began;

    (void)state;
    open_stub();
    assert_true(probe_reachable(base, store, true, RECOVERY_MS));
    bufferevent_disable(stub.newest, EV_READ);
    for (size_t i = 0; i < FLOWS; i++) {
        commands[i] = (struct store_command){ .verb = STORE_PUT,
                                              .key = SL("k"),
                                              .value = slice_make(value, sizeof(value)) };
        probes[i] = (struct probe){ .arena = &arena, .commands = &commands[i], .count = 1 };
        probe_start(&probes[i], store);
        refused += probes[i].flow == NULL;
    }
    assert_true(refused > 0); /* what waits has a limit */
    began = clock_monotonic_ms();
    for (size_t i = 0; i < FLOWS; i++) {
        probe_wait(&probes[i], base);
        assert_int_equal(commands[i].status, STORE_UNAVAILABLE);
    }
    assert_in_range(clock_monotonic_ms() - began, 0, HASTY_MS + SLACK_MS);
    assert_recovers();
}

static void test_an_address_that_swallows_everything_times_out(void **state)
{
    struct sockaddr_in address = { .sin_family = AF_INET,
                                   .sin_port = htons((uint16_t)stub.port),
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    struct store_command command = get("k");
    int fds[3];

    (void)state;
    timeout_ms = HASTY_MS;
    /* Its queue is full, so that further attempts get no answer at all. */
    assert_int_equal(listen(stub.socket, 0), 0);
    for (int i = 0; i < 3; i++) {
        fds[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        (void)connect(fds[i], (struct sockaddr *)&address, sizeof(address));
    }
    open_stub();
    assert_int_equal(run_in_time(&command), STORE_UNAVAILABLE);
    assert_false(store_is_reachable(store));
    for (int i = 0; i < 3; i++)
        close(fds[i]);
    stub_listen();
    assert_recovers();
}

static void test_a_server_that_speaks_no_tls_is_unavailable(void **state)
{
    struct store_command command = get("k");
    char url[128];

    (void)state;
    snprintf(url, sizeof(url), "rediss://127.0.0.1:%d", stub.port);
    stub.behaviour = BLURT;
    stub.reply = SL("HTTP/1.1 400 Bad Request\r\n\r\n");
    store = open_at(url);
    assert_int_equal(run_in_time(&command), STORE_UNAVAILABLE);
    assert_true(was_logged("TLS: "));
}

static void test_a_server_that_speaks_first_is_unavailable(void **state)
{
    struct store_command command = get("k");

    (void)state;
    stub.behaviour = BLURT;
    stub.reply = SL("-ERR max number of clients reached\r\n");
    open_stub();
    assert_int_equal(run_in_time(&command), STORE_UNAVAILABLE);
    assert_true(was_logged("PING was answered with: ERR max number of clients reached"));
    assert_recovers();
}

static void test_commands_of_one_turn_leave_together(void **state)
{
    enum {
        FLOWS = 50
    };
    struct store_command commands[FLOWS];
    struct probe probes[FLOWS];

    (void)state;
    open_stub();
    assert_true(probe_reachable(base, store, true, RECOVERY_MS));
    stub.reads = 0;
    for (size_t i = 0; i < FLOWS; i++) {
        commands[i] = get("k");
        probes[i] = (struct probe){ .arena = &arena, .commands = &commands[i], .count = 1 };
        probe_start(&probes[i], store);
    }
    for (size_t i = 0; i < FLOWS; i++) {
        probe_wait(&probes[i], base);
        assert_int_equal(commands[i].status, STORE_OK);
    }
    assert_int_equal(stub.reads, 1);
}

/* The timer finds requests under way, and ends none before it is late. */
static void test_a_busy_connection_outlives_many_time_outs(void **state)
{
    struct store_command commands[2] = { get("k"), get("k") };
    struct probe probes[2];
    int64_t began[2];
    int64_t end = clock_monotonic_ms() + 5 * HASTY_MS;

    (void)state;
    open_stub();
    assert_true(probe_reachable(base, store, true, RECOVERY_MS));
    for (size_t i = 0; i < 2; i++) {
        probes[i] = (struct probe){ .arena = NULL, .commands = &commands[i], .count = 1 };
        began[i] = clock_monotonic_ms();
        probe_start(&probes[i], store);
    }
    for (size_t i = 0; clock_monotonic_ms() < end; i = !i) {
        probe_wait(&probes[i], base);
        if (commands[i].status != STORE_OK) { /* this machine was too slow, or the timer too fast */
            assert_true(clock_monotonic_ms() - began[i] >= HASTY_MS);
            assert_true(probe_reachable(base, store, true, RECOVERY_MS));
        }
        began[i] = clock_monotonic_ms();
        probe_start(&probes[i], store);
    }
    for (size_t i = 0; i < 2; i++)
        probe_wait(&probes[i], base);
}

/* In a child: what /etc/resolv.conf says is changed for it alone. 77: that is not possible here. */
static int ask_silent_resolver(int port, bool close_early)
{
    struct store_command command = get("k");
    struct probe probe = { .arena = &arena, .commands = &command, .count = 1 };
    char configuration[96];
    int64_t began = clock_monotonic_ms();

    snprintf(configuration, sizeof(configuration), "%s/resolv.conf", folder);
    FILE *file = fopen(configuration, "we");

    fprintf(file, "nameserver 127.0.0.1:%d\n", port);
    fclose(file);
    if (unshare(geteuid() == 0 ? CLONE_NEWNS : CLONE_NEWNS | CLONE_NEWUSER) != 0 ||
        mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
        mount(configuration, "/etc/resolv.conf", NULL, MS_BIND, NULL) != 0)
        return 77;
    base = event_base_new();
    store = open_at("redis://redis.example.com");
    probe_start(&probe, store);
    if (close_early) {
        probe_loop(base, 20);
        store_close(store);
    }
    probe_wait(&probe, base);
    if (command.status != STORE_UNAVAILABLE || clock_monotonic_ms() - began > HASTY_MS + SLACK_MS)
        return 1;
    probe_loop(base, 2 * HASTY_MS); /* attempts come and go */
    if (!close_early)
        store_close(store);
    probe_loop(base, 50);
    event_base_free(base);
    return 0;
}

static void test_a_silent_resolver_times_out(void **state)
{
    struct sockaddr_in address = { .sin_family = AF_INET,
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t len = sizeof(address);
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    char asked[512];

    (void)state;
    assert_int_equal(bind(fd, (struct sockaddr *)&address, len), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &len), 0);
    for (int close_early = 0; close_early < 2; close_early++) {
        int status;
        pid_t child = fork();

        if (child == 0)
            _exit(ask_silent_resolver(ntohs(address.sin_port), close_early));
        assert_int_equal(waitpid(child, &status, 0), child);
        if (WIFEXITED(status) && WEXITSTATUS(status) == 77) {
            close(fd);
            skip(); /* no file can be mounted here */
        }
        assert_int_equal(status, 0);
        assert_true(recv(fd, asked, sizeof(asked), MSG_DONTWAIT) > 0);
        while (recv(fd, asked, sizeof(asked), MSG_DONTWAIT) > 0)
            ;
    }
    close(fd);
}

/* Real servers from here on. */
static struct redis_server server;

static void open_real(void)
{
    char url[160];

    redis_server_start(&server, folder, NULL);
    snprintf(url, sizeof(url), "redis://127.0.0.1:%d", server.port);
    store = open_at(url);
}

/* Each key gets its own value. */
static enum store_status put_and_get(int number)
{
    struct slice name = arena_printf(&arena, "key%d", number);
    struct store_command batch[] = {
        { .verb = STORE_PUT, .key = name, .value = name, .ttl_ms = 60000 },
        { .verb = STORE_GET, .key = name },
    };

    probe_run(base, store, &arena, batch, 2);
    if (batch[1].status == STORE_OK)
        assert_true(slice_equal(batch[1].found, name));
    return batch[1].status;
}

static void test_a_killed_redis_is_missed_and_found_again(void **state)
{
    struct probe probes[50];
    struct store_command commands[50];

    (void)state;
    open_real();
    assert_int_equal(put_and_get(0), STORE_OK);
    for (int round = 0; round < 5; round++) {
        for (size_t i = 0; i < 50; i++) {
            commands[i] = get("k");
            probes[i] = (struct probe){ .arena = &arena, .commands = &commands[i], .count = 1 };
            probe_start(&probes[i], store);
            if (i == 25)
                redis_server_kill(&server);
        }
        for (size_t i = 0; i < 50; i++)
            probe_wait(&probes[i], base);
        assert_true(probe_reachable(base, store, false, RECOVERY_MS));
        assert_int_equal(put_and_get(round), STORE_UNAVAILABLE);
        redis_server_restart(&server);
        assert_true(probe_reachable(base, store, true, RECOVERY_MS));
        for (int i = 0; i < 50; i++)
            assert_int_equal(put_and_get(i), STORE_OK);
    }
    redis_server_kill(&server);
}

static void await_put_and_get(int number)
{
    int64_t end = clock_monotonic_ms() + RECOVERY_MS;

    while (put_and_get(number) != STORE_OK) {
        assert_true(clock_monotonic_ms() < end);
        probe_loop(base, 10);
    }
}

static void test_a_stopped_redis_times_out_and_answers_nobody_late(void **state)
{
    (void)state;
    open_real();
    for (int round = 0; round < 4; round++) {
        int64_t began;

        await_put_and_get(round);
        kill(server.pid, SIGSTOP);
        began = clock_monotonic_ms();
        assert_int_equal(put_and_get(100 + round), STORE_UNAVAILABLE);
        assert_in_range(clock_monotonic_ms() - began, HASTY_MS - 5, HASTY_MS + SLACK_MS);
        assert_false(store_is_reachable(store));
        kill(server.pid, SIGCONT);
        /* It now answers what it was asked while it slept, on connections that are gone. */
        for (int i = 0; i < 50; i++)
            await_put_and_get(i);
    }
    redis_server_kill(&server);
}

static void test_a_connection_closed_while_idle_is_made_again(void **state)
{
    (void)state;
    open_real();
    assert_int_equal(put_and_get(1), STORE_OK);
    for (int i = 0; i < 20; i++) {
        char command[160];

        snprintf(command, sizeof(command),
                 "redis-cli -s %s CLIENT KILL TYPE normal SKIPME yes >/dev/null", server.socket);
        assert_int_equal(system(command), 0);
        assert_true(probe_reachable(base, store, false, RECOVERY_MS));
        /* It had been of use, so it is made again at once, and what is asked meanwhile waits. */
        assert_int_equal(put_and_get(i), STORE_OK);
    }
    redis_server_kill(&server);
}

#define TEST(name)                  cmocka_unit_test_setup_teardown(name, before, after)
#define TEST_WITHOUT_LISTENER(name) cmocka_unit_test_setup_teardown(name, before_listening, after)
#define TEST_OF_SILENCE(name)       cmocka_unit_test_setup_teardown(name, before_silence, after)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(test_what_is_no_reply_ends_the_connection),
        TEST(test_a_reply_of_the_wrong_kind_ends_the_connection),
        TEST(test_some_errors_are_borne),
        TEST(test_deep_nesting_ends_the_connection),
        TEST(test_endless_replies_end_the_connection),
        TEST(test_a_break_at_any_byte_is_unavailable),
        TEST_OF_SILENCE(test_silence_after_any_byte_is_unavailable),
        TEST(test_replies_may_come_byte_by_byte),
        TEST_OF_SILENCE(test_a_late_reply_answers_nobody),
        TEST(test_a_reply_nobody_asked_for_ends_the_connection),
        TEST(test_what_was_answered_before_a_fault_counts),
        TEST(test_a_fault_ends_all_that_is_under_way),
        TEST(test_a_flow_can_go_in_the_middle_of_its_reply),
        TEST_OF_SILENCE(test_flows_that_end_may_cancel_others),
        TEST_OF_SILENCE(test_a_wrong_greeting_is_unavailable_and_not_told),
        TEST(test_a_server_that_is_loading_is_waited_for),
        TEST_WITHOUT_LISTENER(test_nobody_there_is_known_at_once),
        TEST_OF_SILENCE(test_a_server_that_does_not_answer_is_known_after_the_first),
        TEST_OF_SILENCE(test_a_server_that_does_not_read_is_unavailable),
        TEST_WITHOUT_LISTENER(test_an_address_that_swallows_everything_times_out),
        TEST(test_a_server_that_speaks_no_tls_is_unavailable),
        TEST(test_a_server_that_speaks_first_is_unavailable),
        TEST(test_commands_of_one_turn_leave_together),
        TEST_OF_SILENCE(test_a_busy_connection_outlives_many_time_outs),
        TEST_OF_SILENCE(test_a_silent_resolver_times_out),
        TEST(test_a_killed_redis_is_missed_and_found_again),
        TEST_OF_SILENCE(test_a_stopped_redis_times_out_and_answers_nobody_late),
        TEST(test_a_connection_closed_while_idle_is_made_again),
    };
    char path[96];

    signal(SIGPIPE, SIG_IGN);
    temporary_folder(folder);
    snprintf(path, sizeof(path), "%s/log", folder);
    log_file = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    log_to_descriptor(log_file);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);

    remove_folder(folder);
    arena_cache_release();
    return failed;
}
