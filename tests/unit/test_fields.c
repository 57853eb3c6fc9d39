#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/json.h"
#include "config/fields.h"
#include "net/address.h"
#include "scratch_folder.h"

struct pet {
    struct named named;
    struct slice name;
    unsigned age;
    struct texts toys;
};

/* One of each kind. */
struct zoo {
    struct slice text, long_text, secret, secret_url, url, any_url, template, path, json_path;
    struct cidr cidr;
    unsigned word, count, workers;
    bool boolean;
    int64_t duration;
    size_t size;
    struct rate rate;
    struct texts words, any_words, texts, list, urls, any_urls, paths, secrets;
    struct many cidrs;
    struct pairs pairs, keys;
    const struct node *tree;
    struct {
        bool inner;
        struct slice text;
    } nested;
    struct many pets;
    bool later;
    struct texts later_list;
};

static const char *const colours[] = { "red", "green", "blue", NULL };
static const char *const automatic[] = { "auto", NULL };

static void no_foo(struct slice text, struct mark mark, struct problems *problems)
{
    if (slice_is(text, "foo"))
        problem_add(problems, mark, "not foo, please");
}

static void no_red(struct slice text, struct mark mark, struct problems *problems)
{
    if (slice_is(text, "red"))
        problem_add(problems, mark, "not red, please");
}

static const struct field nested_table[] = {
    {
        .name = "inner",
        .kind = FIELD_BOOL,
        .offset = offsetof(struct zoo, nested.inner) - offsetof(struct zoo, nested),
    },
    {
        .name = "text",
        .kind = FIELD_TEXT,
        .offset = offsetof(struct zoo, nested.text) - offsetof(struct zoo, nested),
    },
    FIELD_END
};

static const struct field pet_table[] = { {
                                              .name = "name",
                                              .kind = FIELD_TEXT,
                                              .flags = FIELD_REQUIRED,
                                              .offset = offsetof(struct pet, name),
                                          },
                                          {
                                              .name = "age",
                                              .kind = FIELD_COUNT,
                                              .offset = offsetof(struct pet, age),
                                              .otherwise = "3",
                                          },
                                          {
                                              .name = "toys",
                                              .kind = FIELD_WORDS,
                                              .offset = offsetof(struct pet, toys),
                                              .otherwise = "ball bone",
                                          },
                                          FIELD_END };

#define ROW(member, its_kind, ...)                                                                 \
    {                                                                                              \
        .name = #member, .kind = (its_kind), .offset = offsetof(struct zoo, member), __VA_ARGS__   \
    }

static const struct field zoo_table[] = {
    ROW(text, FIELD_TEXT, .check = no_foo, .about = "Any text."),
    ROW(long_text, FIELD_LONG_TEXT),
    ROW(secret, FIELD_SECRET),
    ROW(secret_url, FIELD_SECRET_URL),
    ROW(url, FIELD_URL),
    ROW(any_url, FIELD_ANY_URL),
    ROW(template, FIELD_URL_TEMPLATE),
    ROW(path, FIELD_PATH),
    ROW(json_path, FIELD_JSON_PATH),
    ROW(cidr, FIELD_CIDR),
    ROW(word, FIELD_WORD, .words = colours, .otherwise = "green", .check = no_red),
    ROW(boolean, FIELD_BOOL, .otherwise = "true"),
    ROW(count, FIELD_COUNT, .least = 1, .most = 10, .otherwise = "2"),
    ROW(workers, FIELD_COUNT, .most = 64, .words = automatic, .otherwise = "auto"),
    ROW(duration, FIELD_DURATION, .least = 1000, .otherwise = "10m"),
    ROW(size, FIELD_SIZE, .least = 1024, .most = 1024 * 1024, .otherwise = "64k"),
    ROW(rate, FIELD_RATE, .otherwise = "30/m"),
    ROW(words, FIELD_WORDS, .words = colours),
    ROW(any_words, FIELD_WORDS, .otherwise = "a b"),
    ROW(texts, FIELD_TEXTS, .check = no_foo),
    ROW(list, FIELD_TEXTS, .flags = FIELD_LIST),
    ROW(urls, FIELD_URLS),
    ROW(any_urls, FIELD_ANY_URLS),
    ROW(paths, FIELD_PATHS),
    ROW(cidrs, FIELD_CIDRS),
    ROW(pairs, FIELD_PAIRS, .check = no_foo),
    ROW(keys, FIELD_PAIRS, .flags = FIELD_MASKED | FIELD_LINES),
    ROW(secrets, FIELD_TEXTS, .flags = FIELD_MASKED),
    ROW(tree, FIELD_TREE),
    ROW(nested, FIELD_STRUCT, .table = nested_table),
    ROW(pets, FIELD_MANY, .table = pet_table, .size = sizeof(struct pet)),
    ROW(later, FIELD_BOOL, .flags = FIELD_LATER),
    ROW(later_list, FIELD_WORDS, .flags = FIELD_LATER, .otherwise = "x z"),
    FIELD_END
};

/* Another table that takes whatever comes. */
struct open {
    bool known;
    const struct node *rest;
};

static const struct field open_table[] = { {
                                               .name = "known",
                                               .kind = FIELD_BOOL,
                                               .offset = offsetof(struct open, known),
                                           },
                                           {
                                               .name = "rest",
                                               .kind = FIELD_REST,
                                               .offset = offsetof(struct open, rest),
                                           },
                                           FIELD_END };

static const struct node_options options = { .substitute = true };

struct fixture {
    struct arena arena;
    struct problems problems;
    struct buf said;
    struct zoo zoo;
    struct scratch_folder folder;
};

static struct fixture it;

static void start_again(void)
{
    it.problems = (struct problems){ .arena = &it.arena };
    it.zoo = (struct zoo){ 0 };
    fields_default(zoo_table, &it.zoo, &it.arena);
}

