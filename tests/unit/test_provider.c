#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "vectors.h"

#include "base/log.h"
#include "crypto/jwk.h"
#include "plugin/provider.h"

#include <openssl/pem.h>

#define HUB                                                                                        \
    "issuer: https://id.example.com\n"                                                             \
    "secrets: [0123456789abcdef0123456789abcdef]\n"

/* What the jail tells of two plugins. */
#define PLUGINS                                                                                    \
    "[{'file':'/p/octo.so','providers':[{'id':'octo','name':'Octo','hooks':['map_profile',"        \
    "'unheard_of'],'authorize_url':'https://octo.test/authorize',"                                 \
    "'token_url':'https://octo.test/token','console_url':'https://octo.test/apps',"                \
    "'scopes':'user','claims':{'sub':'/id','name':'/name'}}]},"                                    \
    "{'file':'/p/many.so','providers':[{'id':'one','authorize_url':'https://one.test/a',"          \
    "'token_url':'https://{host}/t','token_auth':'none','claims':{'sub':'/id'},"                   \
    "'parameters':{'host':{'about':'The server.'}}},"                                              \
    "{'id':'two','token_auth':'private_key_jwt','authorize_url':'https://a.test',"                 \
    "'token_url':'https://a.test','claims':{'sub':'/id'}},"                                        \
    "{'id':'apple','token_auth':'es256_secret','issuer':'https://a.test','protocol':'oidc',"       \
    "'parameters':{'team_id':{'about':'The team.','kind':'word'}}}]}]"

struct bound {
    struct problems problems;
    struct providers providers;
    struct quarantine quarantines[8];
    json_t *plugins;
};

static struct bound it;

static int set_up(void **state)
{
    (void)state;
    it = (struct bound){ .problems.arena = &arena };
    log_configure(LEVEL_AUDIT, FORMAT_JSON);
    return 0;
}

static int tear_down(void **state)
{
    json_decref(it.plugins);
    return release_arena(state);
}

#define PROVIDER(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

static const char *said(void)
{
    struct buf buf = BUF_INIT(1 << 20);

    problems_write(&it.problems, &buf);
    const char *text = arena_string(&arena, buf_slice(&buf));

    buf_release(&buf);
    return text;
}

static void assert_said(const char *expected)
{
    if (strstr(said(), expected) == NULL)
        fail_msg("\"%s\" is not in:\n%s", expected, said());
}

static void bind_with(const char *providers, const char *plugins)
{
    char *json = arena_string(&arena, slice_of(plugins));
    const char *text = arena_printf(&arena, HUB "providers:\n%s", providers).at;

    for (char *quote = json; (quote = strchr(quote, '\'')) != NULL; quote++)
        *quote = '"';
    it.plugins = from_json(json);
    const struct settings *settings = settings_read_text("c.yaml", slice_of(text), &it.problems);

    if (settings == NULL)
        fail_msg("%s", said());
    providers_bind(&it.providers, settings, it.plugins, it.quarantines, &it.problems);
}

static const struct description *binding(const char *providers)
{
    bind_with(providers, PLUGINS);
    return &it.providers.at[0].description;
}

static void test_a_provider_is_bound_to_the_plugin_of_its_id(void **state)
{
    const struct description *d = binding("  octo: {client_id: a, client_secret: b}\n");

    (void)state;
    assert_string_equal(said(), "");
    assert_slice(d->name, "Octo");
    assert_slice(d->token_url, "https://octo.test/token");
    assert_int_equal(d->hooks, 1U << HOOK_map_profile);
    assert_string_equal(it.providers.at[0].file, "/p/octo.so");
    assert_slice(it.providers.at[0].plugin_id, "octo");
    assert_ptr_equal(it.providers.at[0].quarantine, &it.quarantines[0]);
}

