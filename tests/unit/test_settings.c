#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/json.h"
#include "base/log.h"
#include "config/settings.h"
#include "net/address.h"
#include "scratch_folder.h"

/* What every configuration needs; a test writes the rest behind it. */
#define BASE                                                                                       \
    "issuer: https://id.example.com\n"                                                             \
    "secrets: [0123456789abcdef0123456789abcdef]\n"
#define PROVIDERS "providers: {github: {client_id: x}, gitlab: {client_id: y}}\n"
/* One client, with its keys. The first stands in line 4. */
#define CLIENT   "clients:\n  app:\n"
#define SECRET   "    client_secret: 0123456789abcdef0123456789abcdef\n"
#define REDIRECT "    redirect_uris: [https://app.example/cb]\n"

struct fixture {
    struct arena arena;
    struct problems problems;
    struct buf said;
    struct scratch_folder folder;
};

static struct fixture it;

static int set_up(void **state)
{
    (void)state;
    it = (struct fixture){ .said = BUF_INIT(1024 * 1024) };
    it.problems.arena = &it.arena;
    scratch_make(&it.folder);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    buf_release(&it.said);
    arena_release(&it.arena);
    arena_cache_release();
    scratch_remove(&it.folder);
    return 0;
}

/* Time of our own, so that a busy machine does not matter. */
static int64_t spent_ms(void)
{
    return (int64_t)clock() * 1000 / CLOCKS_PER_SEC;
}

static const char *said(void)
{
    buf_reset(&it.said);
    problems_write(&it.problems, &it.said);
    return buf_slice(&it.said).at;
}

static struct settings *read_settings(const char *text)
{
    it.problems = (struct problems){ .arena = &it.arena };
    return settings_read_text("c.yaml", slice_of(text), &it.problems);
}

static struct settings *good(const char *text)
{
    struct settings *settings = read_settings(text);

    assert_string_equal(said(), "");
    assert_non_null(settings);
    return settings;
}

static void refused(const char *text, const char *problems)
{
    assert_null(read_settings(text));
    assert_string_equal(said(), problems);
}

static void warned(const char *text, const char *problems)
{
    assert_non_null(read_settings(text));
    assert_string_equal(said(), problems);
}

static void assert_slice(struct slice found, const char *text)
{
    if (!slice_is(found, text))
        fail_msg("\"%.*s\" is not \"%s\"", SLICE_ARG(found), text);
}

static const struct client_settings *only_client(const struct settings *settings)
{
    assert_int_equal(settings->clients.count, 1);
    return settings->clients.at;
}

static void test_the_smallest_configuration_has_an_issuer_and_a_secret(void **state)
{
    (void)state;
    const struct settings *settings = good(BASE);

    assert_slice(settings->issuer, "https://id.example.com");
    assert_slice(settings->listen.at[0], "127.0.0.1:8080");
    assert_slice(settings->store, "sqlite:cardea.db");
    assert_int_equal(settings->workers, WORKERS_AUTO);
    assert_int_equal(settings->http.timeout, 10000);
    assert_int_equal(settings->http.response_limit, 1024 * 1024);
    assert_int_equal(settings->accounts.link, LINK_VERIFIED_EMAIL);
    assert_int_equal(settings->lifetimes.refresh_token, 30LL * 86400000);
    assert_int_equal(settings->lifetimes.code, 60000);
    assert_int_equal(settings->signing.algorithms.count, 3);
    assert_slice(settings->pages.title, "Cardea");
    assert_slice(settings->pages.locale, "auto");
    assert_slice(settings->admin.listen, "127.0.0.1:9464");
    assert_int_equal(settings->log.level, LEVEL_INFO);
    assert_int_equal(settings->log.format, FORMAT_AUTO);
    assert_int_equal(settings->limits.header, 16384);
    assert_int_equal(settings->limits.connections, 10000);
    assert_int_equal(settings->limits.per_address.logins.count, 30);
    assert_int_equal(settings->limits.per_address.failures.window_ms, 60000);
    assert_int_equal(settings->providers.count, 0);
    assert_null(settings_client(settings, SL("app")));
}

static void test_what_is_missing_is_named(void **state)
{
    (void)state;
    refused("", "c.yaml:1:1: error: the key `issuer` is missing\n"
                "c.yaml:1:1: error: the key `secrets` is missing\n");
    refused("issuer:\nsecrets:\n",
            "c.yaml:1:8: error: `issuer` needs a text\n"
            "c.yaml:2:9: error: `secrets` needs a text or a list of texts such as [a, b]\n");
}

static void test_an_issuer_is_https_or_on_this_machine(void **state)
{
    (void)state;
    assert_slice(good("issuer: http://localhost:8080/hub\n"
                      "secrets: 0123456789abcdef0123456789abcdef\n")
                     ->issuer,
                 "http://localhost:8080/hub");
    assert_slice(good("issuer: https://id.example.com/hub//\n"
                      "secrets: 0123456789abcdef0123456789abcdef\n")
                     ->issuer,
                 "https://id.example.com/hub");
    refused("issuer: http://id.example.com\nsecrets: 0123456789abcdef0123456789abcdef\n",
            "c.yaml:1:9: error: `issuer: http://id.example.com` is http on another machine: use "
            "https\n");
    refused("issuer: https://id.example.com/?a\nsecrets: 0123456789abcdef0123456789abcdef\n",
            "c.yaml:1:9: error: `issuer: https://id.example.com/?a` has a query (?): an issuer has "
            "none\n");
    refused("issuer: https://id.example.com?\nsecrets: 0123456789abcdef0123456789abcdef\n",
            "c.yaml:1:9: error: `issuer: https://id.example.com?` has a query (?): an issuer has "
            "none\n");
    refused("issuer: 'https://id.example.com/#'\nsecrets: 0123456789abcdef0123456789abcdef\n",
            "c.yaml:1:9: error: `issuer: https://id.example.com/#` has a fragment (#)\n");
    refused("issuer: id.example.com\nsecrets: 0123456789abcdef0123456789abcdef\n",
            "c.yaml:1:9: error: `issuer: id.example.com` has no scheme\n");
}

static void test_secrets_have_thirty_two_bytes(void **state)
{
    (void)state;
    refused("issuer: https://id.example.com\nsecrets: [0123456789abcdef0123456789abcde]\n",
            "c.yaml:2:11: error: `secrets` has one of 31 bytes: it needs 32 or more; `cardea "
            "secret` prints a good one\n");
    refused("issuer: https://id.example.com\nsecrets: []\n",
            "c.yaml:2:10: error: `secrets` is empty: `cardea secret` prints a key for it\n");
    refused("issuer: https://id.example.com\nsecrets: ['']\n",
            "c.yaml:2:11: error: `secrets` is empty\n");
}

