#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "vectors.h"

#include "plugin/template.h"

/* The documents of a login. */
struct documents {
    json_t *userinfo;
    json_t *token;
    json_t *emails;
};

static struct documents documents;
static struct slice long_value;

static struct slice named(void *context, struct slice name)
{
    (void)context;
    if (slice_is(name, "client_id"))
        return SL("a b/c");
    if (slice_is(name, "brace"))
        return SL("{client_id}");
    if (slice_is(name, "long"))
        return long_value;
    return slice_is(name, "empty") ? SL("") : slice_none();
}

static const json_t *document(void *context, struct slice source)
{
    const struct documents *all = context;

    if (!slice_is_set(source) || slice_is(source, "userinfo"))
        return all->userinfo;
    if (slice_is(source, "token"))
        return all->token;
    return slice_is(source, "emails") ? all->emails : NULL;
}

static const struct template_values values = { named, document, &documents, NULL };

static int set_up(void **state)
{
    (void)state;
    documents.userinfo = from_json("{\"first\":\"Mona\",\"last\":\"Lisa\",\"id\":7,\"null\":null,"
                                   "\"empty\":\"\",\"no\":false,\"list\":[1],\"pic\":\"x\"}");
    documents.token = from_json("{\"user\":{\"id\":42},\"a/b\":\"slash\"}");
    documents.emails = from_json("[{\"email\":\"b@x\",\"primary\":false},"
                                 "{\"email\":\"a@x\",\"primary\":true}]");
    return 0;
}

static int tear_down(void **state)
{
    json_decref(documents.userinfo);
    json_decref(documents.token);
    json_decref(documents.emails);
    return release_arena(state);
}

#define FILLED(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

static void fills(const char *text, const char *expected, size_t missing)
{
    size_t missed = 99;

    assert_slice(template_fill(&arena, slice_of(text), &values, ESCAPE_NOTHING, &missed), expected);
    if (missed != missing)
        fail_msg("%s: %zu missing", text, missed);
}

static void test_names_stand_for_their_values(void **state)
{
    (void)state;
    fills("no placeholder", "no placeholder", 0);
    fills("{client_id}", "a b/c", 0);
    fills("x{client_id}y{client_id}", "xa b/cya b/c", 0);
    fills("", "", 0);
}

static void test_paths_stand_for_what_is_there(void **state)
{
    (void)state;
    fills("{/first} {/last}", "Mona Lisa", 0);
    fills("{userinfo:/id}", "7", 0);
    fills("{token:/user/id}", "42", 0);
    fills("{token:/a~1b}", "slash", 0);
    fills("{emails:/[primary]/email}", "a@x", 0);
    fills("{/no}", "false", 0);
}

static void test_what_is_not_there_is_counted(void **state)
{
    (void)state;
    fills("<{unknown}>", "<>", 1);
    fills("<{empty}{/empty}{/null}{/missing}{nobody:/x}>", "<>", 5);
    fills("{/list}", "", 1); /* no text */
}

static void test_braces_that_hold_no_name_are_plain(void **state)
{
    (void)state;
    fills("{\"query\": \"{ viewer { id } }\"}", "{\"query\": \"{ viewer { id } }\"}", 0);
    fills("{}", "{}", 0);
    fills("{", "{", 0);
    fills("}{", "}{", 0);
    fills("{client id}", "{client id}", 0);
    fills("{a:b}", "{a:b}", 0);
    fills("{client_id", "{client_id", 0);
    fills("{x{client_id}}", "{xa b/c}", 0);
}

static void test_a_doubled_brace_is_one(void **state)
{
    (void)state;
    fills("{{client_id}}", "{client_id}}", 0);
    fills("{{{client_id}", "{a b/c", 0);
    fills("{{{{", "{{", 0);
    fills("a{{", "a{", 0);
}

static void test_a_value_is_not_searched_again(void **state)
{
    (void)state;
    fills("{brace}", "{client_id}", 0);
}

static void test_in_a_url_values_are_percent_encoded_and_the_text_is_not(void **state)
{
    (void)state;
    assert_slice(template_fill(&arena, SL("https://x/%41?q={client_id}&r={/first}"), &values,
                               ESCAPE_ALL, NULL),
                 "https://x/%41?q=a%20b%2Fc&r=Mona");
}