static void test_several_providers_may_be_bound_to_one_plugin(void **state)
{
    (void)state;
    binding("  a: {plugin: octo, client_id: a, client_secret: b, scopes: [x]}\n"
            "  b: {plugin: octo, client_id: a, client_secret: b, name: Other}\n");
    assert_string_equal(said(), "");
    assert_int_equal(it.providers.count, 2);
    assert_slice(it.providers.at[0].description.scopes.at[0], "x");
    assert_slice(it.providers.at[1].description.scopes.at[0], "user");
    assert_slice(it.providers.at[0].description.name, "Octo");
    assert_slice(it.providers.at[1].description.name, "Other");
    assert_int_equal(it.providers.at[1].index, 1);
    assert_ptr_equal(providers_find(&it.providers, SL("b")), &it.providers.at[1]);
    assert_null(providers_find(&it.providers, SL("octo")));
    assert_null(providers_find(&it.providers, slice_none()));
}

static void test_overrides_replace_fields_and_merge_the_claim_map(void **state)
{
    const struct description *d = binding("  octo: {client_id: a, client_secret: b, "
                                          "token_url: 'https://else.test/t', "
                                          "claims: {groups: /orgs, name: ''}}\n");

    (void)state;
    assert_string_equal(said(), "");
    assert_slice(d->token_url, "https://else.test/t");
    assert_slice(d->authorize_url, "https://octo.test/authorize");
    assert_int_equal(d->claims.count, 2);
    assert_slice(d->claims.at[0].name, "sub");
    assert_slice(d->claims.at[1].name, "groups");
}

static void test_the_built_in_ones_are_described_in_the_configuration(void **state)
{
    const struct description *d =
        binding("  company: {plugin: oidc, client_id: a, client_secret: b, "
                "issuer: 'https://id.company.test'}\n"
                "  old: {plugin: oauth2, client_id: a, client_secret: b, claims: {sub: /id}, "
                "authorize_url: 'https://old.test/a', token_url: 'https://old.test/t'}\n");

    (void)state;
    assert_string_equal(said(), "");
    assert_int_equal(d->protocol, PROTOCOL_OIDC);
    assert_slice(d->name, "company");
    assert_null(it.providers.at[0].file);
    assert_false(slice_is_set(it.providers.at[0].plugin_id));
    assert_int_equal(it.providers.at[1].description.protocol, PROTOCOL_OAUTH2);
}

static void test_an_unknown_plugin_is_told_with_what_was_meant(void **state)
{
    (void)state;
    binding("  github: {plugin: octa, client_id: a, client_secret: b}\n");
    assert_said("c.yaml:4:3: error: there is no plugin `octa` (did you mean `octo`?)");
    assert_said("`cardea plugin list` shows them");
}

static void test_a_misspelt_field_is_told_where_it_stands(void **state)
{
    (void)state;
    binding("  octo:\n    client_id: a\n    client_secret: b\n    scope: [x]\n");
    assert_said("c.yaml:7:5: error: ");
    assert_said("`scopes`");
}

static void test_parameters_come_from_the_configuration(void **state)
{
    const struct description *d = binding("  one: {client_id: a, parameters: {host: 'x.test'}}\n");

    (void)state;
    assert_string_equal(said(), "");
    assert_slice(d->token_url, "https://x.test/t");
    assert_slice(it.providers.at[0].plugin_id, "one");
}

static void test_a_missing_parameter_is_told(void **state)
{
    (void)state;
    binding("  one: {client_id: a}\n");
    assert_said("parameter `host` is missing: The server.");
}

static void test_missing_credentials_are_told_with_where_to_get_them(void **state)
{
    (void)state;
    binding("  octo: {}\n");
    assert_said("provider `octo` has no `client_id`; register an app at https://octo.test/apps");
    assert_said("provider `octo` has no `client_secret`");
}

/* A key in PEM, indented as the block of a configuration. */
static const char *pem_of(enum jws_alg alg)
{
    struct jwk key = { 0 };
    BIO *bio = BIO_new(BIO_s_mem());
    char *text;
    struct buf out = BUF_INIT(8192);
    struct slice line;

    assert_true(jwk_generate(&arena, alg, &key));
    assert_int_equal(PEM_write_bio_PrivateKey(bio, key.key, NULL, NULL, 0, NULL, NULL), 1);
    struct slice pem = slice_make(NULL, (size_t)BIO_get_mem_data(bio, &text));

    pem.at = text;
    while (slice_next(&pem, '\n', &line))
        buf_printf(&out, "        %.*s\n", SLICE_ARG(line));
    const char *indented = arena_string(&arena, buf_slice(&out));

    buf_release(&out);
    BIO_free(bio);
    jwk_release(&key);
    return indented;
}

