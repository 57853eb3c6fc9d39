/* Clients that leave, dawdle, flood or will not listen. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "http_fixture.h"

#define GET_LATER "GET /later HTTP/1.1\r\nHost: a\r\n\r\n"
#define GET_NOW   "GET /now HTTP/1.1\r\nHost: a\r\n\r\n"

static void open_and_ask(struct client *client)
{
    client_open(client);
    SAY(client, GET_LATER);
    WAIT(later_first() != NULL);
}

/* No timer would tell: the deadlines are long, and the handler has none. */
static void assert_abandoned(void)
{
    WAIT(world.abandoned_served == 1);
    assert_int_equal(world.abandoned, 1);
    assert_int_equal(http_server_connections(world.server), 0);
}

static void test_a_client_that_closes_has_gone(void **state)
{
    struct client client;

    (void)state;
    open_and_ask(&client);
    client_close(&client);
    assert_abandoned();
}

static void test_a_client_that_half_closes_has_gone(void **state)
{
    struct client client;

    (void)state;
    open_and_ask(&client);
    client_shut_down(&client);
    assert_abandoned();
    WAIT(client.eof);
    assert_int_equal(client_heard(&client), 0);
    client_close(&client);
}

static void test_a_client_that_resets_has_gone(void **state)
{
    struct client client;

    (void)state;
    open_and_ask(&client);
    client_reset(&client);
    assert_abandoned();
}

static void test_a_client_that_pipelines_has_not_gone(void **state)
{
    struct client client;

    (void)state;
    open_and_ask(&client);
    SAY(&client, GET_LATER);
    pass_time(400);
    assert_int_equal(world.abandoned, 0);
    assert_int_equal(world.opened, 1);
    later_answer("one");
    WAIT(later_first() != NULL);
    later_answer("two");
    WAIT(client_hears(&client, "two"));
    client_close(&client);
}

static void test_a_client_that_pipelines_and_closes_has_gone(void **state)
{
    struct client client;

    (void)state;
    open_and_ask(&client);
    SAY(&client, GET_LATER GET_NOW);
    WAIT(client_has_said(&client));
    client_close(&client);
    assert_abandoned();
    assert_int_equal(world.opened, 1);
}

static void test_a_client_that_leaves_in_its_head_is_forgotten(void **state)
{
    struct client client;

    (void)state;
    client_open(&client);
    SAY(&client, "GET /later HTTP/1.1\r\nHo");
    WAIT(client_has_said(&client) && http_server_connections(world.server) == 1);
    client_close(&client);
    WAIT(http_server_connections(world.server) == 0);
    assert_int_equal(world.opened, 0);
}

static void test_a_client_that_leaves_in_its_body_is_abandoned_unserved(void **state)
{
    static const struct slice beginnings[] = {
        SLICE("POST /later HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nhello"),
        SLICE("POST /later HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nhello"),
    };

    (void)state;
    for (int i = 0; i < 4; i++) {
        struct client client;

        client_open(&client);
        client_say(&client, beginnings[i % 2]);
        WAIT(world.opened == i + 1);
        if (i < 2)
            client_reset(&client);
        else
            client_close(&client);
        WAIT(world.abandoned == i + 1);
    }
    assert_int_equal(world.abandoned_served, 0);
    assert_int_equal(http_server_connections(world.server), 0);
}

static void test_an_answer_to_nobody_is_harmless(void **state)
{
    struct client client;

    (void)state;
    open_and_ask(&client);
    client_reset(&client); /* the server has not looked yet */
    if (later_first() != NULL)
        later_answer("nobody");
    WAIT(http_server_connections(world.server) == 0);
}

static void test_a_half_closed_client_gets_the_answer_that_is_under_way(void **state)
{
    struct client client;

    (void)state;
    client_open(&client);
    SAY(&client, "GET /big HTTP/1.1\r\nHost: a\r\n\r\n");
    WAIT(world.served == 1);
    client_shut_down(&client);
    WAIT(client.eof);
    assert_false(client.error);
    assert_true(client_heard(&client) > BIG_SIZE);
    client_close(&client);
}

