#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "vectors.h"

#include "plugin/description.h"

/* What an OAuth 2 provider must have at least. */
#define BASE                                                                                       \
    "name: Example\n"                                                                              \
    "authorize_url: https://id.test/authorize\n"                                                   \
    "token_url: https://id.test/token\n"                                                           \
    "claims: {sub: /id}\n"

static struct problems problems;

static int set_up(void **state)
{
    (void)state;
    problems = (struct problems){ .arena = &arena };
    return 0;
}

#define DESCRIPTION(function) cmocka_unit_test_setup_teardown(function, set_up, release_arena)

static const char *said(void)
{
    struct buf buf = BUF_INIT(1 << 20);

    problems_write(&problems, &buf);
    const char *text = arena_string(&arena, buf_slice(&buf));

    buf_release(&buf);
    return text;
}

static void assert_said(const char *expected)
{
    if (strstr(said(), expected) == NULL)
        fail_msg("\"%s\" is not in:\n%s", expected, said());
}

static void read_onto(struct description *target, const char *text)
{
    struct node_options options = { 0 };

    description_read(node_read_text("p.yaml", slice_of(text), &options, &problems), "", target,
                     &problems);
}

static struct description reading(const char *text)
{
    struct description description = { 0 };

    fields_default(description_table, &description, &arena);
    read_onto(&description, text);
    return description;
}

static void check(const struct description *description)
{
    description_check(description, (struct mark){ "p.yaml", 1, 1 }, &problems);
}

/* Reads, fills with no parameters and checks: what comes of it. */
static void checking(const char *text)
{
    struct description description;

    problems = (struct problems){ .arena = &arena };
    description = reading(text);
    description_fill(&description, &(struct pairs){ NULL, 0 }, (struct mark){ "p.yaml", 1, 1 },
                     &problems);
    check(&description);
}

static void passes(const char *text)
{
    checking(text);
    if (problems.errors > 0)
        fail_msg("%s\n%s", text, said());
}

static void refuses(const char *text, const char *expected)
{
    checking(text);
    assert_said(expected);
}

/* ---- reading ---- */

static void test_what_is_not_given_is_the_default(void **state)
{
    struct description d = reading("name: Example\n");

    (void)state;
    assert_int_equal(problems.errors, 0);
    assert_int_equal(d.protocol, PROTOCOL_OAUTH2);
    assert_int_equal(d.response_mode, RESPONSE_QUERY);
    assert_int_equal(d.pkce, WORD_YES);
    assert_int_equal(d.token_auth, TOKEN_AUTH_BASIC);
    assert_int_equal(d.token_body, TOKEN_BODY_FORM);
    assert_int_equal(d.token_reply, REPLY_AUTO);
    assert_int_equal(d.token_expiry, EXPIRY_SECONDS);
    assert_int_equal(d.api_token, API_TOKEN_HEADER);
    assert_int_equal(d.email_trust, EMAIL_NEVER);
    assert_int_equal(d.refresh, REFRESH_OPTIONAL);
    assert_int_equal(d.id_token, WORD_YES);
    assert_false(slice_is_set(d.scope_separator));
    assert_int_equal(d.scopes.count, 0);
    assert_int_equal(d.lookups.count, 0);
    assert_int_equal(d.hooks, 0);
}

static void test_words_are_those_of_the_enums(void **state)
{
    struct description d = reading("protocol: oidc\nresponse_mode: form_post\npkce: no\n"
                                   "token_auth: es256_secret\ntoken_body: query\n"
                                   "token_reply: jsonp\nuserinfo_reply: jwt\n"
                                   "token_expiry: unix_ms\napi_token: body\nemail_trust: always\n"
                                   "refresh: no\nid_token: no\nnonce: absent\n");

    (void)state;
    assert_string_equal(said(), "");
    assert_int_equal(d.protocol, PROTOCOL_OIDC);
    assert_int_equal(d.response_mode, RESPONSE_FORM_POST);
    assert_int_equal(d.pkce, WORD_NO);
    assert_int_equal(d.token_auth, TOKEN_AUTH_ES256_SECRET);
    assert_int_equal(d.token_body, TOKEN_BODY_QUERY);
    assert_int_equal(d.token_reply, REPLY_JSONP);
    assert_int_equal(d.userinfo_reply, REPLY_JWT);
    assert_int_equal(d.token_expiry, EXPIRY_UNIX_MS);
    assert_int_equal(d.api_token, API_TOKEN_BODY);
    assert_int_equal(d.email_trust, EMAIL_ALWAYS);
    assert_int_equal(d.refresh, REFRESH_NO);
    assert_int_equal(d.id_token, WORD_NO);
    assert_int_equal(d.nonce, WORD_NO);
}