static void bind_anew(const char *text)
{
    it.problems = (struct problems){ .arena = &arena };
    json_decref(it.plugins);
    binding(text);
}

static void bind_with_key(const char *head, const char *key)
{
    bind_anew(arena_printf(&arena, "%s    keys:\n      client: |\n%s", head, key).at);
}

static void test_who_signs_its_token_requests_needs_a_key(void **state)
{
    (void)state;
    binding("  two: {client_id: a}\n");
    assert_said(
        "c.yaml:4:3: error: provider `two` wants `token_auth: private_key_jwt`, which needs "
        "a private key: `keys: {client: \"${file:PATH}\"}`");
    bind_with_key("  two:\n    client_id: a\n", pem_of(ALG_RS256));
    assert_string_equal(said(), "");
    bind_with_key("  two:\n    client_id: a\n", pem_of(ALG_EDDSA));
    assert_string_equal(said(), "");
    bind_with_key("  two:\n    client_id: a\n", "        no key\n");
    assert_said("the key `client` of provider `two` is no private key in PEM");
}

#define OLD                                                                                        \
    "  old:\n    plugin: oauth1\n    client_id: a\n    claims: {sub: /id}\n"                       \
    "    request_token_url: 'https://a.test/1'\n    authorize_url: 'https://a.test/2'\n"           \
    "    token_url: 'https://a.test/3'\n"

static void test_oauth1_needs_its_endpoints_and_a_secret(void **state)
{
    (void)state;
    bind_anew(OLD);
    assert_said("provider `old` has no `client_secret`");
    bind_anew(OLD "    client_secret: b\n");
    assert_string_equal(said(), "");
    assert_int_equal(it.providers.at[0].description.protocol, PROTOCOL_OAUTH1);
    bind_anew("  old: {plugin: oauth1, client_id: a, client_secret: b, claims: {sub: /id}, "
              "authorize_url: 'https://a.test/2', token_url: 'https://a.test/3'}\n");
    assert_said("`request_token_url` is missing");
}

static void test_who_signs_by_rsa_in_oauth1_needs_such_a_key(void **state)
{
    (void)state;
    bind_anew(OLD "    oauth1_signature: RSA-SHA1\n");
    assert_said("wants `oauth1_signature: RSA-SHA1`, which needs a private key: "
                "`keys: {client: \"${file:PATH}\"}` with an RSA key in PEM");
    bind_with_key(OLD "    oauth1_signature: RSA-SHA1\n", pem_of(ALG_RS256));
    assert_string_equal(said(), "");
    bind_with_key(OLD "    oauth1_signature: RSA-SHA256\n", pem_of(ALG_ES256));
    assert_said("is no RSA key, by which the RSA methods sign");
}

static void test_the_key_fits_the_algorithm_that_is_named(void **state)
{
    (void)state;
    bind_with_key("  two:\n    client_id: a\n    client_jwt: {alg: PS256}\n", pem_of(ALG_RS256));
    assert_string_equal(said(), "");
    bind_with_key("  two:\n    client_id: a\n    client_jwt: {alg: ES256}\n", pem_of(ALG_ES256));
    assert_string_equal(said(), "");
    bind_with_key("  two:\n    client_id: a\n    client_jwt: {alg: ES384}\n", pem_of(ALG_ES256));
    assert_said("is of another kind than the algorithm that `client_jwt` names");
    bind_with_key("  two:\n    client_id: a\n    client_jwt: {alg: PS256}\n", pem_of(ALG_ES256));
    assert_said("is of another kind than the algorithm that `client_jwt` names");
    bind_with_key("  two:\n    client_id: a\n    client_jwt: {alg: RS265}\n", pem_of(ALG_RS256));
    assert_said("which nobody knows");
}