static void test_listeners_are_addresses(void **state)
{
    (void)state;
    good(BASE "listen: ['[::1]:8080', unix:/run/cardea.sock, '127.0.0.1:0']\n");
    good(BASE "listen: localhost:8080\nadmin: {listen: off}\n");
    good(BASE "admin: {listen: unix:/run/admin.sock}\n");
    refused(BASE "listen: [8080]\n", "c.yaml:3:10: error: `listen: 8080` is not host:port, "
                                     "[v6]:port or unix:PATH\n");
    refused(BASE "listen: systemd\n",
            "c.yaml:3:9: error: `listen: systemd` is not available in this version\n");
    refused(BASE "listen: []\n", "c.yaml:3:1: error: `listen` needs from 1 to 64 addresses\n");
    refused(BASE "listen: ['127.0.0.1:1', '127.0.0.1:1']\n",
            "c.yaml:3:1: error: `listen` has `127.0.0.1:1` twice\n");
    refused(BASE "admin: {listen: '127.0.0.1:8080'}\n",
            "c.yaml:3:1: error: `admin.listen: 127.0.0.1:8080` is where everybody is served: "
            "health, metrics and the admin API need an address of their own\n");
    refused(BASE "admin: {listen: nowhere}\n",
            "c.yaml:3:17: error: `admin.listen: nowhere` is not host:port, [v6]:port or unix:PATH; "
            "or write off\n");
}

static void test_certificate_and_key_come_together(void **state)
{
    (void)state;
    assert_slice(good(BASE "tls: {certificate: /c.pem, key: /k.pem}\n")->tls.key, "/k.pem");
    good(BASE "tls: {certificate: , key: }\n");
    good(BASE "tls:\n");
    refused(BASE "tls: {certificate: /c.pem}\n",
            "c.yaml:3:7: error: `tls.certificate` needs `tls.key` beside it\n");
    refused(BASE "tls: {certificate: , key: /k.pem}\n",
            "c.yaml:3:22: error: `tls.key` needs `tls.certificate` beside it\n");
}

static void test_trusting_every_proxy_is_warned_of(void **state)
{
    (void)state;
    good(BASE "trusted_proxies: [10.0.0.0/8, '::1']\n");
    warned(BASE "trusted_proxies: [0.0.0.0/0]\n",
           "c.yaml:3:1: warning: `trusted_proxies` believes everybody: whoever reaches us directly "
           "can claim any address\n");
}

static void test_workers_are_a_number_or_as_many_as_processors(void **state)
{
    (void)state;
    assert_int_equal(settings_workers(good(BASE "workers: 3\n")), 3);
    assert_int_equal(settings_workers(good(BASE "workers: 0\n")), 0);
    assert_in_range(settings_workers(good(BASE "workers: auto\n")), 1, WORKERS_MAX);
    refused(BASE "workers: 65\n", "c.yaml:3:10: error: `workers: 65` must be from 0 to 64\n");
}

static void test_the_store_is_of_a_known_kind(void **state)
{
    static const char *const known[] = { "sqlite:/var/lib/cardea.db", "redis://127.0.0.1:6379/1",
                                         "rediss://u:p@redis.example/", "redis+unix:/run/redis" };

    (void)state;
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        good(arena_printf(&it.arena, BASE "store: %s\n", known[i]).at);
    refused(BASE "store: redis+sentinel://h1:1,h2:2/m/0\n",
            "c.yaml:3:8: error: `store: redis+sentinel:...` is not available in this version\n");
    refused(BASE "store: redis+cluster://h1:1,h2:2\n",
            "c.yaml:3:8: error: `store: redis+cluster:...` is not available in this version\n");
    refused(BASE "store: reds://h\n",
            "c.yaml:3:8: error: `store` is of no known kind; did you mean `redis:`?\n");
    refused(BASE "store: me:hush@h\n",
            "c.yaml:3:8: error: `store` is of no known kind: write sqlite:PATH, "
            "redis://HOST:PORT/DB, rediss://HOST:PORT/DB or redis+unix:PATH\n");
    refused(BASE "store: 'sqlite:'\n",
            "c.yaml:3:8: error: `store: sqlite:` does not say where the store is\n");
    refused(BASE "store: redis://\n",
            "c.yaml:3:8: error: `store: redis:` does not say where the store is\n");
}

static void test_a_proxy_may_need_a_login(void **state)
{
    (void)state;
    good(BASE "http: {proxy: 'http://proxy:3128'}\n");
    good(BASE "http: {proxy: 'socks5h://me:hu@sh@proxy.example:1080'}\n");
    refused(BASE "http: {proxy: 'proxy:3128'}\n",
            "c.yaml:3:15: error: `http.proxy` needs a URL such as http://proxy:3128 (http, https, "
            "socks5 or socks5h)\n");
    refused(BASE "http: {proxy: 'ftp://proxy:3128'}\n",
            "c.yaml:3:15: error: `http.proxy` needs a URL such as http://proxy:3128 (http, https, "
            "socks5 or socks5h)\n");
    refused(BASE "http: {proxy: 'http://me:hush@:3128'}\n",
            "c.yaml:3:15: error: `http.proxy` has no valid host\n");
}

static void test_numbers_that_are_none_are_refused_everywhere(void **state)
{
    static const char *const wrong[] = {
        "300x", "1e9", "-1", "9223372036854775808", "08", "", "''"
    };
    static const char *const keys[] = {
        "workers: %s",
        "http: {timeout: %s}",
        "http: {response_limit: %s}",
        "lifetimes: {access_token: %s}",
        "signing: {rotate: %s}",
        "limits: {connections: %s}",
        "limits: {idle: %s}",
        "limits: {header: %s}",
        "limits: {per_address: {logins: %s}}",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        for (size_t j = 0; j < sizeof(wrong) / sizeof(wrong[0]); j++) {
            struct slice key = slice_of(keys[i]);
            size_t at = slice_find(key, '%');
            struct slice text = arena_printf(&it.arena, BASE "%.*s%s%s\n", (int)at, key.at,
                                             wrong[j], key.at + at + 2);

            assert_null(read_settings(text.at));
            if (it.problems.errors != 1)
                fail_msg("%s: %s", text.at, said());
        }
    }
}