static void test_lists_maps_lookups_and_parameters_are_read(void **state)
{
    struct description d = reading("scopes: openid email\n"
                                   "claims: {sub: /id, name: '={/a} {/b}'}\n"
                                   "parameters: {tenant: {about: Which., kind: word}}\n"
                                   "lookups:\n"
                                   "  emails: {url: 'https://api.test/emails', first: true}\n"
                                   "  me: {url: 'https://api.test/me', method: POST, body: x}\n");
    const struct description_lookup *lookups = d.lookups.at;
    const struct description_parameter *parameters = d.parameters.at;

    (void)state;
    assert_string_equal(said(), "");
    assert_int_equal(d.scopes.count, 2);
    assert_slice(d.scopes.at[1], "email");
    assert_int_equal(d.claims.count, 2);
    assert_slice(d.claims.at[1].value, "={/a} {/b}");
    assert_int_equal(d.parameters.count, 1);
    assert_slice(parameters[0].named.id, "tenant");
    assert_slice(parameters[0].kind, "word");
    assert_int_equal(d.lookups.count, 2);
    assert_slice(lookups[0].named.id, "emails");
    assert_true(lookups[0].first);
    assert_int_equal(lookups[0].method, 0);
    assert_int_equal(lookups[1].method, 1);
    assert_false(lookups[1].first);
}

static void test_a_misspelt_field_is_told_with_what_was_meant(void **state)
{
    (void)state;
    reading("autorize_url: https://id.test/\n");
    assert_said("p.yaml:1:1:");
    assert_said("authorize_url");
}

static void test_an_override_goes_on_top_and_merges_maps(void **state)
{
    struct description d = reading(BASE "scopes: [a, b]\nauthorize_params: {x: '1', y: '2'}\n");

    (void)state;
    read_onto(&d, "scopes: [c]\nclaims: {name: /login}\nauthorize_params: {y: ''}\n");
    assert_string_equal(said(), "");
    assert_int_equal(d.scopes.count, 1);
    assert_slice(d.scopes.at[0], "c");
    assert_int_equal(d.claims.count, 2);
    assert_int_equal(d.authorize_params.count, 1);
    assert_slice(d.authorize_params.at[0].name, "x");
    assert_slice(d.token_url, "https://id.test/token");
}

/* ---- parameters ---- */

static struct description filling(const char *text, const struct pair *given, size_t count)
{
    struct pairs pairs = { (struct pair *)(uintptr_t)given, count };
    struct description description;

    problems = (struct problems){ .arena = &arena };
    description = reading(text);
    description_fill(&description, &pairs, (struct mark){ "c.yaml", 7, 3 }, &problems);
    return description;
}

#define WITH_TENANT                                                                                \
    "parameters: {tenant: {about: Which tenant., otherwise: common, kind: word}}\n"                \
    "authorize_url: https://{tenant}.id.test/{tenant}?x={state}\n"                                 \
    "scopes: ['api://{tenant}/read']\n"                                                            \
    "token_params: {resource: '{tenant}'}\n"                                                       \
    "lookups: {me: {url: 'https://{tenant}.id.test/me', params: {t: '{tenant}'}, "                 \
    "headers: {X-T: '{tenant}'}, body: '{\"t\":\"{tenant}\"}'}}\n"

static void test_a_parameter_is_filled_in_everywhere(void **state)
{
    const struct pair given = { SLICE("tenant"), SLICE("t-1") };
    struct description d = filling(WITH_TENANT, &given, 1);
    const struct description_lookup *lookup = d.lookups.at;

    (void)state;
    assert_string_equal(said(), "");
    assert_slice(d.authorize_url, "https://t-1.id.test/t-1?x={state}");
    assert_slice(d.scopes.at[0], "api://t-1/read");
    assert_slice(d.token_params.at[0].value, "t-1");
    assert_slice(lookup->url, "https://t-1.id.test/me");
    assert_slice(lookup->params.at[0].value, "t-1");
    assert_slice(lookup->headers.at[0].value, "t-1");
    assert_slice(lookup->body, "{\"t\":\"t-1\"}");
    assert_int_equal(d.values.count, 1);
    assert_slice(d.values.at[0].value, "t-1");
}