static int set_up(void **state)
{
    (void)state;
    it = (struct fixture){ .said = BUF_INIT(1024 * 1024) };
    scratch_make(&it.folder);
    start_again();
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

static const char *said(void)
{
    buf_reset(&it.said);
    problems_write(&it.problems, &it.said);
    return buf_slice(&it.said).at;
}

static void read_onto(const char *text)
{
    const struct node *root = node_read_text("z.yaml", slice_of(text), &options, &it.problems);

    if (root != NULL)
        fields_read(zoo_table, root, "", &it.zoo, &it.problems);
}

static void read_zoo(const char *text)
{
    start_again();
    read_onto(text);
}

#define assert_good(text)                                                                          \
    do {                                                                                           \
        read_zoo(text);                                                                            \
        assert_string_equal(said(), "");                                                           \
    } while (0)

#define assert_refused(text, problem)                                                              \
    do {                                                                                           \
        read_zoo(text);                                                                            \
        assert_string_equal(said(), problem);                                                      \
    } while (0)

static void assert_slice(struct slice found, const char *text)
{
    if (!slice_is(found, text))
        fail_msg("\"%.*s\" is not \"%s\"", SLICE_ARG(found), text);
}

static void test_defaults_come_from_the_table(void **state)
{
    (void)state;
    assert_false(slice_is_set(it.zoo.text));
    assert_int_equal(it.zoo.word, 1);
    assert_true(it.zoo.boolean);
    assert_int_equal(it.zoo.count, 2);
    assert_int_equal(it.zoo.workers, FIELD_COUNT_WORD(0));
    assert_int_equal(it.zoo.duration, 600000);
    assert_int_equal(it.zoo.size, 65536);
    assert_int_equal(it.zoo.rate.count, 30);
    assert_int_equal(it.zoo.any_words.count, 2);
    assert_slice(it.zoo.any_words.at[1], "b");
    assert_int_equal(it.zoo.texts.count, 0);
    assert_null(it.zoo.tree);
}

static void test_texts_are_taken(void **state)
{
    (void)state;
    assert_good("text: hello\nlong_text: |\n  two\n  lines\n");
    assert_slice(it.zoo.text, "hello");
    assert_slice(it.zoo.long_text, "two\nlines\n");
    assert_good("text: 12345\n");
    assert_slice(it.zoo.text, "12345");
    assert_good("text: 'true'\n");
    assert_slice(it.zoo.text, "true");
    assert_good("text: \xc3\xa4\n");
    assert_slice(it.zoo.text, "\xc3\xa4");
}

static void test_texts_that_are_none_are_refused(void **state)
{
    (void)state;
    assert_refused("text: ''\n", "z.yaml:1:7: error: `text` is empty\n");
    assert_refused("text: \"a\\nb\"\n", "z.yaml:1:7: error: `text: a?b` has a line break or a "
                                        "control character in it\n");
    assert_refused("text: [a]\n", "z.yaml:1:7: error: `text` needs a text\n");
    assert_refused("text: {a: b}\n", "z.yaml:1:7: error: `text` needs a text\n");
    assert_refused("text: foo\n", "z.yaml:1:7: error: not foo, please\n");
}

static void test_a_value_that_cannot_be_read_leaves_the_default(void **state)
{
    (void)state;
    read_zoo("word: pink\ncount: many\nduration: 5\nany_words: [a, []]\n");
    assert_int_equal(it.problems.errors, 4);
    assert_int_equal(it.zoo.word, 1);
    assert_int_equal(it.zoo.count, 2);
    assert_int_equal(it.zoo.duration, 600000);
    assert_int_equal(it.zoo.any_words.count, 2);
}

static void test_a_key_without_a_value_is_the_default_where_that_can_be_nothing(void **state)
{
    (void)state;
    assert_good("text:\nurl: ~\npath: null\nwords:\ncidrs:\npairs:\nnested:\npets:\ntree:\n");
    assert_refused("count:\n", "z.yaml:1:7: error: `count` needs a whole number\n");
    assert_refused("duration: ~\n",
                   "z.yaml:1:11: error: `duration` needs a duration such as 30s or 12h\n");
    assert_refused("size: null\n", "z.yaml:1:7: error: `size` needs a size such as 64k\n");
    assert_refused("boolean:\n", "z.yaml:1:9: error: `boolean` needs true or false\n");
    assert_refused("rate:\n", "z.yaml:1:6: error: `rate` needs a rate such as 30/m\n");
    assert_refused("word:\n", "z.yaml:1:6: error: `word` needs a word\n");
    assert_refused("secret:\n", "z.yaml:1:8: error: `secret` needs a secret: without one, leave "
                                "the key out\n");
}

static void test_urls_are_https_or_on_loopback(void **state)
{
    (void)state;
    assert_good("url: https://example.com/a?b=c\n");
    assert_good("url: http://127.0.0.1:8080\n");
    assert_good("url: http://[::1]/\n");
    assert_refused("url: http://example.com\n",
                   "z.yaml:1:6: error: `url: http://example.com` is http on another machine: use "
                   "https\n");
    assert_refused("url: https://example.com/#a\n",
                   "z.yaml:1:6: error: `url: https://example.com/#a` has a fragment (#)\n");
    assert_refused("url: ftp://example.com\n",
                   "z.yaml:1:6: error: `url: ftp://example.com` is neither http nor https\n");
    assert_refused("url: https://a@example.com\n",
                   "z.yaml:1:6: error: `url: https://a@example.com` has a user name in front of "
                   "its host\n");
    assert_refused("urls: [https://a.example, 'http://b.example']\n",
                   "z.yaml:1:27: error: `urls: http://b.example` is http on another machine: use "
                   "https\n");
}

static void test_any_url_is_absolute_and_has_no_wildcard(void **state)
{
    (void)state;
    assert_good("any_url: com.example.app:/cb\nany_urls: [http://example.com/, 'a:b']\n");
    assert_int_equal(it.zoo.any_urls.count, 2);
    assert_refused("any_url: https://*.example.com\n",
                   "z.yaml:1:10: error: `any_url: https://*.example.com` has a wildcard (*): write "
                   "each address out\n");
    assert_refused("any_url: /cb\n", "z.yaml:1:10: error: `any_url: /cb` has no scheme\n");
}

static void test_templates_have_names_in_braces(void **state)
{
    (void)state;
    assert_good("template: 'https://{domain}/{tenant_id}/x'\n");
    assert_slice(it.zoo.template, "https://{domain}/{tenant_id}/x");
    assert_good("template: 'https://a.{b}.example:{port}/{token:/x/[y=z]}'\n");
    assert_refused("template: 'https://{a b}/'\n",
                   "z.yaml:1:11: error: `template: https://{a b}/` has a {name} that is no name\n");
    assert_refused("template: 'https://{a/'\n", "z.yaml:1:11: error: `template: https://{a/` has a "
                                                "brace that is not one of a {name}\n");
    assert_refused("template: 'https://a}/{b}'\n",
                   "z.yaml:1:11: error: `template: https://a}/{b}` has a brace that is not one of "
                   "a {name}\n");
    assert_refused("template: 'http://{a}/'\n",
                   "z.yaml:1:11: error: `template: http://{a}/` is http on another machine: use "
                   "https\n");
}

static void test_paths_are_seen_from_the_folder_of_their_file(void **state)
{
    (void)state;
    char folder[PATH_MAX];
    const char *path =
        scratch_write(&it.folder, &it.arena, "sub/z.yaml", "path: x/y\npaths: [/abs, rel]\n");

    fields_read(zoo_table, node_read_file(path, &options, &it.problems), "", &it.zoo, &it.problems);
    assert_string_equal(said(), "");
    assert_slice(it.zoo.path, arena_printf(&it.arena, "%s/sub/x/y", it.folder.path).at);
    assert_slice(it.zoo.paths.at[0], "/abs");
    assert_slice(it.zoo.paths.at[1], arena_printf(&it.arena, "%s/sub/rel", it.folder.path).at);
    assert_non_null(getcwd(folder, sizeof(folder)));
    assert_good("path: x\n"); /* of a file in the working directory */
    assert_slice(it.zoo.path, arena_printf(&it.arena, "%s/x", folder).at);
}

static void test_json_paths_are_judged(void **state)
{
    (void)state;
    assert_good("json_path: '/a/[primary=true]/b'\n");
    assert_refused("json_path: a.b\n",
                   "z.yaml:1:12: error: `json_path: a.b` is no path: write /member/member, with "
                   "/0 or /[name=value] for an element of a list\n");
}

static void test_words_are_known_or_a_near_one_is_named(void **state)
{
    (void)state;
    assert_good("word: blue\nwords: [red, green]\n");
    assert_int_equal(it.zoo.word, 2);
    assert_int_equal(it.zoo.words.count, 2);
    assert_refused("word: red\n", "z.yaml:1:7: error: not red, please\n");
    assert_refused("word: gren\n",
                   "z.yaml:1:7: error: `word: gren` is unknown; did you mean `green`?\n");
    assert_refused("word: pink\n", "z.yaml:1:7: error: `word: pink` is unknown; it can be `red`, "
                                   "`green` or `blue`\n");
    assert_refused("words: [red, bleu]\n",
                   "z.yaml:1:14: error: `words: bleu` is unknown; did you mean `blue`?\n");
}

static void test_yaml_has_six_words_for_true_and_false(void **state)
{
    (void)state;
    assert_good("boolean: false\n");
    assert_false(it.zoo.boolean);
    assert_good("boolean: no\n");
    assert_false(it.zoo.boolean);
    assert_good("boolean: off\n");
    assert_false(it.zoo.boolean);
    assert_good("nested: {inner: yes}\n");
    assert_true(it.zoo.nested.inner);
    assert_good("nested: {inner: on}\n");
    assert_true(it.zoo.nested.inner);
    assert_good("nested: {inner: true}\n");
    assert_true(it.zoo.nested.inner);
    assert_refused("boolean: 1\n", "z.yaml:1:10: error: `boolean: 1` is neither true nor false\n");
    assert_refused("boolean: True\n",
                   "z.yaml:1:10: error: `boolean: True` is neither true nor false\n");
    assert_refused("boolean: 'true'\n",
                   "z.yaml:1:10: error: `boolean: true` is a text: write it without quotes\n");
}

static void test_a_quoted_replacement_may_be_a_number_or_a_bool(void **state)
{
    (void)state;
    setenv("CARDEA_TEST_VALUE", "7", 1);
    assert_good("{count: \"${env:CARDEA_TEST_VALUE}\"}\n");
    assert_int_equal(it.zoo.count, 7);
    setenv("CARDEA_TEST_VALUE", "no", 1);
    assert_good("{boolean: \"${env:CARDEA_TEST_VALUE}\"}\n");
    assert_false(it.zoo.boolean);
}

static void test_what_was_put_in_is_not_shown_in_messages(void **state)
{
    (void)state;
    setenv("CARDEA_TEST_VALUE", "hush hush", 1);
    assert_refused("count: ${env:CARDEA_TEST_VALUE}\n",
                   "z.yaml:1:8: error: `count` is no whole number\n");
}

static void test_counts_are_digits_within_limits(void **state)
{
    static const char *const wrong[] = { "300x",
                                         "1e9",
                                         "-1",
                                         "08",
                                         "1.0",
                                         "0x1",
                                         "+1",
                                         "1_0",
                                         "one",
                                         "'1'",
                                         "\"\"",
                                         "9223372036854775808",
                                         "18446744073709551616" };

    (void)state;
    assert_good("count: 10\n");
    assert_int_equal(it.zoo.count, 10);
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        read_zoo(arena_printf(&it.arena, "count: %s\n", wrong[i]).at);
        if (it.problems.errors != 1 || it.zoo.count != 2)
            fail_msg("%s: %u, %s", wrong[i], it.zoo.count, said());
    }
    assert_refused("count: 0\n", "z.yaml:1:8: error: `count: 0` must be from 1 to 10\n");
    assert_refused("count: 11\n", "z.yaml:1:8: error: `count: 11` must be from 1 to 10\n");
    assert_refused("count: -1\n", "z.yaml:1:8: error: `count: -1` is no whole number\n");
}