static void test_a_text_that_grows_too_long_is_empty_and_counts_as_missing(void **state)
{
    size_t missing;

    (void)state;
    long_value =
        slice_make(memset(arena_alloc(&arena, TEMPLATE_MAX), 'v', TEMPLATE_MAX), TEMPLATE_MAX);
    assert_int_equal(template_fill(&arena, SL("{long}"), &values, ESCAPE_NOTHING, &missing).len,
                     TEMPLATE_MAX);
    assert_int_equal(missing, 0);
    assert_slice(template_fill(&arena, SL("x{long}"), &values, ESCAPE_NOTHING, &missing), "");
    assert_int_equal(missing, 1);
    assert_slice(template_fill(&arena, SL("x{long}{client_id}"), &values, ESCAPE_ALL, &missing),
                 "");
    assert_int_equal(missing, 1);
}

static void test_known_names_are_filled_and_the_rest_is_left(void **state)
{
    (void)state;
    assert_slice(template_fill_known(&arena, SL("{client_id}.{other}.{/first}.{{x}}"), named, NULL),
                 "a b/c.{other}.{/first}.{{x}}");
    assert_slice(template_fill_known(&arena, SL("{brace}{empty}"), named, NULL), "{client_id}");
    assert_false(slice_is_set(template_fill_known(&arena, slice_none(), named, NULL)));
}

static void test_known_names_that_would_make_a_text_too_long_are_left(void **state)
{
    (void)state;
    long_value =
        slice_make(memset(arena_alloc(&arena, TEMPLATE_MAX), 'v', TEMPLATE_MAX), TEMPLATE_MAX);
    assert_slice(template_fill_known(&arena, SL("x{long}{client_id}"), named, NULL),
                 "x{long}{client_id}");
}

static bool exists(const void *context, struct slice source, struct slice name)
{
    (void)context;
    if (slice_is_set(source))
        return slice_is(source, "token") || slice_is(source, "emails");
    return slice_is(name, "client_id");
}

static void test_a_sound_text_passes_the_check(void **state)
{
    static const char *const good[] = { "",
                                        "plain",
                                        "{client_id}",
                                        "{/a/b}",
                                        "{token:/a}",
                                        "{\"a\":{\"b\":1}}",
                                        "{{anything}}",
                                        "{ no name }" };

    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        if (template_check(slice_of(good[i]), exists, NULL).text != NULL)
            fail_msg("%s", good[i]);
    }
    assert_null(template_check(slice_none(), exists, NULL).text);
}

/* What is wrong with a text, and where. */
static void refused(const char *text, const char *expected)
{
    struct template_fault fault = template_check(slice_of(text), exists, NULL);

    assert_non_null(fault.text);
    const char *said = template_fault_text(&arena, &fault, slice_of(text)).at;

    if (strstr(said, expected) == NULL)
        fail_msg("%s: %s", text, said);
}

static void test_a_placeholder_that_nothing_fills_is_named(void **state)
{
    (void)state;
    refused("{client_id}{tenant}",
            "has a placeholder that nothing fills: `tenant` at character 13");
    refused("{tokens:/a}", "reads a source that is not there: `tokens` at character 2");
}

static void test_a_broken_path_in_a_placeholder_is_told(void **state)
{
    (void)state;
    refused("x{/a~2}", ": `/a~2` at character 3");
    refused("{token:/[x}", ": `/[x` at character 8");
}

/* What a path gives, as JSON; "(none)" when nothing. */
static void follows(const char *path, const char *expected)
{
    json_t *value = claim_path_follow(&arena, slice_of(path), &values);
    struct buf out = BUF_INIT(4096);

    if (value != NULL)
        buf_add_json_value(&out, value);
    else
        buf_add_text(&out, "(none)");
    json_decref(value);
    const char *found = arena_string(&arena, buf_slice(&out));

    buf_release(&out);
    assert_string_equal(found, expected);
}

static void test_a_claim_path_gives_json(void **state)
{
    (void)state;
    follows("/first", "\"Mona\"");
    follows("/id", "7");
    follows("/no", "false");
    follows("/list", "[1]");
    follows("token:/user", "{\"id\":42}");
    follows("emails:/0/email", "\"b@x\"");
}

static void test_the_first_alternative_that_is_something_counts(void **state)
{
    (void)state;
    follows("/missing | /null|/empty | /last", "\"Lisa\"");
    follows("nobody:/x | emails:/[primary]/email | /first", "\"a@x\"");
    follows("/null | /empty", "(none)");
    follows("", "(none)");
    follows("first | /last", "\"Lisa\"");
}