static void test_a_parameter_that_is_not_given_has_its_default(void **state)
{
    struct description d = filling(WITH_TENANT, NULL, 0);

    (void)state;
    assert_string_equal(said(), "");
    assert_slice(d.token_params.at[0].value, "common");
}

static void test_a_parameter_that_must_be_given_is_missed_with_its_words(void **state)
{
    (void)state;
    filling("parameters: {host: {about: Your server.}}\n", NULL, 0);
    assert_said("c.yaml:7:3: error: parameter `host` is missing: Your server.");
}

static void test_a_parameter_nobody_declared_is_told_with_what_was_meant(void **state)
{
    const struct pair given = { SLICE("tenent"), SLICE("x") };

    (void)state;
    filling(WITH_TENANT, &given, 1);
    assert_said("this plugin has no parameter `tenent`; did you mean `tenant`?");
}

static void test_a_description_that_declares_none_takes_any_parameter(void **state)
{
    const struct pair given = { SLICE("shop"), SLICE("x") };
    struct description d = filling("token_url: https://{shop}.test/token\n", &given, 1);

    (void)state;
    assert_string_equal(said(), "");
    assert_slice(d.token_url, "https://x.test/token");
}

struct value {
    const char *kind;
    const char *value;
    bool good;
};

/* What an operator writes ends in URLs that get a secret. */
static void test_a_parameter_is_what_its_kind_says(void **state)
{
    static const struct value values[] = {
        { "host", "id.example.com", true },
        { "host", "id.example.com:8443", true },
        { "host", "[2001:db8::1]", true },
        { "host", "evil.test/", false },
        { "host", "user@evil.test", false },
        { "host", "a.test?x", false },
        { "host", "a.test#x", false },
        { "host", "a test", false },
        { "host", "", false },
        { "host", "a.test/path", false },
        { "", "a.test/path", false },
        { "word", "contoso-1_x.y", true },
        { "word", "a/b", false },
        { "word", "a@b", false },
        { "word", "", false },
        { "word", "..", false },
        { "word", ".", false },
        { "word", "..x", true },
        { "segment", "a.b~c@d:e", true },
        { "segment", "..", false },
        { "segment", ".", false },
        { "segment", "a/b", false },
        { "segment", "a%2fb", false },
        { "url", "https://a.test/x", true },
        { "url", "http://localhost/x", true },
        { "url", "http://a.test/x", false },
        { "url", "ftp://a.test/x", false },
        { "text", "any thing: \xc3\xa4", true },
        { "text", "two\nlines", false },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        struct pair given = { SLICE("p"), slice_of(values[i].value) };

        filling(
            arena_printf(&arena, "parameters: {p: {about: x, kind: '%s'}}\n", values[i].kind).at,
            &given, 1);
        if ((strstr(said(), "parameter `p` ") == NULL) != values[i].good)
            fail_msg("%s of kind %s: %s", values[i].value, values[i].kind, said());
        problems = (struct problems){ .arena = &arena };
    }
}

static void test_a_parameter_may_be_one_of_a_few_words_only(void **state)
{
    const char *text = "parameters: {region: {about: x, kind: word, values: eu us}}\n";
    struct pair given = { SLICE("region"), SLICE("eu") };

    (void)state;
    filling(text, &given, 1);
    assert_string_equal(said(), "");
    given.value = SL("e");
    filling(text, &given, 1);
    assert_said("is not one of the values it can have");
}

static void test_a_parameters_value_is_not_filled_in_turn(void **state)
{
    const struct pair given[] = { { SLICE("a"), SLICE("{b}") }, { SLICE("b"), SLICE("x") } };
    struct description d = filling("api_base: https://id.test/{a}\n", given, 2);

    (void)state;
    assert_slice(d.api_base, "https://id.test/{b}");
}

/* ---- checks ---- */