static void test_a_count_may_have_a_word(void **state)
{
    (void)state;
    assert_good("workers: 0\n");
    assert_int_equal(it.zoo.workers, 0);
    assert_good("workers: auto\n");
    assert_int_equal(it.zoo.workers, FIELD_COUNT_WORD(0));
    assert_refused("workers: autp\n", "z.yaml:1:10: error: `workers: autp` is neither a whole "
                                      "number nor `auto`\n");
}

static void test_durations_have_a_unit(void **state)
{
    static const struct {
        const char *text;
        int64_t milliseconds;
    } good[] = { { "1500ms", 1500 },
                 { "30s", 30000 },
                 { "10m", 600000 },
                 { "12h", 43200000 },
                 { "90d", 7776000000 },
                 { "0s", 0 },
                 { "36600d", 36600LL * 86400000 } };
    static const char *const wrong[] = { "300x",
                                         "1e9",
                                         "-1",
                                         "-1s",
                                         "08s",
                                         "1.5h",
                                         "",
                                         "s",
                                         "1 s",
                                         "1S",
                                         "30",
                                         "0",
                                         "1h30m",
                                         "36601d",
                                         "9223372036854775808ms",
                                         "18446744073709551616s",
                                         "99999999999999999999999999d",
                                         "1s ",
                                         " 1s" };
    int64_t milliseconds;

    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        assert_null(duration_read(slice_of(good[i].text), &milliseconds));
        assert_int_equal(milliseconds, good[i].milliseconds);
    }
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        milliseconds = -7;
        if (duration_read(slice_of(wrong[i]), &milliseconds) == NULL || milliseconds != -7)
            fail_msg("%s", wrong[i]);
    }
    assert_refused("duration: 300x\n",
                   "z.yaml:1:11: error: `duration: 300x` is no duration: write a whole number with "
                   "ms, s, m, h or d behind it, such as 30s or 12h\n");
    assert_refused("duration: 10ms\n", "z.yaml:1:11: error: `duration: 10ms` must be 1s or more\n");
}