static void test_lifetimes_have_sensible_bounds(void **state)
{
    (void)state;
    good(BASE "lifetimes: {refresh_grace: 0s, code: 1s, session: 30d}\n");
    refused(BASE "lifetimes: {code: 11m, access_token: 0s}\n",
            "c.yaml:3:19: error: `lifetimes.code: 11m` must be from 1s to 10m\n"
            "c.yaml:3:38: error: `lifetimes.access_token: 0s` must be from 1s to 365d\n");
    refused(BASE "signing: {rotate: 1d, overlap: 1d}\n",
            "c.yaml:3:19: error: `signing.rotate` is not available in this version\n"
            "c.yaml:3:23: error: `signing.overlap` must be shorter than `signing.rotate`\n"
            "c.yaml:3:32: error: `signing.overlap` is not available in this version\n");
}

static void test_misspelt_keys_and_words_are_recognised(void **state)
{
    (void)state;
    refused(BASE "isuer: x\ninclud: []\nlog: {level: wran, fromat: json}\n",
            "c.yaml:3:1: error: unknown key `isuer`; did you mean `issuer`?\n"
            "c.yaml:4:1: error: unknown key `includ`; did you mean `include`?\n"
            "c.yaml:5:14: error: `log.level: wran` is unknown; did you mean `warn`?\n"
            "c.yaml:5:20: error: unknown key `fromat`; did you mean `format`?\n");
    refused(BASE CLIENT SECRET REDIRECT "    cleint_name: x\n",
            "c.yaml:7:5: error: unknown key `cleint_name`; did you mean `client_name`?\n");
}

/* Providers */

static void test_a_provider_is_its_plugin_unless_told_otherwise(void **state)
{
    (void)state;
    const struct settings *settings =
        good(BASE "providers:\n  github: {client_id: x}\n  work: {client_id: y, plugin: oidc, "
                  "issuer: 'https://sso.example'}\n");
    const struct provider_settings *providers = settings->providers.at;

    assert_slice(providers[0].plugin, "github");
    assert_null(providers[0].overrides);
    assert_slice(providers[1].plugin, "oidc");
    assert_slice(node_get(providers[1].overrides, "issuer")->text, "https://sso.example");
    assert_int_equal(providers[1].trust_email, TRUST_EMAIL_AUTO);
    assert_false(slice_is_set(providers[1].simulator));
}

static void test_provider_ids_are_safe_in_urls(void **state)
{
    static const char *const wrong[] = {
        "../x", ".well-known", "'%2e%2e'",
        "a/b",  "'a b'",       "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
    };

    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        struct slice text =
            arena_printf(&it.arena, BASE "providers:\n  %s: {client_id: x}\n", wrong[i]);

        assert_null(read_settings(text.at));
        if (it.problems.errors != 1 || strstr(said(), "is no id") == NULL)
            fail_msg("%s: %s", wrong[i], said());
    }
    refused(BASE "providers:\n  github: {client_id: x}\n  GitHub: {client_id: x}\n",
            "c.yaml:5:3: error: the provider `GitHub` differs from `github` in case only\n");
}

static void test_a_plugin_is_named_by_its_id(void **state)
{
    (void)state;
    refused(BASE "providers: {github: {client_id: x, plugin: ../evil}}\n",
            "c.yaml:3:44: error: `plugin: ../evil` is no id: an id has letters, digits, \"-\", "
            "\"_\" and \".\", and begins with a letter or digit\n");
}

static void test_a_simulator_is_on_this_machine(void **state)
{
    static const char *const wrong[] = {
        "http://example.com",           "https://127.0.0.1:9090",     "http://10.0.0.1:9090",
        "http://127.0.0.1.example.com", "http://127.0.0.1:9090/?a=b", "127.0.0.1:9090"
    };

    (void)state;
    const struct settings *settings =
        good(BASE "providers: {github: {client_id: x, simulator: 'http://127.0.0.1:9090/'}}\n");

    assert_slice(((const struct provider_settings *)settings->providers.at)->simulator,
                 "http://127.0.0.1:9090");
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        assert_null(read_settings(
            arena_printf(&it.arena, BASE "providers: {github: {client_id: x, simulator: '%s'}}\n",
                         wrong[i])
                .at));
        if (it.problems.errors != 1 || strstr(said(), "`simulator: ") == NULL)
            fail_msg("%s: %s", wrong[i], said());
    }
}

static void test_who_may_come_in_is_said_in_addresses_and_domains(void **state)
{
    (void)state;
    good(BASE "providers: {github: {client_id: x, allow: {emails: [a@b.example], email_domains: "
              "[b.example], groups: [staff], claims: {department: it}}}}\n");
    refused(BASE "providers: {github: {client_id: x, allow: {emails: [b.example], email_domains: "
                 "['@b.example'], groups: staff}}}\n",
            "c.yaml:3:53: error: `b.example` is no e-mail address; whole domains go into "
            "email_domains\n"
            "c.yaml:3:81: error: `@b.example` is no domain: write example.com\n");
}

/* Clients */

static void test_a_client_has_the_defaults_of_rfc_7591_and_ours(void **state)
{
    (void)state;
    const struct settings *settings = good(BASE CLIENT SECRET REDIRECT);
    const struct client_settings *client = only_client(settings);

    assert_int_equal(client->token_endpoint_auth_method, CLIENT_AUTH_BASIC);
    assert_int_equal(client->grant_types.count, 2);
    assert_slice(client->response_types.at[0], "code");
    assert_int_equal(client->scope.count, 4);
    assert_true(client->require_pkce);
    assert_int_equal(client->consent, CONSENT_IMPLICIT);
    assert_int_equal(client->access_token, TOKEN_OPAQUE);
    assert_slice(client->id_token_signed_response_alg, "ES256");
    assert_ptr_equal(settings_client(settings, SL("app")), client);
    assert_null(settings_client(settings, SL("ap")));
}

static void test_clients_are_found_by_id(void **state)
{
    struct buf text = BUF_INIT(65536);
    char id[16];

    (void)state;
    buf_add_text(&text, BASE "clients:\n");
    for (int i = 0; i < 50; i++) {
        snprintf(id, sizeof(id), "c%d", i * 37 % 50);
        buf_printf(&text, "  %s: {token_endpoint_auth_method: none, redirect_uris: 'a.b:/%s'}\n",
                   id, id);
    }
    const struct settings *settings = good(text.at);

    for (int i = 0; i < 50; i++) {
        snprintf(id, sizeof(id), "c%d", i);
        assert_slice(settings_client(settings, slice_of(id))->named.id, id);
    }
    assert_null(settings_client(settings, SL("c50")));
    assert_null(settings_client(settings, SL("C1")));
    assert_null(settings_client(settings, SL("")));
    buf_release(&text);
}

