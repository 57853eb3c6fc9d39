#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "scratch_folder.h"
#include "vectors.h"

#include "hub/pages.h"

struct fixture {
    struct scratch_folder folder;
    struct problems problems;
    struct pages_settings settings;
    struct pages *pages;
};

static struct fixture it;

static void write_file(const char *name, const char *text)
{
    scratch_write(&it.folder, &arena, name, text);
}

static void make_folder(const char *name)
{
    assert_int_equal(mkdir(scratch_path(&it.folder, &arena, name), 0700), 0);
}

/* A small set of shipped files: two languages and a page that shows all that is known. */
static int set_up(void **state)
{
    (void)state;
    it = (struct fixture){ .problems.arena = &arena };
    scratch_make(&it.folder);
    make_folder("shipped");
    make_folder("own");
    write_file("shipped/pages/hello.html", "{{t.hello}} {{name}} ({{locale}}, {{site}}, {{logo}})");
    write_file("shipped/pages/frame.html", "[{{>hello}}]");
    write_file("shipped/pages/style.css", "body{}");
    write_file("shipped/locales/en.yaml", "hello: Hello\nbye: Bye\n");
    write_file("shipped/locales/de.yaml", "hello: Hallo\n");
    write_file("shipped/locales/pt-br.yaml", "hello: Olá\n");
    write_file("shipped/locales/zh-hant.yaml", "hello: 你好\n");
    it.settings.shipped = scratch_path(&it.folder, &arena, "shipped");
    it.settings.title = SL("Site");
    return 0;
}

static int tear_down(void **state)
{
    pages_free(it.pages);
    scratch_remove(&it.folder);
    return release_arena(state);
}

#define PAGES(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

/* All problems, with the scratch folder left out. */
static const char *said(void)
{
    struct buf buf = BUF_INIT(1 << 20);
    struct buf plain = BUF_INIT(1 << 20);
    struct slice folder = slice_of(it.folder.path);

    problems_write(&it.problems, &buf);
    for (struct slice rest = buf_slice(&buf); rest.len > 0;) {
        if (slice_starts(rest, folder))
            rest = slice_from(rest, folder.len);
        buf_add_byte(&plain, rest.at[0]);
        rest = slice_from(rest, 1);
    }
    const char *text = arena_string(&arena, buf_slice(&plain));

    buf_release(&buf);
    buf_release(&plain);
    return text;
}

static void load(void)
{
    it.pages = pages_load(&it.settings, &it.problems);
    assert_non_null(it.pages);
}

static void load_well(void)
{
    load();
    assert_string_equal(said(), "");
}

static struct slice render(const char *page, const char *locale)
{
    json_t *data = json_pack("{s:s}", "name", "<Mona>");
    struct slice html = pages_render(it.pages, &arena, page, slice_of(locale), data);

    json_decref(data);
    return html;
}

static void test_a_page_is_rendered_with_what_all_pages_know(void **state)
{
    (void)state;
    it.settings.logo = SL("/logo.svg");
    load_well();
    assert_slice(render("hello", "en"), "Hello &lt;Mona&gt; (en, Site, /logo.svg)");
    assert_slice(render("frame", "de"), "[Hallo &lt;Mona&gt; (de, Site, /logo.svg)]");
    assert_false(slice_is_set(render("nobody", "en")));
    assert_false(slice_is_set(render("hello.html", "en")));
}

static void test_data_is_left_as_it_was(void **state)
{
    json_t *data = json_pack("{s:s}", "name", "x");

    (void)state;
    load_well();
    pages_render(it.pages, &arena, "hello", SL("en"), data);
    assert_int_equal(json_object_size(data), 1);
    json_decref(data);
}

static void test_texts_fall_back_on_english_and_then_on_their_id(void **state)
{
    (void)state;
    load_well();
    assert_slice(pages_text(it.pages, SL("de"), "hello"), "Hallo");
    assert_slice(pages_text(it.pages, SL("de"), "bye"), "Bye");
    assert_slice(pages_text(it.pages, SL("de"), "nobody"), "nobody");
    assert_slice(pages_text(it.pages, SL("xx"), "hello"), "Hello");
}