static void test_a_half_closed_client_gets_all_it_has_asked_for(void **state)
{
    struct client client;

    (void)state;
    client_open(&client);
    for (int i = 0; i < 100; i++)
        SAY(&client, GET_NOW);
    client_shut_down(&client);
    WAIT(client.eof);
    assert_int_equal(world.answered, 100);
    WAIT(http_server_connections(world.server) == 0);
    client_close(&client);
}

/* Says one byte every 20 ms, until the server has enough. */
static int64_t trickle(struct client *client, const char *beginning)
{
    int64_t began = clock_monotonic_ms();

    client_open(client);
    client_say(client, slice_of(beginning));
    while (!client->eof && !client->error) {
        if (clock_monotonic_ms() - began > PATIENCE_MS)
            fail_msg("endless");
        SAY(client, "a");
        int beats = world.beats;

        WAIT(world.beats > beats);
    }
    return clock_monotonic_ms() - began;
}

static void test_a_trickle_does_not_prolong_the_deadline(void **state)
{
    static const char *const beginnings[] = {
        "GET /",
        "GET /now HTTP/1.1\r\nHost: a\r\nX: ",
        "POST /now HTTP/1.1\r\nHost: a\r\nContent-Length: 8000\r\n\r\n",
        "POST /now HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1000\r\n",
        "POST /now HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1;",
    };
    struct http_server_settings settings = default_settings();

    (void)state;
    settings.total_ms = 400;
    world_restart(&settings);
    for (size_t i = 0; i < sizeof(beginnings) / sizeof(beginnings[0]); i++) {
        struct client client;
        int64_t took = trickle(&client, beginnings[i]);

        assert_true(took >= 400);
        assert_true(took < 5000);
        if (!client.error) /* it went on talking, so that the answer may be lost */
            assert_true(client_hears(&client, "HTTP/1.1 408 Request Timeout\r\n"));
        client_close(&client);
        WAIT(http_server_connections(world.server) == 0);
    }
    assert_int_equal(world.served, 0);
}

static void test_a_half_said_request_is_answered_with_408(void **state)
{
    struct http_server_settings settings = default_settings();
    struct client client;

    (void)state;
    settings.total_ms = 300;
    world_restart(&settings);
    client_open(&client);
    SAY(&client, "POST /now HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhello");
    WAIT(client.eof);
    assert_true(client_hears(&client, "HTTP/1.1 408 Request Timeout\r\n"));
    assert_int_equal(world.abandoned, 1);
    assert_int_equal(world.abandoned_served, 0);
    client_close(&client);
}

static void test_a_handler_may_take_its_time(void **state)
{
    struct http_server_settings settings = default_settings();
    struct client client;

    (void)state;
    settings.total_ms = settings.idle_ms = 100;
    world_restart(&settings);
    open_and_ask(&client);
    pass_time(700);
    assert_int_equal(world.abandoned, 0);
    later_answer("at last");
    WAIT(client_hears(&client, "at last"));
    client_close(&client);
}

static void test_an_idle_connection_is_closed_without_a_word(void **state)
{
    struct http_server_settings settings = default_settings();
    struct client silent;
    struct client used;

    (void)state;
    settings.idle_ms = 300;
    world_restart(&settings);
    client_open(&silent);
    client_open(&used);
    SAY(&used, GET_NOW);
    WAIT(client_hears(&used, "none"));
    client_forget(&used);
    WAIT(silent.eof && used.eof);
    assert_int_equal(client_heard(&silent), 0);
    assert_int_equal(client_heard(&used), 0);
    client_close(&silent);
    client_close(&used);
}

static void test_a_client_that_does_not_take_its_answer_is_cut(void **state)
{
    struct http_server_settings settings = default_settings();
    struct client client;

    (void)state;
    settings.total_ms = 400;
    world_restart(&settings);
    client_open(&client);
    bufferevent_disable(client.bev, EV_READ);
    SAY(&client, "GET /big HTTP/1.1\r\nHost: a\r\n\r\n" GET_NOW);
    WAIT(world.served == 1);
    WAIT(http_server_connections(world.server) == 0);
    assert_int_equal(world.served, 1);
    client_close(&client);
}

