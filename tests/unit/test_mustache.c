#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "vectors.h"

#include "hub/mustache.h"

struct text {
    const char *name;
    const char *text;
};

/* Parts and texts of the catalogue; the name NULL ends each. */
struct site {
    const struct text *parts;
    const struct text *texts;
};

static struct slice find(const struct text *list, struct slice name)
{
    for (; list != NULL && list->name != NULL; list++) {
        if (slice_is(name, list->name))
            return slice_of(list->text);
    }
    return slice_none();
}

static struct slice find_part(void *context, struct slice name)
{
    return find(((const struct site *)context)->parts, name);
}

static struct slice find_text(void *context, struct slice id)
{
    return find(((const struct site *)context)->texts, id);
}

static const char *render_with(const struct site *site, const char *template, const char *data)
{
    struct mustache_source source = { find_part, find_text, (void *)(uintptr_t)site };
    struct buf out = BUF_INIT(1 << 20);
    json_t *json = from_json(data);

    mustache_render(slice_of(template), json, &source, &out);
    assert_true(buf_ok(&out));
    json_decref(json);
    const char *text = arena_string(&arena, buf_slice(&out));

    buf_release(&out);
    return text;
}

static void renders(const char *template, const char *data, const char *expected)
{
    static const struct site none = { NULL, NULL };
    size_t at;

    assert_null(mustache_check(slice_of(template), &at));
    assert_string_equal(render_with(&none, template, data), expected);
}

static void test_a_value_stands_where_its_name_stood(void **state)
{
    (void)state;
    renders("Hello {{name}}, {{ n }}!", "{\"name\":\"Mona\",\"n\":7}", "Hello Mona, 7!");
    renders("<{{nothing}}{{null}}{{yes}}{{list}}{{map}}{{real}}>",
            "{\"null\":null,\"yes\":true,\"list\":[1],\"map\":{},\"real\":1.5}", "<>");
    renders("", "{}", "");
    renders("no tag } {", "{}", "no tag } {");
}

static void test_every_value_is_escaped(void **state)
{
    (void)state;
    renders("<a title=\"{{x}}\">{{x}}</a>", "{\"x\":\"<i> & \\\"it's\\\" {{x}}\"}",
            "<a title=\"&lt;i&gt; &amp; &quot;it&#39;s&quot; {{x}}\">"
            "&lt;i&gt; &amp; &quot;it&#39;s&quot; {{x}}</a>");
}

static void test_names_with_dots_lead_into_objects(void **state)
{
    (void)state;
    renders("{{a.b.c}}|{{a.x.c}}|{{a..b}}|{{a.b}}", "{\"a\":{\"b\":{\"c\":\"deep\"}}}", "deep|||");
}

static void test_a_section_stands_once_when_its_value_is_true(void **state)
{
    (void)state;
    renders("{{#a}}A{{/a}}{{#b}}B{{/b}}{{#c}}C{{/c}}{{#d}}D{{/d}}{{#e}}E{{/e}}{{#f}}F{{/f}}",
            "{\"a\":true,\"b\":false,\"c\":\"x\",\"d\":\"\",\"e\":null,\"f\":0}", "ACF");
}

static void test_an_inverted_section_stands_when_its_value_is_not(void **state)
{
    (void)state;
    renders("{{^a}}A{{/a}}{{^b}}B{{/b}}{{^c}}C{{/c}}{{^d}}D{{/d}}",
            "{\"a\":true,\"b\":false,\"c\":[]}", "BCD");
}

static void test_a_section_stands_for_each_element(void **state)
{
    (void)state;
    renders("{{#l}}<{{n}}{{m}}>{{/l}}", "{\"m\":\"!\",\"l\":[{\"n\":1},{\"n\":2,\"m\":\"?\"}]}",
            "<1!><2?>");
    renders("{{#l}}{{.}},{{/l}}", "{\"l\":[\"a\",2,\"<\"]}", "a,2,&lt;,");
    renders("{{#l}}x{{/l}}", "{\"l\":[]}", "");
}

