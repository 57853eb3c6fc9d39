#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "scratch_folder.h"

#include "kit/case.h"

/* The least a case has. */
#define LEAST                                                                                      \
    "about: a login\n"                                                                             \
    "config: {client_id: app}\n"                                                                   \
    "callback: {code: c0de}\n"                                                                     \
    "profile: {sub: '1'}\n"

struct fixture {
    struct scratch_folder folder;
    struct arena arena;
    struct problems problems;
    struct kit_cases cases;
    struct buf said;
};

static struct fixture it;

static int begin(void **state)
{
    (void)state;
    it = (struct fixture){ .said = BUF_INIT(64 * 1024) };
    it.problems.arena = &it.arena;
    scratch_make(&it.folder);
    return 0;
}

static int end(void **state)
{
    (void)state;
    scratch_remove(&it.folder);
    kit_cases_release(&it.cases);
    buf_release(&it.said);
    arena_release(&it.arena);
    return 0;
}

#define CASE(function) cmocka_unit_test_setup_teardown(function, begin, end)

static void write_file(const char *name, const char *text)
{
    scratch_write(&it.folder, &it.arena, name, text);
}

static const char *read_folder(void)
{
    kit_cases_release(&it.cases);
    it.problems = (struct problems){ .arena = &it.arena };
    buf_reset(&it.said);
    kit_cases_read(&it.cases, it.folder.path, &it.problems);
    problems_write(&it.problems, &it.said);
    return buf_slice(&it.said).at;
}

/* One case of the least and that. */
static const struct kit_case *good(const char *more)
{
    write_file("login.yaml", arena_printf(&it.arena, LEAST "%s", more).at);
    assert_string_equal(read_folder(), "");
    assert_int_equal(it.cases.count, 1);
    return &it.cases.at[0];
}

static void refused(const char *text, const char *sentence)
{
    write_file("login.yaml", text);
    if (strstr(read_folder(), sentence) == NULL)
        fail_msg("\"%s\" is not in:\n%s", sentence, buf_slice(&it.said).at);
}

static void refused_with(const char *more, const char *sentence)
{
    refused(arena_printf(&it.arena, LEAST "%s", more).at, sentence);
}

static void assert_text(struct slice s, const char *expected)
{
    assert_true(slice_is_set(s));
    assert_string_equal(arena_string(&it.arena, s), expected);
}

/* ---- what is read ---- */

static void test_everything_a_case_can_say_is_read(void **state)
{
    (void)state;
    const struct kit_case *it_says =
        good("authorize: {url: https://p.test/a, query: {scope: user, prompt: ~}, fragment: x}\n"
             "exchanges:\n"
             "- request: POST https://p.test/t\n"
             "  query: {a: b}\n"
             "  form: {code: c0de, secret: ~}\n"
             "  headers: {Accept: text/plain}\n"
             "  answer: {status: 201, type: text/html, headers: {X-Y: z}, body: {a: [1]}}\n"
             "- request: PUT https://p.test/t\n"
             "  json: {n: 7}\n"
             "  answer: {body: hello}\n"
             "id_token: {email: a@b.test}\n"
             "id_token_alg: ES256\n"
             "tokens: {access_token: a, refresh_token: ~}\n"
             "fails: access_denied\n"
             "said: {code: e, text: t}\n");
    const struct kit_exchange *first = &it_says->exchanges[0];

    assert_text(it_says->name, "login");
    assert_text(it_says->about, "a login");
    assert_text(kit_text(it_says->config, "client_id"), "app");
    assert_text(kit_text(it_says->authorize, "fragment"), "x");
    assert_text(it_says->fails, "access_denied");
    assert_text(it_says->id_token_alg, "ES256");
    assert_int_equal(it_says->exchange_count, 2);
    assert_text(first->method, "POST");
    assert_text(first->url, "https://p.test/t");
    assert_int_equal(first->status, 201);
    assert_text(first->type, "text/html");
    assert_text(kit_text(first->query, "a"), "b");
    assert_text(kit_text(first->answer_headers, "X-Y"), "z");
    assert_int_equal(first->body->kind, NODE_MAP);
    assert_int_equal(it_says->exchanges[1].status, 200);
    assert_text(kit_text(it_says->exchanges[1].json, "n"), "7");
    assert_null(it_says->exchanges[1].form);
}