struct wish {
    const char *ui_locales;
    const char *accept;
    const char *expected;
};

static void test_the_language_is_the_best_of_those_there_are(void **state)
{
    static const struct wish wishes[] = {
        { NULL, NULL, "en" },
        { NULL, "", "en" },
        { NULL, "de", "de" },
        { NULL, "DE-at", "de" },
        { NULL, "fr, de;q=0.5", "de" },
        { NULL, "de;q=0.5, en;q=0.7", "en" },
        { NULL, "de;q=0.70, en;q=0.7", "de" },
        { NULL, "en;q=0.81, de;q=0.89", "de" },
        { NULL, "en;q=0.8 , de ; q=0.801", "de" },
        { NULL, "de;q=0", "en" },
        { NULL, "de;q=0.0, pt-BR;q=0.1", "pt-br" },
        { NULL, "de;q=0.000", "en" },
        { NULL, "de;q=0.0001", "en" },
        { NULL, "de;q=x, pt-br;q=0.001", "pt-br" },
        { NULL, "de;Q=0.2, en;q=0.1", "de" },
        { NULL, "de;level=1;q=0.2, en;q=0.3", "en" },
        { NULL, "pt", "en" },
        { NULL, "pt-BR", "pt-br" },
        { NULL, "zh-Hant-TW, de", "zh-hant" },
        { NULL, "zh-Hans-CN, de;q=0.1", "de" },
        { NULL, "*", "en" },
        { NULL, ",,;q=1,-,;", "en" },
        { "de", "en", "de" },
        { "fr de", "en", "de" },
        { "fr xx", "de", "de" },
        { "de-CH-1996", NULL, "de" },
    };

    (void)state;
    load_well();
    for (size_t i = 0; i < sizeof(wishes) / sizeof(wishes[0]); i++) {
        struct slice chosen =
            pages_locale(it.pages, slice_of(wishes[i].ui_locales), slice_of(wishes[i].accept));

        if (!slice_is(chosen, wishes[i].expected))
            fail_msg("%s / %s: %.*s", wishes[i].ui_locales, wishes[i].accept, SLICE_ARG(chosen));
    }
}

static void test_only_so_many_wishes_are_looked_at(void **state)
{
    struct buf wishes = BUF_INIT(4096);

    (void)state;
    load_well();
    for (int i = 0; i < 32; i++)
        buf_add_text(&wishes, "xx,");
    buf_add_text(&wishes, "de");
    assert_slice(pages_locale(it.pages, slice_none(), buf_slice(&wishes)), "en");
    buf_release(&wishes);
}

static void test_a_fixed_language_is_always_taken(void **state)
{
    (void)state;
    it.settings.locale = SL("de-DE");
    load_well();
    assert_slice(pages_locale(it.pages, SL("en"), SL("en")), "de");
}

static void test_a_fixed_language_that_is_not_there_is_a_problem(void **state)
{
    (void)state;
    it.settings.locale = SL("fr");
    load();
    assert_string_equal(said(), "error: `pages.locale: fr` has no file in locales/\n");
}

static void test_what_the_operator_has_replaces_what_is_shipped(void **state)
{
    struct page_file file;

    (void)state;
    make_folder("own/locales");
    write_file("own/hello.html", "own: {{t.hello}} {{t.bye}}");
    write_file("own/style.css", "html{}");
    write_file("own/locales/de.yaml", "hello: Grüezi\n");
    write_file("own/locales/fr.yaml", "hello: Bonjour\n");
    it.settings.directory = scratch_path(&it.folder, &arena, "own");
    load_well();
    assert_slice(render("frame", "de"), "[own: Grüezi Bye]");
    assert_slice(render("hello", "en"), "own: Hello Bye");
    assert_slice(pages_locale(it.pages, slice_none(), SL("fr")), "fr");
    assert_true(pages_file(it.pages, SL("style.css"), &file));
    assert_slice(file.bytes, "html{}");
}

