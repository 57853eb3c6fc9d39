#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "net/tls.h"

#include <cmocka.h>
#include <openssl/err.h>

#include "certificates.h"

static struct arena arena;
static struct certificate authority;
static struct certificate good;

/* Both ends of a connection, in memory. */
struct pair {
    SSL *client;
    SSL *server;
    bool client_done;
    bool server_done;
};

static void pair_open(struct pair *pair, SSL_CTX *client, SSL_CTX *server)
{
    BIO *a;
    BIO *b;

    assert_int_equal(BIO_new_bio_pair(&a, 0, &b, 0), 1);
    *pair = (struct pair){ .client = SSL_new(client), .server = SSL_new(server) };
    SSL_set_bio(pair->client, a, a);
    SSL_set_bio(pair->server, b, b);
    SSL_set_connect_state(pair->client);
    SSL_set_accept_state(pair->server);
}

static bool pair_shake_hands(struct pair *pair)
{
    for (int i = 0; i < 10; i++) {
        pair->client_done = SSL_do_handshake(pair->client) == 1;
        pair->server_done = SSL_do_handshake(pair->server) == 1;
    }
    ERR_clear_error();
    return pair->client_done && pair->server_done;
}

static void pair_close(struct pair *pair)
{
    SSL_free(pair->client);
    SSL_free(pair->server);
}

static SSL_CTX *server_of(const struct certificate *certificate, bool client_certificates)
{
    const char *why = NULL;
    SSL_CTX *context = tls_server_context(&arena, certificate->file, certificate->key_file,
                                          client_certificates, &why);

    if (context == NULL)
        fail_msg("%s", why);
    return context;
}

static SSL_CTX *client_of(const char *ca_file)
{
    const char *why = NULL;
    SSL_CTX *context = tls_client_context(&arena, ca_file, &why);

    if (context == NULL)
        fail_msg("%s", why);
    return context;
}

/* Does our client, expecting that host, accept a server with that certificate? */
static bool is_accepted(const struct certificate *certificate, const char *host)
{
    SSL_CTX *server = server_of(certificate, false);
    SSL_CTX *client = client_of(authority.file);
    struct pair pair;

    pair_open(&pair, client, server);
    assert_true(tls_expect_host(pair.client, host));
    bool accepted = pair_shake_hands(&pair);

    pair_close(&pair);
    SSL_CTX_free(client);
    SSL_CTX_free(server);
    return accepted;
}

/* A careless client of the test: verifies nothing, speaks what it is told to. */
static bool careless_client_succeeds(void (*prepare)(SSL_CTX *client))
{
    SSL_CTX *server = server_of(&good, false);
    SSL_CTX *client = SSL_CTX_new(TLS_client_method());
    struct pair pair;

    SSL_CTX_set_security_level(client, 0);
    prepare(client);
    pair_open(&pair, client, server);
    bool succeeded = pair_shake_hands(&pair);

    pair_close(&pair);
    SSL_CTX_free(client);
    SSL_CTX_free(server);
    return succeeded;
}

static void test_a_good_certificate_is_accepted(void **state)
{
    (void)state;
    assert_true(is_accepted(&good, "localhost"));
    assert_true(is_accepted(&good, "127.0.0.1"));
    assert_true(is_accepted(&good, "::1"));
    assert_true(is_accepted(&good, "a.wild.example"));
}

static void test_a_wrong_name_is_refused(void **state)
{
    (void)state;
    assert_false(is_accepted(&good, "example.com"));
    assert_false(is_accepted(&good, "127.0.0.2"));
    assert_false(is_accepted(&good, "localhost.example"));
    assert_false(is_accepted(&good, "a.b.wild.example"));
    assert_false(is_accepted(&good, "wild.example"));
}

static void assert_refused(const struct certificate_wish *wish, const char *host)
{
    struct certificate bad = certificate_make("bad", wish);
    bool accepted = is_accepted(&bad, host);

    certificate_release(&bad);
    assert_false(accepted);
}

static void test_bad_certificates_are_refused(void **state)
{
    (void)state;
    assert_refused(
        &(struct certificate_wish){ .name = "localhost", .alternatives = "DNS:localhost" },
        "localhost");
    assert_refused(&(struct certificate_wish){ .name = "localhost",
                                               .alternatives = "DNS:localhost",
                                               .from = -7200,
                                               .until = -3600,
                                               .issuer = &authority },
                   "localhost");
    assert_refused(&(struct certificate_wish){ .name = "localhost",
                                               .alternatives = "DNS:localhost",
                                               .from = 3600,
                                               .until = 7200,
                                               .issuer = &authority },
                   "localhost");
    assert_refused(&(struct certificate_wish){ .name = "localhost",
                                               .alternatives = "DNS:localhost",
                                               .usage = "clientAuth",
                                               .issuer = &authority },
                   "localhost");
    assert_refused(&(struct certificate_wish){ .name = "localhost", .issuer = &authority },
                   "localhost");
    assert_refused(&(struct certificate_wish){ .name = "x",
                                               .alternatives = "DNS:loc*.example",
                                               .issuer = &authority },
                   "localhost.example");
}