static void test_sizes_are_bytes_or_have_a_unit(void **state)
{
    static const char *const wrong[] = { "300x",
                                         "1e9",
                                         "-1",
                                         "08",
                                         "",
                                         "k",
                                         "1 k",
                                         "1K",
                                         "1kb",
                                         "1.5m",
                                         "1025g",
                                         "9223372036854775808",
                                         "18446744073709551616",
                                         "17179869184g" };
    size_t bytes;

    (void)state;
    assert_null(size_read(SL("512"), &bytes));
    assert_int_equal(bytes, 512);
    assert_null(size_read(SL("64k"), &bytes));
    assert_int_equal(bytes, 65536);
    assert_null(size_read(SL("1m"), &bytes));
    assert_int_equal(bytes, 1048576);
    assert_null(size_read(SL("1024g"), &bytes));
    assert_int_equal(bytes, 1099511627776);
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        bytes = 7;
        if (size_read(slice_of(wrong[i]), &bytes) == NULL || bytes != 7)
            fail_msg("%s", wrong[i]);
    }
    assert_refused("size: 2m\n", "z.yaml:1:7: error: `size: 2m` must be from 1k to 1m\n");
}

static void test_rates_have_a_window(void **state)
{
    static const char *const wrong[] = { "30", "0/m", "-1/s",          "1/x",
                                         "/m", "1/",  "08/m",          "1/m/m",
                                         "on", "",    "99999999999/s", "1.5/s" };
    struct rate rate;

    (void)state;
    assert_null(rate_read(SL("30/m"), &rate));
    assert_int_equal(rate.count, 30);
    assert_int_equal(rate.window_ms, 60000);
    assert_null(rate_read(SL("10/s"), &rate));
    assert_int_equal(rate.window_ms, 1000);
    assert_null(rate_read(SL("100/h"), &rate));
    assert_int_equal(rate.window_ms, 3600000);
    assert_null(rate_read(SL("off"), &rate));
    assert_int_equal(rate.count, 0);
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        if (rate_read(slice_of(wrong[i]), &rate) == NULL)
            fail_msg("%s", wrong[i]);
    }
    assert_refused("rate: 30\n",
                   "z.yaml:1:7: error: `rate: 30` is no rate: write how often in a second, minute "
                   "or hour, such as 30/m, or off\n");
}

static void test_address_ranges_are_read(void **state)
{
    (void)state;
    assert_good("cidr: 10.0.0.0/8\ncidrs: [192.168.0.0/16, '::1']\n");
    assert_int_equal(it.zoo.cidr.bits, 8);
    assert_int_equal(it.zoo.cidrs.count, 2);
    assert_int_equal(((const struct cidr *)it.zoo.cidrs.at)[1].bits, 128);
    assert_refused("cidrs: [10.0.0.0/33]\n",
                   "z.yaml:1:9: error: `cidrs: 10.0.0.0/33` has no valid prefix length\n");
    assert_refused("cidr: all\n",
                   "z.yaml:1:7: error: `cidr: all` is not an IP address or a range of them\n");
}