static void test_cases_come_in_the_order_of_their_names(void **state)
{
    (void)state;
    write_file("zebra.yaml", LEAST);
    write_file("ant.yaml", LEAST);
    write_file("mole.yaml", LEAST);
    assert_string_equal(read_folder(), "");
    assert_int_equal(it.cases.count, 3);
    assert_text(it.cases.at[0].name, "ant");
    assert_text(it.cases.at[1].name, "mole");
    assert_text(it.cases.at[2].name, "zebra");
}

static void test_other_files_and_hidden_ones_are_let_alone(void **state)
{
    (void)state;
    write_file("notes.txt", "{{{");
    write_file(".hidden.yaml", "{{{");
    write_file("case.yaml~", "{{{");
    assert_string_equal(read_folder(), "");
    assert_int_equal(it.cases.count, 0);
}

static void test_what_the_provider_file_says_goes_for_all_cases(void **state)
{
    (void)state;
    write_file("provider.yaml", "discovery: {issuer: https://p.test, n: 1}\nid_token_alg: EdDSA\n");
    write_file("own.yaml", LEAST "id_token_alg: RS256\n");
    write_file("plain.yaml", LEAST);
    assert_string_equal(read_folder(), "");
    assert_int_equal(it.cases.count, 2);
    assert_text(it.cases.at[0].id_token_alg, "RS256");
    assert_text(it.cases.at[1].id_token_alg, "EdDSA");
    assert_int_equal(json_array_size(it.cases.discovery), 1);
    assert_int_equal(
        json_integer_value(json_object_get(json_array_get(it.cases.discovery, 0), "n")), 1);
    write_file("provider.yaml", "discovery: [{issuer: https://a.test}, {issuer: https://b.test}]");
    assert_string_equal(read_folder(), "");
    assert_int_equal(json_array_size(it.cases.discovery), 2);
}

/* ---- what is refused: a case that says something else than its author thinks checks nothing ----
 */

static void test_a_folder_that_is_not_there_is_said(void **state)
{
    (void)state;
    kit_cases_read(&it.cases, "/nowhere/cases", &it.problems);
    assert_int_equal(it.problems.errors, 1);
    assert_int_equal(it.cases.count, 0);
}

static void test_what_every_case_needs_is_missed(void **state)
{
    (void)state;
    refused("config: {a: b}\ncallback: {}\nfails: x\n", "`about` is missing");
    refused("about: x\ncallback: {}\nfails: x\n", "`config` is missing");
    refused("about: x\nconfig: {}\nfails: x\n", "either a `callback`, a `refresh` or a `revoke`");
    refused_with("refresh: {refresh_token: r}\n", "either a `callback`, a `refresh` or a `revoke`");
    refused_with("revoke: {refresh_token: r}\n", "either a `callback`, a `refresh` or a `revoke`");
    refused("about: x\nconfig: {}\ncallback: {}\n", "what must come of it");
    refused("", "`about` is missing");
}

static void test_a_misspelt_key_is_named_wherever_it_stands(void **state)
{
    (void)state;
    refused_with("profil: {}\n",
                 "login.yaml:5:1: error: unknown key `profil`; did you mean `profile`?");
    refused_with("authorize: {qery: {}}\n", "unknown key `qery`; did you mean `query`?");
    refused_with("said: {cod: x}\n", "unknown key `cod`; did you mean `code`?");
    refused_with("exchanges:\n- request: GET https://p.test/\n  from: {}\n  answer: {}\n",
                 "unknown key `from`");
    refused_with("exchanges:\n- request: GET https://p.test/\n  answer: {stats: 200}\n",
                 "unknown key `stats`; did you mean `status`?");
    refused("about: x\nconfig: {}\nrefresh: {token: r}\ntokens: {}\n", "unknown key `token`");
    write_file("login.yaml", LEAST);
    write_file("provider.yaml", "discovry: {}\n");
    assert_non_null(strstr(read_folder(), "unknown key `discovry`; did you mean `discovery`?"));
}

static void test_a_member_of_another_kind_is_refused(void **state)
{
    (void)state;
    refused_with("authorize: https://p.test\n", "`authorize` is a map");
    refused_with("tokens: [a]\n", "`tokens` is a map");
    refused_with("exchanges: {}\n", "`exchanges` is a list");
    refused_with("fails: [a]\n", "`fails` is a text");
    refused_with("authorize: {query: [a]}\n", "`query` is a map");
    refused_with("exchanges: [a]\n", "an exchange is a map");
    refused("- a\n", "a case is a map");
    refused("a\n", "a case is a map");
}