static void test_a_signed_secret_needs_a_team_a_key_id_and_a_p256_key(void **state)
{
    static const char head[] = "  apple:\n    client_id: a\n"
                               "    parameters: {team_id: TEAM}\n    client_jwt: {kid: KEY}\n";

    (void)state;
    binding("  apple: {client_id: a, parameters: {team_id: TEAM}}\n");
    assert_said("with a P-256 key in PEM");
    assert_said("needs the parameter `key_id`: the identifier that the provider gave to the key");
    assert_null(strstr(said(), "`team_id`"));
    bind_with_key(head, pem_of(ALG_ES256));
    assert_string_equal(said(), "");
    bind_with_key(head, pem_of(ALG_RS256));
    assert_said("the key `client` of provider `apple` is no P-256 key, by which ES256 signs");
    bind_with_key(head, pem_of(ALG_ES384));
    assert_said("is no P-256 key");
}

static void test_a_secret_that_signs_tokens_is_long_enough(void **state)
{
    (void)state;
    binding("  line: {plugin: oidc, client_id: a, client_secret: 0123456789abcdef0123456789abcdef, "
            "issuer: 'https://a.test', id_token_algs: [ES256, HS256]}\n");
    assert_string_equal(said(), "");
    json_decref(it.plugins);
    binding("  line: {plugin: oidc, client_id: a, client_secret: 0123456789abcdef0123456789abcde, "
            "issuer: 'https://a.test', id_token_algs: [ES256, HS256]}\n");
    assert_said("the ID tokens of provider `line` are signed with the client secret");
    assert_said("must have 32 bytes or more; it has 31");
}

static void test_signed_userinfo_needs_a_key_set(void **state)
{
    (void)state;
    binding("  one: {client_id: a, parameters: {host: a.test}, userinfo_reply: jwt}\n");
    assert_said("`jwks_url` is missing: a signed userinfo reply is verified by the keys there");
    it.problems = (struct problems){ .arena = &arena };
    json_decref(it.plugins);
    binding("  one: {client_id: a, parameters: {host: a.test}, userinfo_reply: jwt, "
            "jwks_url: 'https://a.test/keys'}\n");
    assert_string_equal(said(), "");
}

static void test_a_fault_in_a_plugin_is_told_with_its_file(void **state)
{
    (void)state;
    bind_with("  bad: {client_id: a, client_secret: b}\n",
              "[{'file':'/p/bad.so','providers':[{'id':'bad','protocol':'oauth3',"
              "'authorize_url':'https://a.test','token_url':'https://a.test',"
              "'claims':{'sub':'/id'}}]}]");
    assert_said("/p/bad.so: error: ");
    assert_said("oauth3");
}

/* The jail is not believed. */
static void test_nonsense_from_the_jail_is_no_plugin(void **state)
{
    static const char *const nonsense[] = {
        "[]",
        "[7,'x',null]",
        "[{'file':'/p/x.so'}]",
        "[{'file':'/p/x.so','providers':7}]",
        "[{'file':'/p/x.so','providers':[7,{},{'id':7},{'name':'octo'}]}]",
        "[{'providers':[{'id':'octo'}]}]",
        "[{'file':'/p/x.so','providers':[{'id':'octo','hooks':7}]}]",
        "[{'file':'/p/x.so','providers':[{'id':'octo','claims':7,'lookups':[1]}]}]",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(nonsense) / sizeof(nonsense[0]); i++) {
        it.problems = (struct problems){ .arena = &arena };
        bind_with("  octo: {client_id: a, client_secret: b}\n", nonsense[i]);
        assert_true(it.problems.errors > 0);
        json_decref(it.plugins);
        it.plugins = NULL;
    }
}

static void test_a_url_goes_to_the_provider_itself(void **state)
{
    (void)state;
    binding("  octo: {client_id: a, client_secret: b}\n");
    assert_slice(provider_url(&arena, &it.providers.at[0], SL("https://octo.test/t?x=1")),
                 "https://octo.test/t?x=1");
}