static void test_a_composed_claim_needs_one_of_its_parts(void **state)
{
    (void)state;
    follows("={/first} {/last}", "\"Mona Lisa\"");
    follows("={/first} {/missing}", "\"Mona\"");
    follows("={/missing} {/null}", "(none)");
    follows("=", "(none)");
    follows("=constant", "\"constant\"");
}

static void test_a_composed_url_needs_all_of_its_parts(void **state)
{
    (void)state;
    follows("=https://cdn/{/id}/{/pic}.png", "\"https://cdn/7/x.png\"");
    follows("=https://cdn/{/id}/{/missing}.png", "(none)");
    follows("=https://cdn/{client_id}.png", "\"https://cdn/a%20b/c.png\"");
}

static void test_a_text_may_be_the_last_alternative(void **state)
{
    (void)state;
    follows("/missing | ={/first} {/last}", "\"Mona Lisa\"");
    follows("/first | ={/last}", "\"Mona\"");
    follows("/missing|=a | b", "\"a | b\"");
    follows("/missing | /null | = {/missing}", "(none)");
}

static void test_a_filter_changes_what_was_found(void **state)
{
    (void)state;
    follows("/id > text", "\"7\"");
    follows("/first > lower", "\"mona\"");
    follows("/first > lower > replace(o,u)", "\"muna\"");
    follows("/list > text | /last", "\"Lisa\"");
    follows("/first>lower|/last", "\"mona\"");
    follows("emails:/[primary]/email > before(@) | /first", "\"a\"");
    follows("/missing > lower", "(none)");
    follows("/first > nonsense", "(none)");
}

static void test_a_bar_in_the_parentheses_of_a_filter_is_no_alternative(void **state)
{
    (void)state;
    follows("/missing > before(|) | /first", "\"Mona\"");
    follows("/first > replace(o,|)", "\"M|na\"");
}

static void test_placeholders_have_filters_and_alternatives_too(void **state)
{
    (void)state;
    fills("{/first > lower}", "mona", 0);
    fills("{client_id > before(/)}", "a b", 0);
    fills("{client_id>after(/)}", "c", 0);
    fills("{/missing | /last > lower}", "lisa", 0);
    fills("{token:/user/id > map(42=the answer)}", "the answer", 0);
    fills("<{/first > number}>", "<>", 1);
    fills("{client_id > nonsense}", "", 1);
    fills("{ a > b }", "{ a > b }", 0);
    fills("{a b > c}", "{a b > c}", 0);
}

static void test_a_parameter_may_have_filters(void **state)
{
    (void)state;
    assert_slice(template_fill_known(&arena, SL("https://{client_id > after(/)}.x/{other > lower}"),
                                     named, NULL),
                 "https://c.x/{other > lower}");
    assert_slice(template_fill_known(&arena, SL("{/client_id > lower}"), named, NULL),
                 "{/client_id > lower}");
}

static void test_a_url_in_front_of_a_url_is_taken_as_it_is(void **state)
{
    size_t missing;

    (void)state;
    long_value = SL("https://eu.api.test/v1");
    assert_slice(template_fill(&arena, SL("{long}/me?x={long}"), &values, ESCAPE_ALL, &missing),
                 "https://eu.api.test/v1/me?x=https%3A%2F%2Feu.api.test%2Fv1");
    assert_int_equal(missing, 0);
}

static void test_what_is_no_safe_url_is_none_in_front_of_one(void **state)
{
    static const char *const bad[] = { "http://api.test",     "eu.api.test",  "https://a.test/?x",
                                       "https://a.test/#x",   "javascript:x", "//a.test",
                                       "https://u@a.test/",   "https://a b/", "",
                                       "https://a.test/\r\nX" };
    size_t missing;

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        long_value = slice_of(bad[i]);
        struct slice filled = template_fill(&arena, SL("{long}/me"), &values, ESCAPE_ALL, &missing);

        if (!slice_is(filled, "/me") || missing != 1)
            fail_msg("%s", bad[i]);
    }
}

static void test_a_sound_claim_path_passes_the_check(void **state)
{
    static const char *const good[] = { "/a",
                                        "/a/0/[x=y]/z",
                                        "token:/a | /b",
                                        "=plain",
                                        "={/a} {client_id}",
                                        "/",
                                        "/a > lower",
                                        "/a>lower>text | token:/b > tail",
                                        "/a > split(|) | ={/b > lower} | x > y",
                                        "/a > when(token:/kind=user)",
                                        "=x > {client_id > lower}" };

    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        if (claim_path_check(slice_of(good[i]), exists, NULL).text != NULL)
            fail_msg("%s", good[i]);
    }
}