static void test_the_parts_of_an_exchange_are_maps_of_texts(void **state)
{
    static const char *const parts[] = { "query", "form", "json", "headers" };

    (void)state;
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        const char *head = "exchanges:\n- request: GET https://p.test/\n  answer: {}\n";

        refused_with(arena_printf(&it.arena, "%s  %s: [a, b]\n", head, parts[i]).at, "is a map");
        refused_with(arena_printf(&it.arena, "%s  %s: a\n", head, parts[i]).at, "is a map");
        refused_with(arena_printf(&it.arena, "%s  %s: {a: [b]}\n", head, parts[i]).at,
                     "`a` is a text");
        good(arena_printf(&it.arena, "%s  %s:\n", head, parts[i]).at);
    }
    refused_with("exchanges:\n- request: GET https://p.test/\n  answer: {headers: [a]}\n",
                 "`headers` is a map");
    refused_with("exchanges:\n- request: GET https://p.test/\n  answer: {headers: {a: {}}}\n",
                 "`a` is a text");
    refused("about: x\nconfig: {}\ncallback: {code: [x]}\nfails: x\n", "`code` is a text");
    refused("about: x\nconfig: {}\nrevoke: {sub: [x]}\n", "`sub` is a text");
    refused("about: x\nconfig: {}\nrevoke: {callback: [x]}\n", "`callback` is a map");
    refused("about: x\nconfig: {}\nrefresh: {callback: {a: []}}\ntokens: {}\n", "`a` is a text");
}

static void test_a_request_is_a_method_and_a_url(void **state)
{
    static const char *const wrong[] = {
        "https://p.test/",         "GET",  "GET p.test", "GET ftp://p.test/",
        "GET https://p.test/?a=b", "\"\"", "[]"
    };

    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        refused_with(
            arena_printf(&it.arena, "exchanges:\n- request: %s\n  answer: {}\n", wrong[i]).at,
            "`request` is a method and a URL");
    refused_with("exchanges:\n- answer: {}\n", "`request` is a method and a URL");
}

static void test_an_exchange_has_an_answer_with_a_status(void **state)
{
    static const char *const wrong[] = { "99", "600", "abc", "-200", "200.5" };

    (void)state;
    refused_with("exchanges:\n- request: GET https://p.test/\n", "needs an `answer`");
    refused_with("exchanges:\n- request: GET https://p.test/\n  answer: ok\n", "needs an `answer`");
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        refused_with(arena_printf(&it.arena,
                                  "exchanges:\n- request: GET https://p.test/\n"
                                  "  answer: {status: %s}\n",
                                  wrong[i])
                         .at,
                     "`status` is a number from 100 to 599");
}

static void test_there_is_an_end_to_exchanges(void **state)
{
    struct buf text = BUF_INIT(64 * 1024);

    (void)state;
    buf_add_text(&text, "exchanges:\n");
    for (int i = 0; i < 32; i++)
        buf_add_text(&text, "- request: GET https://p.test/\n  answer: {}\n");
    assert_int_equal(good(buf_slice(&text).at)->exchange_count, 32);
    buf_add_text(&text, "- request: GET https://p.test/\n  answer: {}\n");
    refused_with(buf_slice(&text).at, "more than 32 exchanges");
    buf_release(&text);
}

static void test_one_bad_file_does_not_hide_the_others(void **state)
{
    (void)state;
    write_file("a.yaml", "{{{");
    write_file("b.yaml", LEAST);
    read_folder();
    assert_true(it.problems.errors > 0);
    assert_int_equal(it.cases.count, 1);
    assert_text(it.cases.at[0].name, "b");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_everything_a_case_can_say_is_read),
        CASE(test_cases_come_in_the_order_of_their_names),
        CASE(test_other_files_and_hidden_ones_are_let_alone),
        CASE(test_what_the_provider_file_says_goes_for_all_cases),
        CASE(test_a_folder_that_is_not_there_is_said),
        CASE(test_what_every_case_needs_is_missed),
        CASE(test_a_misspelt_key_is_named_wherever_it_stands),
        CASE(test_a_member_of_another_kind_is_refused),
        CASE(test_the_parts_of_an_exchange_are_maps_of_texts),
        CASE(test_a_request_is_a_method_and_a_url),
        CASE(test_an_exchange_has_an_answer_with_a_status),
        CASE(test_there_is_an_end_to_exchanges),
        CASE(test_one_bad_file_does_not_hide_the_others),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