static void test_static_files_have_a_type_and_an_etag(void **state)
{
    struct page_file style;
    struct page_file logo;

    (void)state;
    write_file("shipped/pages/logo.svg", "<svg/>");
    write_file("shipped/pages/notes.txt", "not served");
    load_well();
    assert_true(pages_file(it.pages, SL("style.css"), &style));
    assert_string_equal(style.content_type, "text/css; charset=utf-8");
    assert_slice(style.bytes, "body{}");
    assert_true(pages_file(it.pages, SL("logo.svg"), &logo));
    assert_string_equal(logo.content_type, "image/svg+xml");
    assert_int_equal(style.etag.len, 24);
    assert_int_equal(style.etag.at[0], '"');
    assert_int_equal(style.etag.at[23], '"');
    assert_false(slice_equal(style.etag, logo.etag));
    assert_false(pages_file(it.pages, SL("notes.txt"), &logo));
    assert_false(pages_file(it.pages, SL("hello.html"), &logo));
    assert_false(pages_file(it.pages, SL("../locales/en.yaml"), &logo));
}

static void test_a_broken_template_is_told_by_line_and_column(void **state)
{
    (void)state;
    write_file("shipped/pages/hello.html", "<p>\n\n  {{#open}}\n x {{name\n");
    write_file("shipped/pages/frame.html", "ä{{/x}}");
    load();
    assert_string_equal(
        said(),
        "/shipped/pages/frame.html:1:3: error: a section is closed that was not opened last\n"
        "/shipped/pages/hello.html:4:4: error: a tag is not closed\n");
}

static void test_a_broken_text_is_told_where_it_stands(void **state)
{
    (void)state;
    write_file("shipped/locales/de.yaml", "hello: Hallo\nbye: 'x {{name'\nmore: [a]\n");
    load();
    assert_string_equal(
        said(),
        "/shipped/locales/de.yaml:2:1: error: `bye` is no text, or has a broken {{tag}}\n"
        "/shipped/locales/de.yaml:3:1: error: `more` is no text, or has a broken {{tag}}\n");
}

static void test_files_that_cannot_be_read_are_told_with_the_reason(void **state)
{
    (void)state;
    make_folder("shipped/pages/x.css");
    it.settings.directory = scratch_path(&it.folder, &arena, "nowhere");
    load();
    assert_non_null(strstr(said(), "/shipped/pages/x.css: error: is a folder\n"));
    assert_non_null(strstr(said(), "/nowhere: error: cannot be read: No such file or directory\n"));
}

static void test_a_missing_folder_of_shipped_files_is_a_problem(void **state)
{
    (void)state;
    it.settings.shipped = scratch_path(&it.folder, &arena, "nowhere");
    load();
    assert_int_equal(it.problems.errors, 2);
}

/* What we ship ourselves. */
static void test_the_shipped_pages_load_and_have_their_texts_in_both_languages(void **state)
{
    (void)state;
    it.settings.shipped = SOURCE_DIR "/config";
    load_well();
    assert_slice(pages_locale(it.pages, slice_none(), SL("de")), "de");
    struct slice page = render("error", "de");

    assert_true(page.len > 0);
    assert_true(slice_find_text(page, SL("lang=\"de\"")) < page.len);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        PAGES(test_a_page_is_rendered_with_what_all_pages_know),
        PAGES(test_data_is_left_as_it_was),
        PAGES(test_texts_fall_back_on_english_and_then_on_their_id),
        PAGES(test_the_language_is_the_best_of_those_there_are),
        PAGES(test_only_so_many_wishes_are_looked_at),
        PAGES(test_a_fixed_language_is_always_taken),
        PAGES(test_a_fixed_language_that_is_not_there_is_a_problem),
        PAGES(test_what_the_operator_has_replaces_what_is_shipped),
        PAGES(test_static_files_have_a_type_and_an_etag),
        PAGES(test_a_broken_template_is_told_by_line_and_column),
        PAGES(test_a_broken_text_is_told_where_it_stands),
        PAGES(test_files_that_cannot_be_read_are_told_with_the_reason),
        PAGES(test_a_missing_folder_of_shipped_files_is_a_problem),
        PAGES(test_the_shipped_pages_load_and_have_their_texts_in_both_languages),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