static void test_a_list_may_be_one_text(void **state)
{
    (void)state;
    assert_good("texts: one thing\nany_words: three short words\n");
    assert_int_equal(it.zoo.texts.count, 1);
    assert_slice(it.zoo.texts.at[0], "one thing");
    assert_int_equal(it.zoo.any_words.count, 3);
    assert_slice(it.zoo.any_words.at[2], "words");
    assert_refused("list: one\n",
                   "z.yaml:1:7: error: `list: one` needs a list of texts such as [a, b]\n");
    assert_good("list: [one]\ntexts: []\n");
}

static void test_the_elements_of_a_list_are_texts(void **state)
{
    (void)state;
    assert_refused("texts: [a, ~]\n", "z.yaml:1:12: error: `texts` has an empty element\n");
    assert_refused("texts: [a, [b]]\n",
                   "z.yaml:1:12: error: `texts` has an element that is no text\n");
    assert_refused("texts: [a, '']\n", "z.yaml:1:12: error: `texts` is empty\n");
    assert_refused("texts: {a: b}\n", "z.yaml:1:8: error: `texts` needs a text or a list of texts "
                                      "such as [a, b]\n");
    assert_refused("texts: [x, foo]\n", "z.yaml:1:12: error: not foo, please\n");
}

static void test_pairs_are_merged_and_empty_values_remove(void **state)
{
    (void)state;
    assert_good("pairs: {a: 1, b: true, c: x}\n");
    assert_int_equal(it.zoo.pairs.count, 3);
    assert_slice(it.zoo.pairs.at[1].value, "true");
    read_onto("pairs: {b: new, d: y, a: , e: ''}\n");
    assert_string_equal(said(), "");
    assert_int_equal(it.zoo.pairs.count, 3);
    assert_slice(it.zoo.pairs.at[0].name, "b");
    assert_slice(it.zoo.pairs.at[0].value, "new");
    assert_slice(it.zoo.pairs.at[1].name, "c");
    assert_slice(it.zoo.pairs.at[2].name, "d");
}

static void test_the_values_of_pairs_are_texts(void **state)
{
    (void)state;
    assert_refused("pairs: {a: [b]}\n",
                   "z.yaml:1:12: error: `pairs` has a value that is no text\n");
    assert_refused("pairs: [a]\n", "z.yaml:1:8: error: `pairs` needs keys with values under it\n");
    assert_refused("pairs: {a: foo}\n", "z.yaml:1:12: error: not foo, please\n");
    assert_refused("pairs: {a: \"x\\ny\"}\n",
                   "z.yaml:1:12: error: `pairs: x?y` has a line break or a control character in "
                   "it\n");
    assert_good("keys: {a: \"x\\ny\"}\n");
    assert_refused("keys: {a: ''}\n", "z.yaml:1:11: error: `keys` is empty\n");
}

static void test_a_tree_may_be_anything(void **state)
{
    (void)state;
    assert_good("tree: {a: [1, {b: c}]}\n");
    assert_int_equal(node_get(it.zoo.tree, "a")->count, 2);
    assert_good("tree: 1\n");
    assert_slice(it.zoo.tree->text, "1");
}

static void test_a_map_of_structs_keeps_its_order_and_its_ids(void **state)
{
    (void)state;
    assert_good("pets:\n  rex: {name: Rex, age: 7}\n  a.b-c_1: {name: A, toys: [x]}\n");
    const struct pet *pets = it.zoo.pets.at;

    assert_int_equal(it.zoo.pets.count, 2);
    assert_slice(pets[0].named.id, "rex");
    assert_int_equal(pets[0].named.mark.line, 2);
    assert_int_equal(pets[0].age, 7);
    assert_int_equal(pets[0].toys.count, 2);
    assert_slice(pets[1].named.id, "a.b-c_1");
    assert_int_equal(pets[1].age, 3);
    assert_int_equal(pets[1].toys.count, 1);
    assert_non_null(node_get(pets[1].named.map, "toys"));
}

static void test_ids_that_could_mean_something_in_a_path_are_refused(void **state)
{
    char id[301];

    (void)state;
    memset(id, 'a', sizeof(id) - 1);
    id[sizeof(id) - 1] = '\0';
    assert_null(id_check(SL("a")));
    assert_null(id_check(SL("A.b-c_9")));
    assert_null(id_check(slice_make(id, 64)));
    assert_non_null(id_check(slice_make(id, 65)));
    assert_non_null(id_check(slice_of(id)));
    assert_non_null(id_check(SL("")));
    assert_non_null(id_check(SL("../x")));
    assert_non_null(id_check(SL(".well-known")));
    assert_non_null(id_check(SL("%2e%2e")));
    assert_non_null(id_check(SL("a/b")));
    assert_non_null(id_check(SL("a b")));
    assert_non_null(id_check(SL("-a")));
    assert_non_null(id_check(SL("\xc3\xa4")));
    assert_refused("pets:\n  ../x: {name: a}\n",
                   "z.yaml:2:3: error: `../x` in `pets` is no id: an id has letters, digits, "
                   "\"-\", \"_\" and \".\", and begins with a letter or digit\n");
}

static void test_a_missing_key_is_named_with_its_map(void **state)
{
    (void)state;
    assert_refused("pets:\n  rex:\n    age: 1\n",
                   "z.yaml:3:5: error: the key `name` is missing in `pets.rex`\n");
    assert_refused("pets:\n  rex:\n",
                   "z.yaml:2:7: error: the key `name` is missing in `pets.rex`\n");
    assert_refused("pets: {rex: {name: }}\n", "z.yaml:1:20: error: `pets.rex.name` needs a text\n");
    assert_refused("pets: {rex: 1}\n",
                   "z.yaml:1:13: error: `pets.rex` needs keys with values under it\n");
}