static void test_inside_a_section_names_are_looked_up_there_first(void **state)
{
    (void)state;
    renders("{{#in}}{{a}}{{b}}{{#in2}}{{a}}{{b}}{{c}}{{/in2}}{{/in}}{{a}}",
            "{\"a\":\"1\",\"b\":\"2\",\"in\":{\"a\":\"3\",\"in2\":{\"c\":\"4\",\"b\":\"5\"}}}",
            "323541");
}

static void test_sections_of_one_name_may_stand_inside_each_other(void **state)
{
    (void)state;
    renders("{{#a}}[{{#a}}x{{/a}}{{^a}}y{{/a}}]{{/a}}.", "{\"a\":true}", "[x].");
}

static void test_a_comment_leaves_nothing(void **state)
{
    (void)state;
    renders("a{{! anything: > # { }}b{{!}}", "{}", "ab");
}

static void test_parts_and_texts_are_put_in_and_filled(void **state)
{
    static const struct text parts[] = { { "head", "<h1>{{title}}</h1>{{t.hi}}" }, { NULL, NULL } };
    static const struct text texts[] = { { "hi", "Hi {{name}} & co" }, { NULL, NULL } };
    static const struct site site = { parts, texts };

    (void)state;
    assert_string_equal(render_with(&site, "{{>head}}{{> nobody }}{{t.nobody}}.",
                                    "{\"title\":\"<T>\",\"name\":\"<M>\"}"),
                        "<h1>&lt;T&gt;</h1>Hi &lt;M&gt; & co.");
}

/* NOLINTBEGIN(misc-misleading-bidirectional): such texts are what is tested. */
static void test_what_stands_in_a_text_cannot_turn_it_round(void **state)
{
    static const struct text texts[] = { { "who", "You are {{name}}." }, { NULL, NULL } };
    static const struct site site = { NULL, texts };
    static const struct {
        const char *name;
        const char *expected;
    } names[] = {
        { "Zo\u00eb", "You are Zo\u00eb." },
        { "\u05d0\u05d1", "You are \342\201\250\u05d0\u05d1\342\201\251." },
        { "\342\200\256gro.live", "You are \342\201\250gro.live\342\201\251." },
        { "a\342\201\251b\342\201\246<", "You are \342\201\250ab&lt;\342\201\251." },
        { "\342\201\247", "You are \342\201\250\342\201\251." },
        { "O\u2019Brien \u5c0f \U0001f600", "You are O\u2019Brien \u5c0f \U0001f600." },
        { "\U0001e900", "You are \342\201\250\U0001e900\342\201\251." },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        json_t *data = json_pack("{s:s}", "name", names[i].name);
        char *json = json_dumps(data, 0);

        assert_string_equal(render_with(&site, "{{t.who}}", json), names[i].expected);
        free(json);
        json_decref(data);
    }
    /* A value by itself is nobody's sentence, and maybe a field of a form. */
    assert_string_equal(render_with(&site, "{{name}}", "{\"name\": \"\\u202ea\"}"),
                        "\342\200\256a");
}
/* NOLINTEND(misc-misleading-bidirectional) */

static void test_a_text_in_a_section_sees_the_element(void **state)
{
    static const struct text texts[] = { { "each", "{{n}};" }, { NULL, NULL } };
    static const struct site site = { NULL, texts };

    (void)state;
    assert_string_equal(
        render_with(&site, "{{#l}}{{t.each}}{{/l}}", "{\"l\":[{\"n\":1},{\"n\":2}]}"), "1;2;");
}

static void test_parts_that_name_themselves_come_to_an_end(void **state)
{
    static const struct text parts[] = { { "loop", "x{{>loop}}" }, { NULL, NULL } };
    static const struct text texts[] = { { "bomb", "{{t.bomb}}{{t.bomb}}{{t.bomb}}{{t.bomb}}" },
                                         { NULL, NULL } };
    static const struct site site = { parts, texts };
    clock_t began = clock();

    (void)state;
    assert_true(strlen(render_with(&site, "{{>loop}}", "{}")) < 100);
    assert_string_equal(render_with(&site, "{{t.bomb}}", "{}"), "");
    assert_true(clock() - began < 5 * CLOCKS_PER_SEC);
}