static void test_ten_thousand_pipelined_requests_are_served_fairly(void **state)
{
    enum {
        MANY = 10000
    };
    struct client flood;
    struct client modest;

    (void)state;
    client_open(&flood);
    client_open(&modest);
    for (int i = 0; i < MANY; i++)
        SAY(&flood, GET_NOW);
    WAIT(world.answered > 0);
    SAY(&modest, "GET /now?modest HTTP/1.1\r\nHost: a\r\n\r\n");
    WAIT(client_hears(&modest, "?modest [] none"));
    assert_true(world.answered < MANY / 2);
    WAIT(world.answered == MANY + 1);
    SAY(&flood, "GET /now HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    WAIT(flood.eof);
    assert_false(flood.error);
    client_close(&flood);
    client_close(&modest);
}

static size_t bytes_waiting_in(const struct http_exchange *exchange)
{
    return evbuffer_get_length(bufferevent_get_input(exchange->conn->bev));
}

static void test_a_flood_behind_a_slow_request_is_not_taken_in(void **state)
{
    struct http_server_settings settings = default_settings();
    size_t limit = settings.limits.head + settings.limits.body;
    struct client client;

    (void)state;
    open_and_ask(&client);
    for (int i = 0; i < 100000; i++)
        SAY(&client, GET_NOW);
    pass_time(500);
    assert_true(bytes_waiting_in(&later_first()->exchange) >= limit);
    assert_true(bytes_waiting_in(&later_first()->exchange) < limit + 20000);
    assert_int_equal(world.abandoned, 0);
    later_answer("go on");
    WAIT(world.answered > 1000);
    client_close(&client);
}

static void test_a_client_that_floods_and_leaves_has_gone(void **state)
{
    struct client client;

    (void)state;
    open_and_ask(&client);
    for (int i = 0; i < 1000; i++)
        SAY(&client, GET_NOW);
    WAIT(client_has_said(&client));
    client_close(&client);
    WAIT(world.abandoned_served == 1);
    assert_int_equal(http_server_connections(world.server), 0);
    open_and_ask(&client);
    for (int i = 0; i < 1000; i++)
        SAY(&client, GET_NOW);
    client_reset(&client);
    WAIT(world.abandoned_served == 2);
    assert_int_equal(world.answered, 0);
}

/* The client has said more than the server read when it was refused, and goes on. */
static void test_a_refused_client_can_read_why(void **state)
{
    char noise[100];
    struct client client;

    (void)state;
    memset(noise, 'x', sizeof(noise));
    client_open(&client);
    SAY(&client, "POST /now HTTP/1.1\r\nHost: a\r\nContent-Length: 200000\r\n\r\n");
    for (int i = 0; i < 2000; i++) {
        client_say(&client, slice_make(noise, sizeof(noise)));
        event_base_loop(world.base, EVLOOP_NONBLOCK);
    }
    WAIT(client.eof || client.error);
    assert_false(client.error);
    assert_true(client_hears(&client, "HTTP/1.1 413 Content Too Large\r\n"));
    assert_true(client_hears(&client, "413 Content Too Large\n"));
    client_close(&client);
    WAIT(http_server_connections(world.server) == 0);
}

static void test_lingering_has_an_end(void **state)
{
    static char noise[65536];
    int64_t began = clock_monotonic_ms();
    struct client client;

    (void)state;
    client_open(&client);
    SAY(&client, "BAD\r\n\r\n");
    WAIT(client_hears(&client, "400"));
    WAIT(http_server_connections(world.server) == 0); /* although it says nothing and stays */
    assert_true(clock_monotonic_ms() - began < 5000);
    client_close(&client);

    began = clock_monotonic_ms();
    client_open(&client);
    SAY(&client, "BAD\r\n\r\n");
    while (!client.error && clock_monotonic_ms() - began < 5000) {
        client_say(&client, slice_make(noise, sizeof(noise)));
        event_base_loop(world.base, EVLOOP_NONBLOCK);
    }
    assert_true(client.error); /* it went on without end, and was cut */
    client_close(&client);
    WAIT(http_server_connections(world.server) == 0);
}

static void test_a_connection_too_many_is_told_so(void **state)
{
    struct http_server_settings settings = default_settings();
    struct client clients[4];

    (void)state;
    settings.connections = 2;
    world_restart(&settings);
    for (int i = 0; i < 2; i++) {
        client_open(&clients[i]);
        SAY(&clients[i], GET_NOW);
        WAIT(client_hears(&clients[i], "none"));
    }
    client_open(&clients[2]);
    SAY(&clients[2], GET_NOW);
    WAIT(clients[2].eof);
    assert_true(client_hears(&clients[2], "HTTP/1.1 503 Service Unavailable\r\n"));
    assert_true(client_hears(&clients[2], "X-Error: yes\r\n"));
    client_close(&clients[2]);
    client_close(&clients[0]);
    WAIT(http_server_connections(world.server) == 1);
    client_open(&clients[3]);
    SAY(&clients[3], GET_NOW);
    WAIT(client_hears(&clients[3], "none"));
    client_close(&clients[1]);
    client_close(&clients[3]);
}

static void test_connections_far_beyond_the_limit_are_closed(void **state)
{
    enum {
        MANY = 200
    };
    struct http_server_settings settings = default_settings();
    struct client *clients = mem_zalloc(MANY, sizeof(*clients));

    (void)state;
    settings.connections = 10;
    world_restart(&settings);
    for (int i = 0; i < MANY; i++)
        client_open(&clients[i]);
    pass_time(50);
    assert_true(http_server_connections(world.server) <= 10 + 64);
    for (int i = 0; i < MANY; i++)
        client_close(&clients[i]);
    WAIT(http_server_connections(world.server) == 0);
    mem_free(clients);
}

static int64_t cpu_ms(void)
{
    struct rusage usage;

    getrusage(RUSAGE_SELF, &usage);
    return (int64_t)usage.ru_utime.tv_sec * 1000 + usage.ru_utime.tv_usec / 1000 +
           (int64_t)usage.ru_stime.tv_sec * 1000 + usage.ru_stime.tv_usec / 1000;
}

static void test_without_descriptors_the_server_waits_and_does_not_spin(void **state)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    struct rlimit before;
    struct rlimit none;
    struct client client;

    (void)state;
    getrlimit(RLIMIT_NOFILE, &before);
    none = before;
    none.rlim_cur = (rlim_t)fd + 1;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    client_use(&client, bufferevent_socket_new(world.base, fd, BEV_OPT_CLOSE_ON_FREE));
    SAY(&client, GET_NOW);
    int64_t cpu = cpu_ms();

    pass_time(800);
    assert_true(cpu_ms() - cpu < 300);
    assert_int_equal(http_server_connections(world.server), 0);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    WAIT(client_hears(&client, "none"));
    client_close(&client);
}