static void test_what_may_stand_in_a_file_that_is_missing_is_not_missed(void **state)
{
    (void)state;
    start_again();
    it.problems.incomplete = true;
    read_onto("pets: {rex: {age: 1}}\n");
    assert_string_equal(said(), "");
}

static void test_an_unknown_key_is_refused_and_the_nearest_is_named(void **state)
{
    (void)state;
    assert_refused("txet: a\n", "z.yaml:1:1: error: unknown key `txet`; did you mean `text`?\n");
    assert_refused("elephant: a\n", "z.yaml:1:1: error: unknown key `elephant`\n");
    assert_refused("nested: {elephant: 1, inner: no}\n",
                   "z.yaml:1:10: error: unknown key `elephant` in `nested`\n");
}

static void test_everything_wrong_is_said_in_one_run_sorted_by_place(void **state)
{
    (void)state;
    assert_refused("zebra: 1\ncount: x\npets: {rex: {age: x, nmae: y}}\nduration: 1\n",
                   "z.yaml:1:1: error: unknown key `zebra`\n"
                   "z.yaml:2:8: error: `count: x` is no whole number\n"
                   "z.yaml:3:13: error: the key `name` is missing in `pets.rex`\n"
                   "z.yaml:3:19: error: `pets.rex.age: x` is no whole number\n"
                   "z.yaml:3:22: error: unknown key `nmae`; did you mean `name`?\n"
                   "z.yaml:4:11: error: `duration: 1` is no duration: write a whole number with "
                   "ms, s, m, h or d behind it, such as 30s or 12h\n");
}

static void test_what_is_broken_already_is_not_judged_again(void **state)
{
    (void)state;
    unsetenv("CARDEA_TEST_NONE");
    assert_refused("count: ${env:CARDEA_TEST_NONE}\ntexts: [\"${env:CARDEA_TEST_NONE}\"]\n",
                   "z.yaml:1:8: error: `${env:CARDEA_TEST_NONE}`: this environment variable is not "
                   "set\n"
                   "z.yaml:2:9: error: `${env:CARDEA_TEST_NONE}`: this environment variable is not "
                   "set\n");
}

static void test_a_document_that_is_no_map_is_refused(void **state)
{
    (void)state;
    assert_refused("- a\n", "z.yaml:1:1: error: the document needs keys with values under it\n");
    assert_refused("nested: 1\n",
                   "z.yaml:1:9: error: `nested: 1` needs keys with values under it\n");
}

static void test_a_secret_others_may_read_is_refused_with_the_remedy(void **state)
{
    (void)state;
    const char *open = scratch_write(&it.folder, &it.arena, "open", "hush");
    const char *empty = scratch_write(&it.folder, &it.arena, "empty", "\n");

    chmod(open, 0644);
    read_zoo(arena_printf(&it.arena,
                          "secret: ${file:%s}\nsecrets: [\"${file:%s}\"]\nkeys: {a: \"${file:%s}\"}"
                          "\nsecret_url: ${file:%s}\ntext: ${file:%s}\n",
                          open, open, open, open, open)
                 .at);
    const char *text = said();

    assert_int_equal(it.problems.errors, 4);
    assert_string_equal(
        text, arena_printf(&it.arena,
                           "z.yaml:1:9: error: `secret` comes from a file that others on this "
                           "machine may read: chmod 600 %s\n"
                           "z.yaml:2:11: error: `secrets` comes from a file that others on this "
                           "machine may read: chmod 600 %s\n"
                           "z.yaml:3:11: error: `keys` comes from a file that others on this "
                           "machine may read: chmod 600 %s\n"
                           "z.yaml:4:13: error: `secret_url` comes from a file that others on this "
                           "machine may read: chmod 600 %s\n",
                           open, open, open, open)
                  .at);
    assert_refused(arena_printf(&it.arena, "secret: ${file:%s}\n", empty).at,
                   "z.yaml:1:9: error: `secret` is empty\n");
}

static void test_secrets_are_not_shown_in_messages(void **state)
{
    (void)state;
    assert_refused("secret: \"hush\\n\"\n", "z.yaml:1:9: error: `secret` has a line break or a "
                                            "control character in it\n");
    assert_refused("secrets: [\"hush\\n\"]\n", "z.yaml:1:11: error: `secrets` has a line break or "
                                               "a control character in it\n");
}

static void test_what_nobody_heeds_yet_is_refused_unless_it_is_the_default(void **state)
{
    (void)state;
    assert_good("later: false\nlater_list: [x, z]\n");
    assert_refused("later: true\n",
                   "z.yaml:1:8: error: `later` is not available in this version\n");
    assert_refused("later_list: [x]\n",
                   "z.yaml:1:13: error: `later_list` is not available in this version\n");
    assert_refused("later: maybe\n",
                   "z.yaml:1:8: error: `later: maybe` is neither true nor false\n");
}

static void test_the_rest_is_kept_where_a_table_wants_it(void **state)
{
    (void)state;
    struct open open = { 0 };
    const struct node *root =
        node_read_text("o.yaml", SL("a: 1\nknown: true\nrest: 2\n"), &options, &it.problems);

    fields_read(open_table, root, "", &open, &it.problems);
    assert_string_equal(said(), "");
    assert_true(open.known);
    assert_int_equal(open.rest->count, 2);
    assert_slice(open.rest->members[1].name, "rest");
    fields_read(open_table, node_read_text("o.yaml", SL("known: no"), &options, &it.problems), "",
                &open, &it.problems);
    assert_null(open.rest);
}

static void test_keys_of_a_table_beside_are_offered(void **state)
{
    static const struct field beside[] = {
        { .name = "also", .kind = FIELD_BESIDE, .table = open_table }, FIELD_END
    };
    struct open open = { 0 };

    (void)state;
    fields_read(beside, node_read_text("o.yaml", SL("knwon: 1"), &options, &it.problems), "", &open,
                &it.problems);
    assert_string_equal(said(), "o.yaml:1:1: error: unknown key `knwon`; did you mean `known`?\n");
}