static void test_a_public_client_has_no_secret_and_another_one_has_one(void **state)
{
    (void)state;
    good(BASE CLIENT REDIRECT "    token_endpoint_auth_method: none\n");
    refused(BASE CLIENT SECRET REDIRECT "    token_endpoint_auth_method: none\n",
            "c.yaml:5:5: error: `clients.app` is a public client (token_endpoint_auth_method: "
            "none), which has no secret: remove `client_secret`, or let the app show it with "
            "client_secret_basic\n");
    refused(BASE CLIENT REDIRECT,
            "c.yaml:4:3: error: `clients.app` has no secret: write client_secret or "
            "client_secret_hash, or token_endpoint_auth_method: none for an app that cannot keep "
            "one\n");
    refused(BASE CLIENT REDIRECT "    token_endpoint_auth_method: client_secret_post\n",
            "c.yaml:4:3: error: `clients.app` has no secret: write client_secret or "
            "client_secret_hash, or token_endpoint_auth_method: none for an app that cannot keep "
            "one\n");
    refused(BASE CLIENT REDIRECT "    client_secret:\n",
            "c.yaml:4:3: error: `clients.app` has no secret: write client_secret or "
            "client_secret_hash, or token_endpoint_auth_method: none for an app that cannot keep "
            "one\n"
            "c.yaml:6:19: error: `clients.app.client_secret` needs a secret: without one, leave "
            "the key out\n");
    refused(BASE CLIENT SECRET REDIRECT
            "    client_secret_hash: sha256:n4bQgYhMfWWaL-qgxVrQFaO_TxsrC4Is0V1sFbDwCgg\n",
            "c.yaml:7:5: error: `clients.app` has both client_secret and client_secret_hash: keep "
            "one of them\n");
}

static void test_a_public_client_needs_pkce_and_no_client_credentials(void **state)
{
    (void)state;
    refused(BASE CLIENT REDIRECT "    token_endpoint_auth_method: none\n"
                                 "    require_pkce: false\n"
                                 "    grant_types: [authorization_code, client_credentials]\n",
            "c.yaml:7:5: error: `clients.app` is a public client, and without PKCE whoever gets "
            "hold of a code can use it: remove require_pkce\n"
            "c.yaml:8:5: error: `clients.app` is a public client, so that anybody could use "
            "client_credentials in its name: give it a secret\n");
    good(BASE CLIENT SECRET REDIRECT "    require_pkce: false\n");
}

static void test_client_secrets_are_long(void **state)
{
    (void)state;
    refused(BASE CLIENT REDIRECT "    client_secret: 0123456789abcde\n",
            "c.yaml:6:20: error: this client_secret is shorter than 16 characters and can be "
            "guessed; `cardea secret` prints a good one\n");
    warned(BASE CLIENT REDIRECT "    client_secret: 0123456789abcdef0123456789abcde\n",
           "c.yaml:6:20: warning: this client_secret is shorter than 32 characters; `cardea "
           "secret` prints a good one\n");
    refused(BASE CLIENT REDIRECT "    client_secret: ''\n",
            "c.yaml:6:20: error: `clients.app.client_secret` is empty\n");
}

static void test_a_secret_hash_is_one_that_can_be_matched(void **state)
{
    (void)state;
    good(BASE CLIENT REDIRECT
         "    client_secret_hash: sha256:n4bQgYhMfWWaL-qgxVrQFaO_TxsrC4Is0V1sFbDwCgg\n");
    refused(BASE CLIENT REDIRECT "    client_secret_hash: md5:abc\n",
            "c.yaml:6:25: error: `client_secret_hash` does not begin with \"sha256:\" (\"cardea "
            "secret\" makes such a hash)\n");
}

static void test_a_code_client_has_redirect_addresses(void **state)
{
    static const char none[] =
        "c.yaml:4:3: error: `clients.app` has no redirect_uris: write where browsers go back to "
        "after a login, or grant_types without authorization_code\n";

    (void)state;
    refused(BASE CLIENT SECRET, none);
    refused(BASE CLIENT SECRET "    redirect_uris: []\n", none);
    refused(BASE CLIENT SECRET "    redirect_uris:\n", none);
    good(BASE CLIENT SECRET "    grant_types: [client_credentials]\n");
}

static void test_redirect_addresses_that_are_dangerous_are_refused(void **state)
{
    static const struct {
        const char *address;
        const char *problem;
    } wrong[] = {
        { "https://*.app.test/cb", "has a wildcard (*): write each address out" },
        { "https://app.test*", "has a wildcard (*): write each address out" },
        { "https://app.test/*", "has a wildcard (*): write each address out" },
        { "^https://app.test/cb$", "has a character that a URL cannot have" },
        { "https://app.test/cb#x", "has a fragment (#): a redirect address has none" },
        { "https://app.test/cb#", "has a fragment (#): a redirect address has none" },
        { "https://me@app.test/cb", "has a user name in front of its host" },
        { "javascript:alert(1)", "has a scheme that browsers do not go to but run or read" },
        { "JavaScript:alert(1)", "has a scheme that browsers do not go to but run or read" },
        { "javascript://app.test/%0aalert(1)",
          "has a scheme that browsers do not go to but run or read" },
        { "data:text/html,x", "has a scheme that browsers do not go to but run or read" },
        { "vbscript:x", "has a scheme that browsers do not go to but run or read" },
        { "file:///etc/passwd", "has a scheme that browsers do not go to but run or read" },
        { "\\x01javascript:x", "a control character stands in this text" },
        { "http://app.test/cb", "is http: only https is safe from others in the network" },
        { "http://127.0.0.1.app.test/cb", "is http: only https is safe" },
        { "https:/cb", "has no host" },
        { "http:cb", "has no host" },
        { "myapp:/cb", "has a scheme without a dot" },
        { "/cb", "has no scheme" },
        { "https://app.test/c b", "has a character that a URL cannot have" },
        { "https://app.test/%zz", "has a broken percent escape" },
        { "https://app.test\\\\@evil.test/cb", "has a character that a URL cannot have" },
        { "https://app.test/cb?code=1", "has a parameter in its query that is ours to add" },
        { "https://app.test/cb?a=b&state", "has a parameter in its query that is ours to add" },
        { "https://app.test/cb?%69ss=x", "has a parameter in its query that is ours to add" },
        { "https://app.test/cb?error=x", "has a parameter in its query that is ours to add" },
    };
    static const char *const keys[] = { "redirect_uris", "post_logout_redirect_uris" };

    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        for (size_t j = 0; j < 2; j++) {
            struct slice text =
                arena_printf(&it.arena,
                             BASE CLIENT SECRET "    grant_types: client_credentials\n"
                                                "    %s: [\"%s\"]\n",
                             keys[j], wrong[i].address);

            assert_null(read_settings(text.at));
            if (it.problems.errors != 1 || strstr(said(), wrong[i].problem) == NULL)
                fail_msg("%s: %s", wrong[i].address, said());
        }
    }
}