static void on_idle(void *context)
{
    assert_ptr_equal(context, &world);
    world.idle++;
}

static void test_stopping_lets_everybody_finish(void **state)
{
    struct client idle;
    struct client busy;
    struct client late;

    (void)state;
    client_open(&idle);
    client_open(&late);
    SAY(&idle, GET_NOW);
    WAIT(client_hears(&idle, "none"));
    client_forget(&idle);
    open_and_ask(&busy);
    http_server_stop(world.server);
    http_server_on_idle(world.server, on_idle, &world);
    SAY(&late, GET_NOW); /* was on its way */
    WAIT(late.eof);
    assert_true(client_hears(&late, "Connection: close"));
    WAIT(idle.eof);
    assert_int_equal(client_heard(&idle), 0);
    client_close(&late);
    client_close(&idle);
    assert_int_equal(world.idle, 0);
    later_answer("finished");
    WAIT(busy.eof);
    assert_true(client_hears(&busy, "Connection: close"));
    assert_true(client_hears(&busy, "finished"));
    client_close(&busy);
    WAIT(world.idle == 1);
    pass_time(50);
    assert_int_equal(world.idle, 1);
}

static void test_a_stopped_server_does_not_accept(void **state)
{
    struct client client;

    (void)state;
    http_server_on_idle(world.server, on_idle, &world);
    pass_time(50);
    assert_int_equal(world.idle, 0);
    http_server_stop(world.server);
    WAIT(world.idle == 1);
    client_open(&client); /* the socket still listens, for the next generation */
    pass_time(50);
    assert_int_equal(http_server_connections(world.server), 0);
    client_close(&client);
}