static void test_a_long_value_is_cut_in_messages(void **state)
{
    (void)state;
    assert_refused("boolean: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\xc3\xa4"
                   "yyyyyyyyyyy\n",
                   "z.yaml:1:10: error: `boolean: "
                   "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx...` is neither "
                   "true nor false\n");
}

/* Printing */

static const char full[] =
    "text: \"123\"\n"
    "long_text: \"two\\nlines \\\"quoted\\\" \\\\ \\u2028 $${env:X} \xc3\xa4\"\n"
    "secret: \"***\"\n"
    "secret_url: \"redis://me:***@host/0\"\n"
    "url: https://example.com/a\n"
    "any_url: com.example.app:/cb\n"
    "template: \"https://{x}/\"\n"
    "path: /abs/p\n"
    "json_path: \"/a/[primary=true]\"\n"
    "cidr: \"10.0.0.0/8\"\n"
    "word: blue\n"
    "boolean: false\n"
    "count: 7\n"
    "workers: auto\n"
    "duration: 90s\n"
    "size: 1000k\n"
    "rate: off\n"
    "words: [red, blue]\n"
    "any_words: []\n"
    "texts: [\"yes\", \"a, b\", c d, \" e\", \"f:\", \"g: h\", \"-\", \"#\"]\n"
    "list:\n"
    "  - aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n"
    "  - bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb\n"
    "urls: [https://a.example]\n"
    "any_urls: []\n"
    "paths: [/x]\n"
    "cidrs: [\"127.0.0.1/32\", \"::1/128\"]\n"
    "pairs:\n"
    "  \"1\": \"2\"\n"
    "  \"true\": a b\n"
    "keys:\n"
    "  k: \"***\"\n"
    "secrets: [\"***\", \"***\"]\n"
    "tree:\n"
    "  a: [1, {b: \"2\", c: null}, []]\n"
    "  d:\n"
    "    e: true\n"
    "  f: {}\n"
    "  g: -1.5\n"
    "nested:\n"
    "  inner: true\n"
    "  text: x\n"
    "pets:\n"
    "  rex:\n"
    "    name: Rex\n"
    "    age: 3\n"
    "    toys: [ball, bone]\n"
    "later: false\n"
    "later_list: [x, z]\n";

static const char *printed(void)
{
    buf_reset(&it.said);
    fields_print(zoo_table, &it.zoo, 0, &it.said);
    return buf_slice(&it.said).at;
}

static void test_what_is_printed_can_be_read_and_printed_again(void **state)
{
    (void)state;
    assert_good(full);
    assert_string_equal(printed(), full);
}

static void test_defaults_are_printed_and_what_is_absent_is_not(void **state)
{
    (void)state;
    assert_string_equal(printed(), "word: green\nboolean: true\ncount: 2\nworkers: auto\n"
                                   "duration: 10m\nsize: 64k\nrate: 30/m\nwords: []\n"
                                   "any_words: [a, b]\ntexts: []\nlist: []\nurls: []\n"
                                   "any_urls: []\npaths: []\ncidrs: []\npairs: {}\nkeys: {}\n"
                                   "secrets: []\nnested:\n  inner: false\npets: {}\n"
                                   "later: false\nlater_list: [x, z]\n");
}

static void test_no_secret_is_printed(void **state)
{
    static const char *const urls[] = {
        "redis://user:hush@host/0",
        "redis://:hush@host:1/0",
        "redis://hush@host",
        "rediss://u:hush/hu@sh:hush@host/0?x=y",
        "redis+unix:/run/r?password=hush",
        "redis+unix:/run/r?db=1&password=hush&x=hush",
        "redis://user:hush@h?password=hush",
        "http://u:hush@proxy:3128",
    };

    (void)state;
    setenv("CARDEA_TEST_VALUE", "hush", 1);
    for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
        read_zoo(arena_printf(&it.arena,
                              "secret: hush\nsecrets: [hush]\nkeys: {k: hush}\nsecret_url: '%s'\n"
                              "tree: {a: \"${env:CARDEA_TEST_VALUE}\"}\n",
                              urls[i])
                     .at);
        assert_string_equal(said(), "");
        if (strstr(printed(), "hush") != NULL)
            fail_msg("%s", printed());
        /* and what was masked can be read, and printed the same */
        const char *once = arena_string(&it.arena, slice_of(printed()));

        assert_good(once);
        assert_string_equal(printed(), once);
    }
}

static const char *const odd_texts[] = {
    "a",
    "true",
    "True",
    "NULL",
    "~",
    "-",
    "--- a",
    "?",
    ": a",
    "a: b",
    "a #b",
    "#b",
    "a:",
    "'a'",
    "\"a\"",
    "a\\b",
    "1",
    "0x1f",
    "1e3",
    "2026-11-23",
    "12:30",
    "!a",
    "&a",
    "*a",
    "@a",
    "`a`",
    "%a",
    "|",
    ">",
    "[a]",
    "{a}",
    "a,b",
    " a",
    "a ",
    "<<",
    "=",
    "${x}",
    "$${x}",
    "$$${x}",
    "$",
    "\xc3\xa4",
    "\xe2\x80\xa8",
    "\xef\xbb\xbf",
    "a\xc2\x85-b",
    "\xf0\x9f\x90\x88",
    "y",
    "no",
    ".inf",
    "https://a.example/?b=c&d=e#f",
};