static void test_good_redirect_addresses_are_taken(void **state)
{
    (void)state;
    const struct settings *settings = good(
        BASE CLIENT SECRET "    redirect_uris: [https://app.test/cb, 'https://app.test/cb?a=b', "
                           "'http://127.0.0.1/cb', 'http://[::1]:8000/', http://localhost:3000/cb, "
                           "'com.example.app:/cb', 'com.example.app://cb']\n");

    assert_int_equal(only_client(settings)->redirect_uris.count, 7);
}

static void test_id_tokens_are_signed_with_what_we_have_keys_for(void **state)
{
    (void)state;
    refused(
        BASE "signing: {algorithms: [ES256]}\n" CLIENT SECRET REDIRECT
             "    id_token_signed_response_alg: RS256\n",
        "c.yaml:8:5: error: `clients.app` wants ID tokens signed with RS256, which is not among "
        "signing.algorithms\n");
    refused(BASE CLIENT SECRET REDIRECT "    id_token_signed_response_alg: none\n",
            "c.yaml:7:35: error: `clients.app.id_token_signed_response_alg: none` is unknown; it "
            "can be `ES256`, `RS256`, `EdDSA`, `ES384`, `ES512`, `RS384`, `RS512`, `PS256`, "
            "`PS384` or `PS512`\n");
    refused(BASE CLIENT SECRET REDIRECT "    id_token_signed_response_alg: HS256\n",
            "c.yaml:7:35: error: `clients.app.id_token_signed_response_alg: HS256` is unknown; did "
            "you mean `ES256`?\n");
    assert_slice(
        only_client(good(BASE "signing: {algorithms: [RS256, EdDSA]}\n" CLIENT SECRET REDIRECT))
            ->id_token_signed_response_alg,
        "RS256");
}

static void test_a_client_names_providers_that_are_there(void **state)
{
    (void)state;
    good(BASE PROVIDERS CLIENT SECRET REDIRECT "    providers: [github, gitlab]\n");
    refused(BASE PROVIDERS CLIENT SECRET REDIRECT "    providers: [githbu, okta, GitHub]\n",
            "c.yaml:8:5: error: `clients.app` wants the provider `githbu`, and there is none of "
            "that id; did you mean `github`?\n"
            "c.yaml:8:5: error: `clients.app` wants the provider `okta`, and there is none of that "
            "id\n"
            "c.yaml:8:5: error: `clients.app` wants the provider `GitHub`, and there is none of "
            "that id; did you mean `github`?\n");
}

static void test_what_oauth_2_1_dropped_needs_to_be_asked_for(void **state)
{
    (void)state;
    refused(BASE CLIENT SECRET REDIRECT
            "    grant_types: [authorization_code, implicit, password]\n"
            "    response_types: [code, id_token]\n",
            "c.yaml:7:5: error: `clients.app` has the grant type password, which needs "
            "legacy.password: true\n"
            "c.yaml:7:5: error: `clients.app` has the grant type implicit, which needs "
            "legacy.implicit: true\n"
            "c.yaml:8:5: error: `clients.app` has the response type `id_token`, which needs "
            "legacy.implicit: true\n");
}

static void test_words_of_clients_are_known(void **state)
{
    (void)state;
    refused(BASE CLIENT SECRET REDIRECT
            "    consent: implict\n    access_token: JWT\n    grant_types: [authorisation_code]\n"
            "    token_endpoint_auth_method: private_key_jwt\n",
            "c.yaml:7:14: error: `clients.app.consent: implict` is unknown; did you mean "
            "`implicit`?\n"
            "c.yaml:8:19: error: `clients.app.access_token: JWT` is unknown; did you mean `jwt`?\n"
            "c.yaml:9:19: error: `clients.app.grant_types: authorisation_code` is unknown; did you "
            "mean `authorization_code`?\n"
            "c.yaml:10:33: error: `clients.app.token_endpoint_auth_method: private_key_jwt` is "
            "unknown; it can be `client_secret_basic`, `client_secret_post` or `none`\n");
}

static void test_origins_scopes_and_claims_are_judged(void **state)
{
    (void)state;
    good(BASE "claims: {department: /organization/unit}\n" CLIENT SECRET REDIRECT
              "    cors_origins: [https://app.example, 'http://localhost:3000']\n"
              "    scope: openid provider:github\n");
    refused(BASE "claims: {department: organization, sub: /id, email: /mail}\npages: {locale: "
                 "deutsch-}\n" CLIENT SECRET REDIRECT "    cors_origins: [https://app.example/]\n"
                 "    scope: 'a\"b'\n",
            "c.yaml:3:22: error: `organization` is no path to a claim: a path begins with \"/\"\n"
            "c.yaml:3:36: error: the claim `sub` has a meaning of its own and cannot be set\n"
            "c.yaml:3:46: error: the claim `email` is a standard one: write where it is found in "
            "`claims` of the provider\n"
            "c.yaml:4:17: error: `pages.locale: deutsch-` is no language: write auto, or a tag "
            "such as de or pt-BR\n"
            "c.yaml:9:20: error: `https://app.example/` is no origin: write https://app.example\n"
            "c.yaml:10:12: error: `a\"b` is no scope: it has a character that RFC 6749 does not "
            "allow\n");
}