static void speak_only_1_2(SSL_CTX *client)
{
    SSL_CTX_set_max_proto_version(client, TLS1_2_VERSION);
}

static void speak_only_1_1(SSL_CTX *client)
{
    SSL_CTX_set_min_proto_version(client, TLS1_VERSION);
    SSL_CTX_set_max_proto_version(client, TLS1_1_VERSION);
}

static void speak_only_cbc(SSL_CTX *client)
{
    speak_only_1_2(client);
    SSL_CTX_set_cipher_list(client, "ECDHE-ECDSA-AES128-SHA256:ECDHE-ECDSA-AES128-SHA");
}

static void offer_only_h2(SSL_CTX *client)
{
    SSL_CTX_set_alpn_protos(client, (const unsigned char *)"\x02h2", 3);
}

static void offer_h2_and_http_1_1(SSL_CTX *client)
{
    SSL_CTX_set_alpn_protos(client, (const unsigned char *)"\x02h2\x08http/1.1", 12);
}

static void test_old_protocols_and_ciphers_are_refused(void **state)
{
    (void)state;
    assert_true(careless_client_succeeds(speak_only_1_2));
    assert_false(careless_client_succeeds(speak_only_1_1));
    assert_false(careless_client_succeeds(speak_only_cbc));
}

static void test_only_http_1_1_is_negotiated(void **state)
{
    (void)state;
    assert_false(careless_client_succeeds(offer_only_h2));
    assert_true(careless_client_succeeds(offer_h2_and_http_1_1));
}

static void test_the_newest_protocol_is_preferred_and_has_no_early_data(void **state)
{
    SSL_CTX *server = server_of(&good, false);
    SSL_CTX *client = client_of(authority.file);
    struct pair pair;
    char byte;

    (void)state;
    pair_open(&pair, client, server);
    assert_true(tls_expect_host(pair.client, "localhost"));
    assert_true(pair_shake_hands(&pair));
    assert_int_equal(SSL_version(pair.client), TLS1_3_VERSION);
    SSL_read(pair.client, &byte, 1); /* takes the tickets */
    assert_int_equal(SSL_SESSION_get_max_early_data(SSL_get_session(pair.client)), 0);
    assert_null(SSL_get_current_compression(pair.server));
    pair_close(&pair);
    SSL_CTX_free(client);
    SSL_CTX_free(server);
}