static void test_what_each_protocol_needs_is_missed(void **state)
{
    (void)state;
    passes(BASE);
    refuses("name: x\n", "`authorize_url` is missing");
    refuses("name: x\n", "`token_url` is missing");
    refuses("authorize_url: https://a.test/\ntoken_url: https://a.test/\n",
            "`claims` has no `sub`");
    refuses("protocol: oidc\n", "`issuer` is missing");
    passes("protocol: oidc\nissuer: https://id.test\n");
    refuses("protocol: oidc\nissuer: https://id.test\nauthorize_url: https://id.test/a\n",
            "`jwks_url` is missing: without discovery");
    refuses("protocol: oauth1\n" BASE, "`request_token_url` is missing");
}

static void test_a_hook_may_say_who_the_person_is(void **state)
{
    struct description d =
        reading("name: x\nauthorize_url: https://a.test/\ntoken_url: https://a.test/\n");

    (void)state;
    d.hooks = 1U << HOOK_map_profile;
    assert_true(description_has_hook(&d, HOOK_map_profile));
    assert_false(description_has_hook(&d, HOOK_fetch_more));
    check(&d);
    assert_string_equal(said(), "");
}

static void test_endpoints_are_https_but_on_loopback(void **state)
{
    (void)state;
    passes(BASE "userinfo_url: http://127.0.0.1:9000/me\n");
    refuses(BASE "userinfo_url: http://id.test/me\n", "is http on another machine: use https");
    refuses(BASE "revoke_url: javascript:alert(1)\n", "`revoke_url: javascript:alert(1)`");
    refuses(BASE "lookups: {a: {url: 'http://id.test/a'}}\n", "use https");
}

static void test_an_endpoint_is_judged_again_when_its_parameters_are_in(void **state)
{
    (void)state;
    refuses(BASE "parameters: {base: {about: x, kind: text, otherwise: 'http://id.test'}}\n"
                 "userinfo_url: '{base}/me'\n",
            "`http://id.test/me` is no https URL");
    refuses(BASE "parameters: {base: {about: x, kind: text, otherwise: 'http://id.test'}}\n"
                 "lookups: {a: {url: '{base}/a'}}\n",
            "`http://id.test/a` is no https URL");
}

static void test_placeholders_must_be_known(void **state)
{
    (void)state;
    passes(BASE "api_params: {a: '{client_id}', b: '{token:/x}', c: '{/id}', d: '{1:/x}'}\n");
    passes(BASE "lookups: {me: {url: 'https://a.test/{userinfo:/id}'}}\n"
                "api_params: {a: '{me:/x}'}\n");
    refuses(BASE "api_params: {a: '{tenant}'}\n",
            "`{tenant}` has a placeholder that nothing fills: `tenant` at character 2");
    refuses(BASE "api_params: {a: '{you:/x}'}\n", "reads a source that is not there: `you`");
    refuses(BASE "lookups: {a: {url: 'https://a.test/{who}'}}\n", "nothing fills: `who`");
}

static void test_claim_paths_must_be_followable(void **state)
{
    (void)state;
    refuses("name: x\nauthorize_url: https://a.test/\ntoken_url: https://a.test/\n"
            "claims: {sub: 'id'}\n",
            "claim `sub`: a claim path begins with");
    refuses("name: x\nauthorize_url: https://a.test/\ntoken_url: https://a.test/\n"
            "claims: {sub: 'emails:/0'}\n",
            "claim `sub`: reads a source that is not there: `emails` at character 1");
}

static void test_a_colour_is_six_hexadecimal_digits(void **state)
{
    (void)state;
    passes(BASE "color: '#24292f'\n");
    refuses(BASE "color: '#24292g'\n", "`color` is written #rrggbb");
    refuses(BASE "color: '24292ff'\n", "`color` is written #rrggbb");
    refuses(BASE "color: '#abc'\n", "`color` is written #rrggbb");
    refuses(BASE "color: red\n", "`color` is written #rrggbb");
}

static void test_a_mark_has_nothing_that_runs_or_refers(void **state)
{
    static const char *const bad[] = { "<svg x><script>1</script></svg>",
                                       "<svg x><a xlink:href='x'/></svg>",
                                       "<svg x onload='x'/>",
                                       "<svg x><foreignObject/></svg>",
                                       "<svg x style='fill:url(http://x)'/>",
                                       "<svg x><!ENTITY a 'b'></svg>",
                                       "<svg x><use/></svg>",
                                       "<svg x><image/></svg>",
                                       "<svg x><style/></svg>",
                                       "<html><svg ></svg></html>" };

    (void)state;
    passes(BASE "mark: '<svg viewBox=\"0 0 1 1\"><path d=\"M0 0\"/></svg>'\n");
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        refuses(arena_printf(&arena, BASE "mark: \"%s\"\n", bad[i]).at, "`mark` ");
}