static void test_a_page_that_is_too_long_fails_its_buffer(void **state)
{
    struct mustache_source source = { find_part, find_text,
                                      (void *)(uintptr_t) & (struct site){ NULL, NULL } };
    struct buf out = BUF_INIT(10);
    json_t *json = from_json("{\"l\":[1,2,3]}");

    (void)state;
    mustache_render(SL("{{#l}}12345{{/l}}"), json, &source, &out);
    assert_false(buf_ok(&out));
    json_decref(json);
    buf_release(&out);
}

static void refused(const char *template, size_t place, const char *part)
{
    size_t at = 999;
    const char *wrong = mustache_check(slice_of(template), &at);

    if (wrong == NULL || strstr(wrong, part) == NULL)
        fail_msg("%s: %s", template, wrong != NULL ? wrong : "passes");
    assert_int_equal(at, place);
}

static void test_a_broken_template_is_told_with_its_place(void **state)
{
    (void)state;
    refused("ab{{c", 2, "a tag is not closed");
    refused("{{a}}b{{c}", 6, "a tag is not closed");
    refused("ab{{}}", 2, "no name");
    refused("ab{{# }}", 2, "no name");
    refused("ab{{/a}}", 2, "closed that was not opened last");
    refused("{{#a}}{{#b}}{{/a}}{{/b}}", 12, "closed that was not opened last");
    refused("ab{{#a}}{{#b}}{{/b}} ", 2, "a section is not closed");
    refused("a{{{b}}}", 1, "unescaped");
    refused("a{{&b}}", 1, "unescaped");
}

static void test_names_and_nesting_have_limits(void **state)
{
    struct buf deep = BUF_INIT(4096);
    size_t at;

    (void)state;
    refused("{{1234567890123456789012345678901234567890123456789012345678901234x}}", 0, "64 bytes");
    for (int i = 0; i < 12; i++)
        buf_add_text(&deep, "{{#a}}");
    for (int i = 0; i < 12; i++)
        buf_add_text(&deep, "{{/a}}");
    assert_null(mustache_check(buf_slice(&deep), &at));
    buf_reset(&deep);
    for (int i = 0; i < 13; i++)
        buf_add_text(&deep, "{{#a}}");
    assert_non_null(mustache_check(buf_slice(&deep), &at));
    assert_int_equal(at, 12 * 6);
    buf_release(&deep);
}

/* Nothing that is refused is ever rendered, but it would not do harm. */
static void test_a_broken_template_renders_as_far_as_it_can(void **state)
{
    static const struct site none = { NULL, NULL };

    (void)state;
    assert_string_equal(render_with(&none, "a{{#x}}b{{y", "{\"x\":true}"), "ab{{y");
    assert_string_equal(render_with(&none, "a{{/x}}b", "{}"), "ab");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a_value_stands_where_its_name_stood),
        TEST(test_every_value_is_escaped),
        TEST(test_names_with_dots_lead_into_objects),
        TEST(test_a_section_stands_once_when_its_value_is_true),
        TEST(test_an_inverted_section_stands_when_its_value_is_not),
        TEST(test_a_section_stands_for_each_element),
        TEST(test_inside_a_section_names_are_looked_up_there_first),
        TEST(test_sections_of_one_name_may_stand_inside_each_other),
        TEST(test_a_comment_leaves_nothing),
        TEST(test_parts_and_texts_are_put_in_and_filled),
        TEST(test_what_stands_in_a_text_cannot_turn_it_round),
        TEST(test_a_text_in_a_section_sees_the_element),
        TEST(test_parts_that_name_themselves_come_to_an_end),
        TEST(test_a_page_that_is_too_long_fails_its_buffer),
        TEST(test_a_broken_template_is_told_with_its_place),
        TEST(test_names_and_nesting_have_limits),
        TEST(test_a_broken_template_renders_as_far_as_it_can),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