static SSL_SESSION *session_of(SSL_CTX *client, SSL_CTX *server, SSL_SESSION *resume, bool *reused)
{
    struct pair pair;
    char byte;

    pair_open(&pair, client, server);
    if (resume != NULL)
        SSL_set_session(pair.client, resume);
    assert_true(tls_expect_host(pair.client, "localhost"));
    assert_true(pair_shake_hands(&pair));
    SSL_read(pair.client, &byte, 1);
    ERR_clear_error();
    *reused = SSL_session_reused(pair.client);
    SSL_SESSION *session = SSL_get1_session(pair.client);

    SSL_set_shutdown(pair.client, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
    pair_close(&pair);
    return session;
}

static void test_tickets_resume_until_their_keys_are_renewed(void **state)
{
    SSL_CTX *server = server_of(&good, true);
    SSL_CTX *client = client_of(authority.file);
    bool reused;
    SSL_SESSION *session = session_of(client, server, NULL, &reused);

    (void)state;
    assert_false(reused);
    SSL_SESSION_free(session_of(client, server, session, &reused));
    assert_true(reused);
    SSL_SESSION_free(session);
    session = session_of(client, server, NULL, &reused);
    SSL_CTX_set_app_data(server, (void *)1); /* as if six hours had passed */
    SSL_SESSION_free(session_of(client, server, session, &reused));
    assert_false(reused);
    SSL_SESSION_free(session);
    SSL_CTX_free(client);
    SSL_CTX_free(server);
}

static void test_a_client_certificate_is_asked_for_but_not_judged(void **state)
{
    struct certificate stranger = certificate_make(
        "stranger", &(struct certificate_wish){ .name = "stranger", .from = -7200, .until = -60 });
    SSL_CTX *server = server_of(&good, true);
    SSL_CTX *client = client_of(authority.file);
    struct pair pair;

    (void)state;
    SSL_CTX_use_certificate(client, stranger.x509);
    SSL_CTX_use_PrivateKey(client, stranger.key);
    pair_open(&pair, client, server);
    assert_true(tls_expect_host(pair.client, "localhost"));
    assert_true(pair_shake_hands(&pair));
    assert_int_equal(X509_cmp(SSL_get0_peer_certificate(pair.server), stranger.x509), 0);
    pair_close(&pair);
    SSL_CTX_free(client);
    client = client_of(authority.file);
    pair_open(&pair, client, server);
    assert_true(pair_shake_hands(&pair));
    assert_null(SSL_get0_peer_certificate(pair.server));
    pair_close(&pair);
    SSL_CTX_free(client);
    SSL_CTX_free(server);
    certificate_release(&stranger);
}

static void assert_no_server(const char *certificate, const char *key, const char *named,
                             const char *reason)
{
    const char *why = NULL;

    assert_null(tls_server_context(&arena, certificate, key, false, &why));
    assert_non_null(why);
    assert_non_null(strstr(why, named));
    if (strstr(why, reason) == NULL)
        fail_msg("%s", why);
    assert_int_equal(ERR_peek_error(), 0);
}

static void test_unusable_files_are_named(void **state)
{
    char garbage[64];
    char locked[64];
    FILE *file = certificate_open(garbage, "garbage", "pem");

    (void)state;
    fputs("no certificate\n", file);
    fclose(file);
    file = certificate_open(locked, "locked", "key");
    PEM_write_PKCS8PrivateKey(file, good.key, EVP_aes_128_cbc(), "secret", 6, NULL, NULL);
    fclose(file);
    assert_no_server("/nowhere/a.crt", good.key_file, "/nowhere/a.crt", "No such file");
    assert_no_server(good.file, "/nowhere/a.key", "/nowhere/a.key", "No such file");
    assert_no_server(garbage, good.key_file, garbage, "no start line");
    assert_no_server(good.file, garbage, garbage, "");
    assert_no_server(good.file, authority.key_file, authority.key_file, "mismatch");
    assert_no_server(good.file, locked, locked, "");
    const char *why = NULL;

    assert_null(tls_client_context(&arena, "/nowhere/ca.pem", &why));
    assert_non_null(strstr(why, "/nowhere/ca.pem"));
    unlink(garbage);
    unlink(locked);
}

static void test_the_authorities_of_the_system_do_not_know_ours(void **state)
{
    SSL_CTX *server = server_of(&good, false);
    SSL_CTX *client = client_of(NULL);
    struct pair pair;

    (void)state;
    pair_open(&pair, client, server);
    assert_true(tls_expect_host(pair.client, "localhost"));
    assert_false(pair_shake_hands(&pair));
    assert_false(tls_expect_host(pair.client, ""));
    pair_close(&pair);
    SSL_CTX_free(client);
    SSL_CTX_free(server);
}

static int make_certificates(void **state)
{
    (void)state;
    authority =
        certificate_make("authority", &(struct certificate_wish){ .name = "Test", .authority = 1 });
    good = certificate_make(
        "good", &(struct certificate_wish){
                    .name = "example.com",
                    .alternatives = "DNS:localhost,IP:127.0.0.1,IP:::1,DNS:*.wild.example",
                    .usage = "serverAuth",
                    .issuer = &authority });
    return 0;
}

static int release_certificates(void **state)
{
    (void)state;
    certificate_release(&good);
    certificate_release(&authority);
    arena_release(&arena);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_good_certificate_is_accepted),
        cmocka_unit_test(test_a_wrong_name_is_refused),
        cmocka_unit_test(test_bad_certificates_are_refused),
        cmocka_unit_test(test_old_protocols_and_ciphers_are_refused),
        cmocka_unit_test(test_only_http_1_1_is_negotiated),
        cmocka_unit_test(test_the_newest_protocol_is_preferred_and_has_no_early_data),
        cmocka_unit_test(test_tickets_resume_until_their_keys_are_renewed),
        cmocka_unit_test(test_a_client_certificate_is_asked_for_but_not_judged),
        cmocka_unit_test(test_unusable_files_are_named),
        cmocka_unit_test(test_the_authorities_of_the_system_do_not_know_ours),
    };

    return cmocka_run_group_tests(tests, make_certificates, release_certificates);
}