static void test_every_text_survives_being_printed(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(odd_texts) / sizeof(odd_texts[0]); i++) {
        struct slice text = slice_of(odd_texts[i]);
        struct pair pair = { text, text };

        if (strstr(odd_texts[i], "${") != NULL || strstr(odd_texts[i], "\xc2\x85") != NULL)
            pair.name = SL("k");
        start_again();
        it.zoo.text = text;
        it.zoo.texts = (struct texts){ &text, 1 };
        it.zoo.pairs = (struct pairs){ &pair, 1 };
        const char *once = arena_string(&it.arena, slice_of(printed()));
        bool refused = strstr(odd_texts[i], "\xc2\x85") != NULL; /* a control character */

        read_zoo(once);
        if (refused) {
            assert_true(it.problems.errors > 0);
            continue;
        }
        assert_string_equal(said(), "");
        assert_slice(it.zoo.text, odd_texts[i]);
        assert_slice(it.zoo.texts.at[0], odd_texts[i]);
        assert_slice(it.zoo.pairs.at[0].value, odd_texts[i]);
        assert_slice(it.zoo.pairs.at[0].name, pair.name.at);
    }
}

/* The schema */

static void test_the_schema_says_what_the_table_says(void **state)
{
    (void)state;
    json_t *schema = fields_schema(zoo_table);
    const json_t *properties = json_object_get(schema, "properties");

    assert_true(slice_is(json_member(schema, "type"), "object"));
    assert_true(json_is_false(json_object_get(schema, "additionalProperties")));
    assert_null(json_object_get(schema, "required"));
    assert_int_equal(json_object_size(properties), sizeof(zoo_table) / sizeof(zoo_table[0]) - 1);
    assert_true(
        slice_is(json_member(json_object_get(properties, "text"), "description"), "Any text."));
    assert_true(slice_is(json_member(json_object_get(properties, "word"), "default"), "green"));
    assert_true(slice_is(json_slice(json_at(properties, SL("/word/anyOf/0/enum/2"))), "blue"));
    assert_int_equal(json_integer_value(json_at(properties, SL("/count/anyOf/0/maximum"))), 10);
    assert_int_equal(json_integer_value(json_at(properties, SL("/count/default"))), 2);
    assert_true(json_is_true(json_at(properties, SL("/boolean/default"))));
    assert_true(slice_is(json_slice(json_at(properties, SL("/any_words/default/1"))), "b"));
    assert_true(slice_is(
        json_slice(json_at(properties, SL("/pets/additionalProperties/required/0"))), "name"));
    assert_non_null(json_at(properties, SL("/pets/propertyNames/pattern")));
    json_decref(schema);
    schema = fields_schema(open_table);
    assert_true(json_is_true(json_object_get(schema, "additionalProperties")));
    assert_int_equal(json_object_size(json_object_get(schema, "properties")), 1);
    json_decref(schema);
}

static void test_rows_are_found_by_name(void **state)
{
    (void)state;
    assert_ptr_equal(fields_find(zoo_table, SL("text")), &zoo_table[0]);
    assert_null(fields_find(zoo_table, SL("tex")));
    assert_null(fields_find(open_table, SL("rest")));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_defaults_come_from_the_table),
        TEST(test_texts_are_taken),
        TEST(test_texts_that_are_none_are_refused),
        TEST(test_a_value_that_cannot_be_read_leaves_the_default),
        TEST(test_a_key_without_a_value_is_the_default_where_that_can_be_nothing),
        TEST(test_urls_are_https_or_on_loopback),
        TEST(test_any_url_is_absolute_and_has_no_wildcard),
        TEST(test_templates_have_names_in_braces),
        TEST(test_paths_are_seen_from_the_folder_of_their_file),
        TEST(test_json_paths_are_judged),
        TEST(test_words_are_known_or_a_near_one_is_named),
        TEST(test_yaml_has_six_words_for_true_and_false),
        TEST(test_a_quoted_replacement_may_be_a_number_or_a_bool),
        TEST(test_what_was_put_in_is_not_shown_in_messages),
        TEST(test_counts_are_digits_within_limits),
        TEST(test_a_count_may_have_a_word),
        TEST(test_durations_have_a_unit),
        TEST(test_sizes_are_bytes_or_have_a_unit),
        TEST(test_rates_have_a_window),
        TEST(test_address_ranges_are_read),
        TEST(test_a_list_may_be_one_text),
        TEST(test_the_elements_of_a_list_are_texts),
        TEST(test_pairs_are_merged_and_empty_values_remove),
        TEST(test_the_values_of_pairs_are_texts),
        TEST(test_a_tree_may_be_anything),
        TEST(test_a_map_of_structs_keeps_its_order_and_its_ids),
        TEST(test_ids_that_could_mean_something_in_a_path_are_refused),
        TEST(test_a_missing_key_is_named_with_its_map),
        TEST(test_what_may_stand_in_a_file_that_is_missing_is_not_missed),
        TEST(test_an_unknown_key_is_refused_and_the_nearest_is_named),
        TEST(test_everything_wrong_is_said_in_one_run_sorted_by_place),
        TEST(test_what_is_broken_already_is_not_judged_again),
        TEST(test_a_document_that_is_no_map_is_refused),
        TEST(test_a_secret_others_may_read_is_refused_with_the_remedy),
        TEST(test_secrets_are_not_shown_in_messages),
        TEST(test_what_nobody_heeds_yet_is_refused_unless_it_is_the_default),
        TEST(test_the_rest_is_kept_where_a_table_wants_it),
        TEST(test_keys_of_a_table_beside_are_offered),
        TEST(test_a_long_value_is_cut_in_messages),
        TEST(test_what_is_printed_can_be_read_and_printed_again),
        TEST(test_defaults_are_printed_and_what_is_absent_is_not),
        TEST(test_no_secret_is_printed),
        TEST(test_every_text_survives_being_printed),
        TEST(test_the_schema_says_what_the_table_says),
        TEST(test_rows_are_found_by_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
