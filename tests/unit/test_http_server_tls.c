#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "net/tls.h"

#include <cmocka.h>

#include "certificates.h"
#include "http_fixture.h"

static struct arena arena;
static struct certificate authority;
static struct certificate good;
static struct certificate shown; /* by clients */
static SSL_CTX *client_context;

static void client_open_tls(struct client *client)
{
    SSL *ssl = SSL_new(client_context);

    assert_true(tls_expect_host(ssl, "localhost"));
    client_use(client, bufferevent_openssl_socket_new(
                           world.base, -1, ssl, BUFFEREVENT_SSL_CONNECTING, BEV_OPT_CLOSE_ON_FREE));
    WAIT(client->connected);
}

static void client_close_tls(struct client *client)
{
    SSL_shutdown(bufferevent_openssl_get_ssl(client->bev));
    client_close(client);
}

static void test_requests_are_answered_over_tls(void **state)
{
    struct client client;

    (void)state;
    client_open_tls(&client);
    for (int i = 0; i < 3; i++) {
        client_forget(&client);
        SAY(&client, "POST /now HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nhello");
        WAIT(client_hears(&client, "POST /now [hello] body"));
    }
    client_forget(&client);
    SAY(&client, "GET /now HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    WAIT(client.eof); /* with close_notify: anything else is an error here */
    assert_false(client.error);
    assert_true(client_hears(&client, "GET /now [] none"));
    client_close_tls(&client);
}

static void test_large_bodies_and_answers_pass_over_tls(void **state)
{
    static char body[8192];
    struct client client;

    (void)state;
    memset(body, 'x', sizeof(body));
    client_open_tls(&client);
    SAY(&client, "POST /now HTTP/1.1\r\nHost: localhost\r\nContent-Length: 8192\r\n\r\n");
    client_say(&client, slice_make(body, sizeof(body)));
    WAIT(client_heard(&client) > sizeof(body));
    client_forget(&client);
    SAY(&client, "GET /big HTTP/1.1\r\nHost: localhost\r\n\r\n"
                 "GET /now HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    WAIT(client.eof);
    assert_true(client_heard(&client) > BIG_SIZE);
    assert_true(client_hears(&client, "GET /now [] none"));
    client_close_tls(&client);
}

static void test_many_pipelined_requests_pass_over_tls(void **state)
{
    struct client client;

    (void)state;
    client_open_tls(&client);
    for (int i = 0; i < 1000; i++)
        SAY(&client, "GET /now HTTP/1.1\r\nHost: localhost\r\n\r\n");
    WAIT(world.answered == 1000);
    SAY(&client, "GET /empty HTTP/1.1\r\nHost: localhost\r\n\r\n");
    WAIT(client_hears(&client, "204 No Content"));
    client_close_tls(&client);
}

static void test_clients_that_leave_are_noticed_over_tls(void **state)
{
    void (*const leave[])(struct client *) = { client_close, client_close_tls, client_reset };

    (void)state;
    for (int i = 0; i < 3; i++) {
        struct client client;

        client_open_tls(&client);
        SAY(&client, "GET /later HTTP/1.1\r\nHost: localhost\r\n\r\n");
        WAIT(later_first() != NULL);
        leave[i](&client);
        WAIT(world.abandoned_served == i + 1);
        assert_int_equal(http_server_connections(world.server), 0);
    }
}

static void test_the_clients_certificate_is_shown(void **state)
{
    struct client client;

    (void)state;
    client_open_tls(&client);
    SAY(&client, "GET /later HTTP/1.1\r\nHost: localhost\r\n\r\n");
    WAIT(later_first() != NULL);
    assert_true(later_first()->exchange.tls);
    assert_int_equal(X509_cmp(http_exchange_certificate(&later_first()->exchange), shown.x509), 0);
    later_answer("good");
    WAIT(client_hears(&client, "good"));
    client_close_tls(&client);
}

static void test_a_refusal_can_be_read_over_tls(void **state)
{
    struct client client;

    (void)state;
    client_open_tls(&client);
    SAY(&client, "POST /now HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999\r\n\r\nhello");
    WAIT(client.eof || client.error);
    assert_false(client.error);
    assert_true(client_hears(&client, "413 Content Too Large\n"));
    client_close_tls(&client);
    WAIT(http_server_connections(world.server) == 0);
}

static void test_half_handshakes_have_a_deadline(void **state)
{
    struct http_server_settings settings = default_settings();
    struct client silent;
    struct client half;

    (void)state;
    settings.total_ms = 300;
    world_restart(&settings);
    client_open(&silent);
    client_open(&half);
    SAY(&half, "\x16\x03\x01\x00\xf8\x01");
    WAIT(silent.eof && half.eof);
    assert_int_equal(client_heard(&silent), 0);
    assert_int_equal(http_server_connections(world.server), 0);
    client_close(&silent);
    client_close(&half);
}

static void test_plain_http_on_a_tls_port_is_cut(void **state)
{
    struct client client;

    (void)state;
    client_open(&client);
    SAY(&client, "GET /now HTTP/1.1\r\nHost: localhost\r\n\r\n");
    WAIT(client.eof || client.error);
    assert_int_equal(world.opened, 0);
    client_close(&client);
    WAIT(http_server_connections(world.server) == 0);
}

static void test_the_limit_of_connections_holds_for_tls(void **state)
{
    struct http_server_settings settings = default_settings();
    struct client one;
    struct client two;

    (void)state;
    settings.connections = 1;
    world_restart(&settings);
    client_open_tls(&one);
    client_open(&two);
    WAIT(two.eof || two.error);
    assert_int_equal(http_server_connections(world.server), 1);
    client_close(&two);
    SAY(&one, "GET /now HTTP/1.1\r\nHost: localhost\r\n\r\n");
    WAIT(client_hears(&one, "none"));
    client_close_tls(&one);
}

static void test_whatever_clients_do_nothing_is_lost(void **state)
{
    (void)state;
    chaos(client_open_tls);
}

static int begin(void **state)
{
    const char *why = NULL;

    (void)state;
    authority =
        certificate_make("authority", &(struct certificate_wish){ .name = "Test", .authority = 1 });
    good = certificate_make("good", &(struct certificate_wish){ .name = "localhost",
                                                                .alternatives = "DNS:localhost",
                                                                .issuer = &authority });
    shown = certificate_make("shown", &(struct certificate_wish){ .name = "somebody" });
    world.tls = tls_server_context(&arena, good.file, good.key_file, true, &why);
    client_context = tls_client_context(&arena, authority.file, &why);
    SSL_CTX_use_certificate(client_context, shown.x509);
    SSL_CTX_use_PrivateKey(client_context, shown.key);
    world.big = mem_alloc(BIG_SIZE);
    memset(world.big, 'b', BIG_SIZE);
    return world.tls == NULL;
}

static int end(void **state)
{
    (void)state;
    SSL_CTX_free(world.tls);
    SSL_CTX_free(client_context);
    certificate_release(&shown);
    certificate_release(&good);
    certificate_release(&authority);
    arena_release(&arena);
    arena_cache_release();
    mem_free(world.big);
    return 0;
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, world_begin, world_end)
    const struct CMUnitTest tests[] = {
        TEST(test_requests_are_answered_over_tls),
        TEST(test_large_bodies_and_answers_pass_over_tls),
        TEST(test_many_pipelined_requests_pass_over_tls),
        TEST(test_clients_that_leave_are_noticed_over_tls),
        TEST(test_the_clients_certificate_is_shown),
        TEST(test_a_refusal_can_be_read_over_tls),
        TEST(test_half_handshakes_have_a_deadline),
        TEST(test_plain_http_on_a_tls_port_is_cut),
        TEST(test_the_limit_of_connections_holds_for_tls),
        TEST(test_whatever_clients_do_nothing_is_lost),
    };

    return cmocka_run_group_tests(tests, begin, end);
}