static void test_a_url_goes_to_the_simulator_when_there_is_one(void **state)
{
    const struct provider *provider = NULL;

    (void)state;
    binding("  hub: {plugin: octo, client_id: a, client_secret: b, "
            "simulator: 'http://127.0.0.1:9000/sim'}\n");
    assert_string_equal(said(), "");
    provider = &it.providers.at[0];
    assert_slice(provider_url(&arena, provider, SL("https://octo.test/t?x=1")),
                 "http://127.0.0.1:9000/sim/octo/octo.test/t?x=1");
    assert_slice(provider_url(&arena, provider, SL("https://octo.test:8443/")),
                 "http://127.0.0.1:9000/sim/octo/octo.test:8443/");
    assert_slice(provider_url(&arena, provider, SL("https://octo.test")),
                 "http://127.0.0.1:9000/sim/octo/octo.test");
    assert_slice(provider_url(&arena, provider, SL("https://octo.test?x=1")),
                 "http://127.0.0.1:9000/sim/octo/octo.test?x=1");
    assert_slice(provider_url(&arena, provider, SL("no url")), "no url");
}

static void is_own(const char *url, bool expected)
{
    if (provider_url_is_own(&it.providers.at[0], slice_of(url)) != expected)
        fail_msg("%s: %d", url, !expected);
}

static void test_inner_addresses_are_for_hosts_that_the_operator_wrote(void **state)
{
    (void)state;
    binding("  octo: {client_id: a, client_secret: b, token_url: 'https://inner.corp:8443/t'}\n");
    is_own("https://inner.corp:8443/else?x", true);
    is_own("https://INNER.corp:8443/", true);
    is_own("https://inner.corp/", false);
    is_own("https://inner.corp.evil.test:8443/", false);
    is_own("https://octo.test/token", false); /* the plugin's own */
    is_own("nonsense", false);
}

static void test_inner_addresses_are_for_the_simulator_itself(void **state)
{
    (void)state;
    binding("  octo: {client_id: a, client_secret: b, simulator: 'http://127.0.0.1:900'}\n");
    is_own("http://127.0.0.1:900/octo/octo.test/token", true);
    is_own("http://127.0.0.1:9000/octo/octo.test/token", false);
    is_own("http://127.0.0.1:900@10.0.0.1/", false);
    is_own("http://127.0.0.1/", false);
}

static void test_a_simulator_without_port_is_not_the_beginning_of_another_host(void **state)
{
    (void)state;
    binding("  octo: {client_id: a, client_secret: b, simulator: 'http://localhost'}\n");
    is_own("http://localhost/octo/octo.test/token", true);
    is_own("http://localhost.evil.test/x", false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        PROVIDER(test_a_provider_is_bound_to_the_plugin_of_its_id),
        PROVIDER(test_several_providers_may_be_bound_to_one_plugin),
        PROVIDER(test_overrides_replace_fields_and_merge_the_claim_map),
        PROVIDER(test_the_built_in_ones_are_described_in_the_configuration),
        PROVIDER(test_an_unknown_plugin_is_told_with_what_was_meant),
        PROVIDER(test_a_misspelt_field_is_told_where_it_stands),
        PROVIDER(test_parameters_come_from_the_configuration),
        PROVIDER(test_a_missing_parameter_is_told),
        PROVIDER(test_missing_credentials_are_told_with_where_to_get_them),
        PROVIDER(test_oauth1_needs_its_endpoints_and_a_secret),
        PROVIDER(test_who_signs_by_rsa_in_oauth1_needs_such_a_key),
        PROVIDER(test_who_signs_its_token_requests_needs_a_key),
        PROVIDER(test_the_key_fits_the_algorithm_that_is_named),
        PROVIDER(test_a_signed_secret_needs_a_team_a_key_id_and_a_p256_key),
        PROVIDER(test_a_secret_that_signs_tokens_is_long_enough),
        PROVIDER(test_signed_userinfo_needs_a_key_set),
        PROVIDER(test_a_fault_in_a_plugin_is_told_with_its_file),
        PROVIDER(test_nonsense_from_the_jail_is_no_plugin),
        PROVIDER(test_a_url_goes_to_the_provider_itself),
        PROVIDER(test_a_url_goes_to_the_simulator_when_there_is_one),
        PROVIDER(test_inner_addresses_are_for_hosts_that_the_operator_wrote),
        PROVIDER(test_inner_addresses_are_for_the_simulator_itself),
        PROVIDER(test_a_simulator_without_port_is_not_the_beginning_of_another_host),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