static void test_what_is_not_available_yet_is_refused(void **state)
{
    static const struct {
        const char *text;
        const char *key;
    } later[] = {
        { "legacy: {implicit: true}\n", "legacy.implicit" },
        { "legacy: {password: true}\n", "legacy.password" },
        { "legacy: {oauth1: true}\n", "legacy.oauth1" },
        { "registration: {enabled: true}\n", "registration.enabled" },
        { "registration: {initial_access_tokens: [x]}\n", "registration.initial_access_tokens" },
        { "local_users: {me: {password_hash: x}}\n", "local_users" },
        { "providers: {a: {client_id: x, keep_tokens: true}}\n", "providers.a.keep_tokens" },
        { "providers: {a: {client_id: x, api: {paths: [/user]}}}\n", "providers.a.api" },
        { CLIENT SECRET REDIRECT "    jwks: {keys: []}\n", "clients.app.jwks" },
        { CLIENT SECRET REDIRECT "    jwks_uri: https://a.example/\n", "clients.app.jwks_uri" },
        { CLIENT SECRET REDIRECT "    backchannel_logout_uri: https://a.example/\n",
          "clients.app.backchannel_logout_uri" },
        { CLIENT SECRET REDIRECT "    oauth1: {realms: [x]}\n", "clients.app.oauth1" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(later) / sizeof(later[0]); i++) {
        assert_null(read_settings(arena_printf(&it.arena, BASE "%s", later[i].text).at));
        const char *wanted = arena_printf(&it.arena,
                                          "error: `%s` is not available in this "
                                          "version\n",
                                          later[i].key)
                                 .at;

        if (it.problems.errors != 1 || strstr(said(), wanted) == NULL)
            fail_msg("%s: %s", later[i].text, said());
    }
}

static void test_what_is_not_available_yet_may_have_its_default(void **state)
{
    (void)state;
    good(BASE "legacy: {implicit: false, password: no, oauth1: off}\n"
              "registration: {enabled: false, initial_access_tokens: []}\n"
              "local_users: {}\naccounts: {link: verified_email}\n"
              "providers: {a: {client_id: x, keep_tokens: false, api: {clients: [], paths: []}}}"
              "\n" CLIENT SECRET REDIRECT "    jwks:\n    jwks_uri:\n    backchannel_logout_uri:\n"
              "    oauth1: {signature_methods: [HMAC-SHA256, HMAC-SHA1], callbacks: []}\n");
}

/* Documents */

static void test_everything_wrong_is_said_in_one_run(void **state)
{
    (void)state;
    unsetenv("CARDEA_TEST_NONE");
    refused("issuer: http://id.example.com\nsecrets: [short]\nlisten: 1\nworkers: ${env:"
            "CARDEA_TEST_NONE}\n" PROVIDERS
            "clients:\n  a: {providers: [githb], redirect_uris: ['https://*/']}\n  b: &x 1\n",
            "c.yaml:1:9: error: `issuer: http://id.example.com` is http on another machine: use "
            "https\n"
            "c.yaml:2:11: error: `secrets` has one of 5 bytes: it needs 32 or more; `cardea "
            "secret` prints a good one\n"
            "c.yaml:3:9: error: `listen: 1` is not host:port, [v6]:port or unix:PATH\n"
            "c.yaml:4:10: error: `${env:CARDEA_TEST_NONE}`: this environment variable is not set\n"
            "c.yaml:7:3: error: `clients.a` has no secret: write client_secret or "
            "client_secret_hash, or token_endpoint_auth_method: none for an app that cannot keep "
            "one\n"
            "c.yaml:7:7: error: `clients.a` wants the provider `githb`, and there is none of that "
            "id; did you mean `github`?\n"
            "c.yaml:7:43: error: `clients.a.redirect_uris: https://*/` has a wildcard (*): write "
            "each address out\n"
            "c.yaml:8:6: error: an anchor (&x): write the value out where it is needed\n"
            "c.yaml:8:6: error: `clients.b` needs keys with values under it\n");
}

static void test_a_missing_secret_is_one_problem(void **state)
{
    (void)state;
    unsetenv("CARDEA_TEST_NONE");
    refused(BASE CLIENT REDIRECT "    client_secret: ${env:CARDEA_TEST_NONE}\n",
            "c.yaml:6:20: error: `${env:CARDEA_TEST_NONE}`: this environment variable is not "
            "set\n");
}

static void test_what_an_unreadable_include_may_hold_is_not_missed(void **state)
{
    (void)state;
    const char *path =
        scratch_write(&it.folder, &it.arena, "main.yaml",
                      "include: [none.yaml]\n" CLIENT SECRET REDIRECT "    providers: [github]\n");

    assert_null(settings_read(path, &it.problems));
    assert_int_equal(it.problems.errors, 1);
    assert_non_null(strstr(said(), "there is no file `none.yaml` to include"));
}

static void test_providers_and_clients_may_stand_in_files_of_their_own(void **state)
{
    (void)state;
    scratch_write(&it.folder, &it.arena, "d/a.yaml", "providers: {github: {client_id: x}}\n");
    scratch_write(&it.folder, &it.arena, "d/b.yaml", CLIENT SECRET REDIRECT);
    const struct settings *settings = settings_read(
        scratch_write(&it.folder, &it.arena, "main.yaml", "include: [d/*.yaml]\n" BASE),
        &it.problems);

    assert_string_equal(said(), "");
    assert_int_equal(settings->providers.count, 1);
    assert_int_equal(settings->clients.count, 1);
}

static void test_a_bad_second_provider_spoils_the_whole(void **state)
{
    (void)state;
    assert_null(read_settings(BASE "providers: {a: {client_id: x}, b: {hidden: x}}\n"));
    assert_int_equal(it.problems.errors, 1);
}

static void test_files_that_cannot_be_read_are_named(void **state)
{
    (void)state;
    assert_null(settings_read("/dev/zero", &it.problems));
    assert_null(settings_read("/none/cardea.yaml", &it.problems));
    assert_string_equal(said(),
                        "/dev/zero: error: this file is no plain file\n"
                        "/none/cardea.yaml: error: this file cannot be read: No such file or "
                        "directory\n");
}

static void assert_cheap(const char *piece, const char *head)
{
    struct buf text = BUF_INIT(NODE_FILE_MAX);
    int64_t begin = spent_ms();

    buf_add_text(&text, head);
    for (unsigned i = 0; text.len + strlen(piece) + 16 < NODE_FILE_MAX; i++) {
        struct slice rest = slice_of(piece);
        struct slice part;

        for (bool first = true; slice_next(&rest, '%', &part); first = false) {
            if (!first)
                buf_add_u64(&text, i);
            buf_add(&text, part);
        }
    }
    it.problems = (struct problems){ .arena = &it.arena };
    assert_null(settings_read_text("c.yaml", buf_slice(&text), &it.problems));
    assert_true(it.problems.errors > 0);
    buf_release(&text);
    if (spent_ms() - begin >= 1000)
        fail_msg("%s took %lld ms", piece, (long long)(spent_ms() - begin));
    if (arena_size(&it.arena) >= 45 * 1024 * 1024)
        fail_msg("%s took %zu bytes", piece, arena_size(&it.arena));
    arena_release(&it.arena);
}

static void test_large_wrong_documents_cost_little(void **state)
{
    (void)state;
    assert_cheap("[", "");
    assert_cheap("a%:\n", "");
    assert_cheap("a%: b\n", "");
    assert_cheap(" p%:\n", "providers:\n");
    assert_cheap(" p%: {x: y}\n", "providers:\n");
    assert_cheap(" c%:\n", "clients:\n");
    assert_cheap(" c%: {a: b}\n", "clients:\n");
    assert_cheap(" - '*'\n", "clients:\n a:\n  redirect_uris:\n");
    assert_cheap(" - javascript:x\n", "clients:\n a:\n  redirect_uris:\n");
    assert_cheap(" - x%\n", "clients:\n a:\n  providers:\n");
    assert_cheap(" - x%\n", "listen:\n");
    assert_cheap(" - 0.0.0.0/0\n", "trusted_proxies:\n");
    assert_cheap(" x%: y\n", "claims:\n");
    assert_cheap(" - codes\n", "clients:\n a:\n  response_types:\n");
    assert_cheap("a%: *b\n", "");
}

/* Where the file is */

static void test_the_file_is_found_in_its_order(void **state)
{
    char before[PATH_MAX];

    (void)state;
    assert_non_null(getcwd(before, sizeof(before)));
    assert_int_equal(chdir(it.folder.path), 0);
    setenv("CARDEA_CONFIG", "/from/environment.yaml", 1);
    assert_string_equal(settings_find(&it.arena, "given.yaml"), "given.yaml");
    assert_string_equal(settings_find(&it.arena, NULL), "/from/environment.yaml");
    setenv("CARDEA_CONFIG", "", 1);
    const char *found = settings_find(&it.arena, NULL);

    assert_true(found == NULL || strcmp(found, "/etc/cardea/cardea.yaml") == 0);
    unsetenv("CARDEA_CONFIG");
    scratch_write(&it.folder, &it.arena, "cardea.yaml", "");
    assert_string_equal(settings_find(&it.arena, NULL), "cardea.yaml");
    assert_int_equal(chdir(before), 0);
}

/* Printing and the schema */

static const char *printed(const struct field *table, const void *target)
{
    buf_reset(&it.said);
    fields_print(table, target, 0, &it.said);
    return arena_string(&it.arena, buf_slice(&it.said));
}

static void test_what_is_printed_can_be_read_and_printed_again(void **state)
{
    (void)state;
    setenv("CARDEA_TEST_VALUE", "hush", 1);
    const struct settings *settings =
        good(BASE "store: redis://me:hushhush@redis:6379/0\n"
                  "trusted_proxies: [10.0.0.0/8]\n"
                  "providers:\n  a:\n    client_id: x\n    client_secret: hushhush\n"
                  "    keys: {k: \"-----BEGIN\\nhush\"}\n    name: A's\n"
                  "    claims: {groups: /orgs}\n    scopes: [a, b]\n    odd: "
                  "\"${env:CARDEA_TEST_VALUE}\"\n" CLIENT SECRET REDIRECT);
    const char *once = printed(settings_table, settings);
    struct settings again = { 0 };

    assert_null(strstr(once, "hush"));
    assert_null(strstr(once, "0123456789abcdef"));
    assert_non_null(strstr(once, "store: \"redis://me:***@redis:6379/0\"\n"));
    assert_non_null(strstr(once, "    claims:\n      groups: /orgs\n"));
    fields_default(settings_table, &again, &it.arena);
    fields_read(settings_table,
                node_read_text("again.yaml", slice_of(once),
                               &(const struct node_options){ .substitute = true }, &it.problems),
                "", &again, &it.problems);
    assert_string_equal(printed(settings_table, &again), once);
}

static void test_the_schema_is_a_schema_of_everything(void **state)
{
    const char *why;

    (void)state;
    json_t *schema =
        json_read_object(&it.arena, settings_schema(&it.arena, NULL), 1024 * 1024, &why);
    const char *provider = "/properties/providers/additionalProperties/additionalProperties";

    assert_non_null(schema);
    assert_true(
        slice_is(json_member(schema, "$schema"), "https://json-schema.org/draft/2020-12/schema"));
    assert_true(json_is_false(json_object_get(schema, "additionalProperties")));
    assert_true(json_is_true(json_at(schema, slice_of(provider))));
    assert_non_null(json_at(schema, SL("/properties/include")));
    json_decref(schema);
    json_t *overrides = json_pack("{s:{s:{s:s}, s:{s:s}}}", "properties", "scopes", "description",
                                  "ours", "client_id", "description", "not this one");

    schema = json_read_object(&it.arena, settings_schema(&it.arena, overrides), 1024 * 1024, &why);
    assert_true(json_is_false(json_at(schema, slice_of(provider))));
    json_t *properties =
        json_at(schema, SL("/properties/providers/additionalProperties/properties"));

    assert_true(slice_is(json_slice(json_at(properties, SL("/scopes/description"))), "ours"));
    assert_true(slice_is(json_slice(json_at(properties, SL("/client_id/description"))),
                         "What the provider knows us by."));
    json_decref(schema);
    json_decref(overrides);
}

/* The reference, config/cardea.yaml */

static const char reference_path[] = SOURCE_DIR "/config/cardea.yaml";

static void supply_secrets(void)
{
    setenv("CARDEA_SECRET", "0123456789abcdef0123456789abcdef", 1);
    setenv("GITHUB_CLIENT_SECRET", "0123456789abcdef0123456789abcdef", 1);
    setenv("GRAFANA_CLIENT_SECRET", "0123456789abcdef0123456789abcdef", 1);
}

static void test_the_reference_is_a_valid_configuration(void **state)
{
    (void)state;
    supply_secrets();
    assert_non_null(settings_read(reference_path, &it.problems));
    assert_string_equal(said(), "");
}

/* Is what the map says of the field its default? Compared as it is printed. */
static bool says_default(const struct field *field, const struct node *map)
{
    struct field alone[] = { *field, FIELD_END };
    char read[1024] = { 0 };
    char standard[1024] = { 0 };
    struct node_member *member = NULL;

    for (size_t i = 0; map->kind == NODE_MAP && i < map->count; i++) {
        if (slice_is(map->members[i].name, field->name))
            member = &map->members[i];
    }
    if (member == NULL)
        return false;
    const struct node one = { .kind = NODE_MAP, .members = member, .count = 1 };

    alone[0].offset = 0;
    alone[0].flags &= ~(unsigned)FIELD_LATER;
    assert_in_range(field->size, 0, sizeof(read));
    fields_default(alone, standard, &it.arena);
    fields_default(alone, read, &it.arena);
    fields_read(alone, &one, "", read, &it.problems);
    return strcmp(printed(alone, read), printed(alone, standard)) == 0;
}

static void assert_covered(const struct field *table, struct node *const *maps, size_t count,
                           const char *where);

/* All maps of that key, or all elements of them. */
static size_t collect(const struct field *field, struct node *const *maps, size_t count,
                      struct node *found[64])
{
    size_t total = 0;

    for (size_t i = 0; i < count; i++) {
        struct node *map = node_get(maps[i], field->name);

        if (field->kind == FIELD_STRUCT && map != NULL)
            found[total++] = map;
        for (size_t j = 0; field->kind == FIELD_MANY && map != NULL && j < map->count; j++)
            found[total++] = map->members[j].value;
    }
    return total;
}

static void assert_field_covered(const struct field *field, struct node *const *maps, size_t count,
                                 const char *where)
{
    struct node *below[64];
    bool is_there = false;
    bool is_default = false;

    for (size_t i = 0; i < count; i++) {
        is_there = is_there || node_get(maps[i], field->name) != NULL;
        is_default = is_default || says_default(field, maps[i]);
    }
    if (!is_there)
        fail_msg("%s.%s does not stand in the reference", where, field->name);
    if (field->otherwise != NULL && !is_default)
        fail_msg("%s.%s has not its default in the reference", where, field->name);
    size_t total = collect(field, maps, count, below);

    if (field->table != NULL && (total > 0 || field->kind == FIELD_STRUCT))
        assert_covered(field->table, below, total, field->name);
}

static void assert_covered(const struct field *table, struct node *const *maps, size_t count,
                           const char *where)
{
    for (const struct field *field = table; field->name != NULL; field++) {
        if (field->kind != FIELD_REST)
            assert_field_covered(field, maps, count, where);
    }
}

static void test_every_key_stands_in_the_reference_with_its_default(void **state)
{
    static const struct node_options options = { .substitute = true };

    (void)state;
    supply_secrets();
    struct node *root = node_read_file(reference_path, &options, &it.problems);

    assert_non_null(root);
    /* The other way round, a key that no table knows, is what settings_read() refuses. */
    assert_covered(settings_table, &root, 1, "");
    assert_string_equal(said(), "");
}

static void test_every_key_is_described(void **state)
{
    (void)state;
    json_t *schema = fields_schema(settings_table);
    char *text = json_dumps(schema, JSON_COMPACT);
    size_t descriptions = 0;
    size_t keys = 0;

    for (const char *at = text; (at = strstr(at, "\"description\":\"")) != NULL; at++)
        descriptions++;
    for (const struct field *const *table =
             (const struct field *const[]){ settings_table, provider_table, client_table, NULL };
         *table != NULL; table++) {
        for (const struct field *field = *table; field->name != NULL; field++) {
            keys++;
            assert_true(field->about != NULL || field->kind == FIELD_REST);
        }
    }
    assert_true(descriptions >= keys - 1);
    free(text);
    json_decref(schema);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_the_smallest_configuration_has_an_issuer_and_a_secret),
        TEST(test_what_is_missing_is_named),
        TEST(test_an_issuer_is_https_or_on_this_machine),
        TEST(test_secrets_have_thirty_two_bytes),
        TEST(test_listeners_are_addresses),
        TEST(test_certificate_and_key_come_together),
        TEST(test_trusting_every_proxy_is_warned_of),
        TEST(test_workers_are_a_number_or_as_many_as_processors),
        TEST(test_the_store_is_of_a_known_kind),
        TEST(test_a_proxy_may_need_a_login),
        TEST(test_numbers_that_are_none_are_refused_everywhere),
        TEST(test_lifetimes_have_sensible_bounds),
        TEST(test_misspelt_keys_and_words_are_recognised),
        TEST(test_a_provider_is_its_plugin_unless_told_otherwise),
        TEST(test_provider_ids_are_safe_in_urls),
        TEST(test_a_plugin_is_named_by_its_id),
        TEST(test_a_simulator_is_on_this_machine),
        TEST(test_who_may_come_in_is_said_in_addresses_and_domains),
        TEST(test_a_client_has_the_defaults_of_rfc_7591_and_ours),
        TEST(test_clients_are_found_by_id),
        TEST(test_a_public_client_has_no_secret_and_another_one_has_one),
        TEST(test_a_public_client_needs_pkce_and_no_client_credentials),
        TEST(test_client_secrets_are_long),
        TEST(test_a_secret_hash_is_one_that_can_be_matched),
        TEST(test_a_code_client_has_redirect_addresses),
        TEST(test_redirect_addresses_that_are_dangerous_are_refused),
        TEST(test_good_redirect_addresses_are_taken),
        TEST(test_id_tokens_are_signed_with_what_we_have_keys_for),
        TEST(test_a_client_names_providers_that_are_there),
        TEST(test_what_oauth_2_1_dropped_needs_to_be_asked_for),
        TEST(test_words_of_clients_are_known),
        TEST(test_origins_scopes_and_claims_are_judged),
        TEST(test_what_is_not_available_yet_is_refused),
        TEST(test_what_is_not_available_yet_may_have_its_default),
        TEST(test_everything_wrong_is_said_in_one_run),
        TEST(test_a_missing_secret_is_one_problem),
        TEST(test_what_an_unreadable_include_may_hold_is_not_missed),
        TEST(test_providers_and_clients_may_stand_in_files_of_their_own),
        TEST(test_a_bad_second_provider_spoils_the_whole),
        TEST(test_files_that_cannot_be_read_are_named),
        TEST(test_large_wrong_documents_cost_little),
        TEST(test_the_file_is_found_in_its_order),
        TEST(test_what_is_printed_can_be_read_and_printed_again),
        TEST(test_the_schema_is_a_schema_of_everything),
        TEST(test_the_reference_is_a_valid_configuration),
        TEST(test_every_key_stands_in_the_reference_with_its_default),
        TEST(test_every_key_is_described),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