/* ---- where hooks may go ---- */

static void allows(const struct description *description, const char *url, bool expected)
{
    if (description_allows_url(description, slice_of(url)) != expected)
        fail_msg("%s: %s", url, expected ? "refused" : "allowed");
}

static void test_calls_go_to_the_hosts_of_the_description(void **state)
{
    struct description d = reading(BASE "userinfo_url: https://api.test:8443/me\n"
                                        "api_hosts: [files.test]\n"
                                        "lookups: {me: {url: 'https://more.test/me'}}\n");

    (void)state;
    assert_string_equal(said(), "");
    allows(&d, "https://id.test/anything?x=1", true);
    allows(&d, "https://ID.TEST/", true);
    allows(&d, "https://api.test:8443/other", true);
    allows(&d, "https://files.test/x", true);
    allows(&d, "https://more.test/x", true);
}

static void test_calls_go_nowhere_else(void **state)
{
    struct description d = reading(BASE "userinfo_url: https://api.test:8443/me\n"
                                        "api_hosts: [files.test]\n");

    (void)state;
    allows(&d, "https://evil.test/", false);
    allows(&d, "https://id.test.evil.test/", false);
    allows(&d, "https://xid.test/", false);
    allows(&d, "https://id.test:444/", false);
    allows(&d, "https://api.test/", false);
    allows(&d, "http://id.test/", false);
    allows(&d, "http://id.test:443/", false);
    allows(&d, "https://files.test:444/", false);
    allows(&d, "https://id.test@evil.test/", false);
    allows(&d, "https://evil.test\\@id.test/", false);
    allows(&d, "id.test/", false);
    allows(&d, "", false);
}

static void test_an_endpoint_with_placeholders_opens_no_host(void **state)
{
    struct description d = reading(BASE "userinfo_url: 'https://{userinfo:/host}/me'\n");

    (void)state;
    allows(&d, "https://{userinfo:/host}/me", false);
    allows(&d, "https://anything.test/me", false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        DESCRIPTION(test_what_is_not_given_is_the_default),
        DESCRIPTION(test_words_are_those_of_the_enums),
        DESCRIPTION(test_lists_maps_lookups_and_parameters_are_read),
        DESCRIPTION(test_a_misspelt_field_is_told_with_what_was_meant),
        DESCRIPTION(test_an_override_goes_on_top_and_merges_maps),
        DESCRIPTION(test_a_parameter_is_filled_in_everywhere),
        DESCRIPTION(test_a_parameter_that_is_not_given_has_its_default),
        DESCRIPTION(test_a_parameter_that_must_be_given_is_missed_with_its_words),
        DESCRIPTION(test_a_parameter_nobody_declared_is_told_with_what_was_meant),
        DESCRIPTION(test_a_description_that_declares_none_takes_any_parameter),
        DESCRIPTION(test_a_parameter_is_what_its_kind_says),
        DESCRIPTION(test_a_parameter_may_be_one_of_a_few_words_only),
        DESCRIPTION(test_a_parameters_value_is_not_filled_in_turn),
        DESCRIPTION(test_what_each_protocol_needs_is_missed),
        DESCRIPTION(test_a_hook_may_say_who_the_person_is),
        DESCRIPTION(test_endpoints_are_https_but_on_loopback),
        DESCRIPTION(test_an_endpoint_is_judged_again_when_its_parameters_are_in),
        DESCRIPTION(test_placeholders_must_be_known),
        DESCRIPTION(test_claim_paths_must_be_followable),
        DESCRIPTION(test_a_colour_is_six_hexadecimal_digits),
        DESCRIPTION(test_a_mark_has_nothing_that_runs_or_refers),
        DESCRIPTION(test_calls_go_to_the_hosts_of_the_description),
        DESCRIPTION(test_calls_go_nowhere_else),
        DESCRIPTION(test_an_endpoint_with_placeholders_opens_no_host),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