static void not_a_path(const char *path, const char *expected)
{
    struct template_fault fault = claim_path_check(slice_of(path), exists, NULL);

    if (fault.text == NULL)
        fail_msg("%s", path);
    const char *said = template_fault_text(&arena, &fault, slice_of(path)).at;

    if (strstr(said, expected) == NULL)
        fail_msg("%s: %s", path, said);
}

static void test_a_filter_that_cannot_work_is_told_with_its_place(void **state)
{
    (void)state;
    not_a_path("/a > tial", "there is no such filter: `tial` at character 6; did you mean `tail`?");
    not_a_path("/a | /b > date", "needs something in parentheses: `date` at character 11");
    not_a_path("/a > date()", "needs something in parentheses");
    not_a_path("/a > lower(x)", "takes nothing in parentheses: `lower` at character 6");
    not_a_path("/a > date(MM/YY)", "a date is written with YYYY, MM or M, and DD or D");
    not_a_path("/a > format(YY)", "a time is written with YYYY");
    not_a_path("/a > format(hh, somewhere)", "a time is written with YYYY");
    not_a_path("/a > format(, +08:00)", "a time is written with YYYY");
    not_a_path("/a > at(x)", "a path begins with");
    not_a_path("/a > map(1)", "pairs are written");
    not_a_path("/a > replace(x)", "what is replaced");
    not_a_path("/a > when(x)", "a condition is a path");
    not_a_path("/a > when(mail:/x)", "reads a source that is not there");
    not_a_path("/a >", "a filter is written");
    not_a_path("/a > > lower", "a filter is written");
    not_a_path("/a > lower text", "a filter is written \"> name\" or \"> name(...)\": `text`");
    not_a_path("/a > before(x", "a filter is written");
    not_a_path("/a > Lower", "a filter is written");
    not_a_path("/a > text > text > text > text > text > text > text > text > text",
               "one filter too many");
    not_a_path("={/a > lwer}",
               "there is no such filter: `lwer` at character 8; did you mean `lower`?");
    not_a_path("/x | ={client_id > lower | /a}", "a name has no alternatives");
}

static void test_a_claim_path_that_cannot_work_fails_the_check(void **state)
{
    static const char *const bad[] = {
        "a", "a/b",  "a b/c",    "/a | b",          "/a |",        "/a~", "/[=x]", "={nobody}", "",
        " ", "| /a", "/a || /b", "/a | = {nobody}", "/a |=x > {y}"
    };

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        if (claim_path_check(slice_of(bad[i]), exists, NULL).text == NULL)
            fail_msg("%s", bad[i]);
    }
    not_a_path("/a | mail:/x", "reads a source that is not there: `mail` at character 6");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FILLED(test_names_stand_for_their_values),
        FILLED(test_paths_stand_for_what_is_there),
        FILLED(test_what_is_not_there_is_counted),
        FILLED(test_braces_that_hold_no_name_are_plain),
        FILLED(test_a_doubled_brace_is_one),
        FILLED(test_a_value_is_not_searched_again),
        FILLED(test_in_a_url_values_are_percent_encoded_and_the_text_is_not),
        FILLED(test_a_text_that_grows_too_long_is_empty_and_counts_as_missing),
        FILLED(test_known_names_are_filled_and_the_rest_is_left),
        FILLED(test_known_names_that_would_make_a_text_too_long_are_left),
        TEST(test_a_sound_text_passes_the_check),
        TEST(test_a_placeholder_that_nothing_fills_is_named),
        TEST(test_a_broken_path_in_a_placeholder_is_told),
        FILLED(test_a_claim_path_gives_json),
        FILLED(test_the_first_alternative_that_is_something_counts),
        FILLED(test_a_composed_claim_needs_one_of_its_parts),
        FILLED(test_a_composed_url_needs_all_of_its_parts),
        FILLED(test_a_text_may_be_the_last_alternative),
        FILLED(test_a_filter_changes_what_was_found),
        FILLED(test_a_bar_in_the_parentheses_of_a_filter_is_no_alternative),
        FILLED(test_placeholders_have_filters_and_alternatives_too),
        FILLED(test_a_parameter_may_have_filters),
        FILLED(test_a_url_in_front_of_a_url_is_taken_as_it_is),
        FILLED(test_what_is_no_safe_url_is_none_in_front_of_one),
        FILLED(test_a_filter_that_cannot_work_is_told_with_its_place),
        TEST(test_a_sound_claim_path_passes_the_check),
        TEST(test_a_claim_path_that_cannot_work_fails_the_check),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