static void test_freeing_abandons_what_is_open(void **state)
{
    struct client served;
    struct client unserved;

    (void)state;
    open_and_ask(&served);
    client_open(&unserved);
    SAY(&unserved, "POST /later HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n");
    WAIT(world.opened == 2);
    http_server_free(world.server);
    world.server = NULL;
    assert_int_equal(world.abandoned, 2);
    assert_int_equal(world.abandoned_served, 1);
    client_close(&served);
    client_close(&unserved);
    http_server_free(NULL);
}

static void test_whatever_clients_do_nothing_is_lost(void **state)
{
    (void)state;
    chaos(client_open);
}

static void test_what_is_no_socket_cannot_be_listened_on(void **state)
{
    char path[] = "/tmp/cardea-test-XXXXXX";
    int fd = mkstemp(path);

    (void)state;
    unlink(path);
    assert_false(http_server_listen(world.server, fd, NULL));
    close(fd);
}

static int make_big(void **state)
{
    (void)state;
    world.big = mem_alloc(BIG_SIZE);
    memset(world.big, 'b', BIG_SIZE);
    return 0;
}

static int free_big(void **state)
{
    (void)state;
    mem_free(world.big);
    return 0;
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, world_begin, world_end)
    const struct CMUnitTest tests[] = {
        TEST(test_a_client_that_closes_has_gone),
        TEST(test_a_client_that_half_closes_has_gone),
        TEST(test_a_client_that_resets_has_gone),
        TEST(test_a_client_that_pipelines_has_not_gone),
        TEST(test_a_client_that_pipelines_and_closes_has_gone),
        TEST(test_a_client_that_leaves_in_its_head_is_forgotten),
        TEST(test_a_client_that_leaves_in_its_body_is_abandoned_unserved),
        TEST(test_an_answer_to_nobody_is_harmless),
        TEST(test_a_half_closed_client_gets_the_answer_that_is_under_way),
        TEST(test_a_half_closed_client_gets_all_it_has_asked_for),
        TEST(test_a_trickle_does_not_prolong_the_deadline),
        TEST(test_a_half_said_request_is_answered_with_408),
        TEST(test_a_handler_may_take_its_time),
        TEST(test_an_idle_connection_is_closed_without_a_word),
        TEST(test_a_client_that_does_not_take_its_answer_is_cut),
        TEST(test_ten_thousand_pipelined_requests_are_served_fairly),
        TEST(test_a_flood_behind_a_slow_request_is_not_taken_in),
        TEST(test_a_client_that_floods_and_leaves_has_gone),
        TEST(test_a_refused_client_can_read_why),
        TEST(test_lingering_has_an_end),
        TEST(test_a_connection_too_many_is_told_so),
        TEST(test_connections_far_beyond_the_limit_are_closed),
        TEST(test_without_descriptors_the_server_waits_and_does_not_spin),
        TEST(test_stopping_lets_everybody_finish),
        TEST(test_a_stopped_server_does_not_accept),
        TEST(test_freeing_abandons_what_is_open),
        TEST(test_whatever_clients_do_nothing_is_lost),
        TEST(test_what_is_no_socket_cannot_be_listened_on),
    };

    return cmocka_run_group_tests(tests, make_big, free_big);
}
