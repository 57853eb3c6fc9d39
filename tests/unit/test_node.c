#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/json.h"
#include "base/memory.h"
#include "config/node.h"
#include "scratch_folder.h"

#include <sys/resource.h>

static const struct node_options plain = { 0 };
static const struct node_options all = { .substitute = true, .include = true };

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

static struct node *read_text(const char *text)
{
    return node_read_text("a.yaml", slice_of(text), &plain, &it.problems);
}

static struct node *read_all(const char *text)
{
    return node_read_text("a.yaml", slice_of(text), &all, &it.problems);
}

/* Time of our own, so that a busy machine does not matter. */
static int64_t spent_ms(void)
{
    return (int64_t)clock() * 1000 / CLOCKS_PER_SEC;
}

/* All that was said, with the test's folder taken out. */
static const char *said(void)
{
    struct buf raw = BUF_INIT(1024 * 1024);
    struct slice folder = slice_of(it.folder.path);

    problems_write(&it.problems, &raw);
    struct slice rest = buf_slice(&raw);

    buf_reset(&it.said);
    for (size_t at; (at = slice_find_text(rest, folder)) < rest.len;
         rest = slice_from(rest, at + folder.len)) {
        buf_add(&it.said, slice_sub(rest, 0, at));
        buf_add_text(&it.said, "FOLDER");
    }
    buf_add(&it.said, rest);
    buf_release(&raw);
    return it.said.at != NULL ? it.said.at : "";
}

static void write_json(const struct node *node, char text[1024])
{
    json_t *json = node_to_json(node);
    char *written = json_dumps(json, JSON_ENCODE_ANY | JSON_COMPACT);

    snprintf(text, 1024, "%s", written);
    free(written);
    json_decref(json);
}

#define assert_tree(read, json)                                                                    \
    do {                                                                                           \
        char written_tree[1024];                                                                   \
        const struct node *the_tree = (read);                                                      \
        assert_string_equal(said(), "");                                                           \
        assert_non_null(the_tree);                                                                 \
        write_json(the_tree, written_tree);                                                        \
        assert_string_equal(written_tree, json);                                                   \
    } while (0)

#define assert_refused(text, problem)                                                              \
    do {                                                                                           \
        it.problems = (struct problems){ .arena = &it.arena };                                     \
        read_text(text);                                                                           \
        assert_string_equal(said(), problem);                                                      \
    } while (0)

static void test_yaml_becomes_a_tree(void **state)
{
    (void)state;
    assert_tree(read_text("a: 1\nb: [x, 'y', \"z\"]\nc:\n  d: |\n    two\n    lines\n  e:\n"),
                "{\"a\":1,\"b\":[\"x\",\"y\",\"z\"],\"c\":{\"d\":\"two\\nlines\\n\",\"e\":null}}");
}

static void test_json_is_yaml(void **state)
{
    (void)state;
    assert_tree(read_text("{\"a\": [1, true, null, \"1\", \"\\u00e4\"], \"b\": {}}"),
                "{\"a\":[1,true,null,\"1\",\"\xc3\xa4\"],\"b\":{}}");
}

static void test_an_empty_file_is_an_empty_map(void **state)
{
    (void)state;
    assert_tree(read_text(""), "{}");
    assert_tree(read_text("# nothing\n"), "{}");
    assert_tree(read_text("---\n"), "{}");
    assert_tree(read_text("~"), "{}");
    assert_tree(node_read_text("a.yaml", slice_none(), &plain, &it.problems), "{}");
}

static void test_every_part_knows_its_place(void **state)
{
    (void)state;
    struct node *root = read_text("# one\nfirst: 1\nsecond:\n  - \xc3\xa4: b\n");

    assert_non_null(root);
    assert_int_equal(root->members[1].mark.line, 3);
    assert_int_equal(root->members[1].mark.column, 1);
    assert_int_equal(root->members[0].value->mark.line, 2);
    assert_int_equal(root->members[0].value->mark.column, 8);
    assert_string_equal(root->mark.file, "a.yaml");
    const struct node *item = root->members[1].value->items[0];

    assert_int_equal(item->members[0].mark.column, 5);
    assert_int_equal(item->members[0].value->mark.column, 8); /* characters, not bytes */
}

static void test_a_byte_order_mark_is_no_part_of_the_first_key(void **state)
{
    (void)state;
    assert_tree(read_text("\xef\xbb\xbf"
                          "a: 1\n"),
                "{\"a\":1}");
}

static void test_quotes_are_remembered(void **state)
{
    (void)state;
    struct node *root = read_text("a: 1\nb: '1'\nc: |\n  1\nd: ''\ne: 'null'\n");

    assert_false(node_get(root, "a")->quoted);
    assert_true(node_get(root, "b")->quoted);
    assert_true(node_get(root, "c")->quoted);
    assert_int_equal(node_get(root, "d")->kind, NODE_TEXT);
    assert_int_equal(node_get(root, "e")->kind, NODE_TEXT);
}

static void test_anchors_aliases_tags_and_merge_keys_are_refused(void **state)
{
    (void)state;
    assert_refused("a: &x 1\nb: *x\n",
                   "a.yaml:1:4: error: an anchor (&x): write the value out where it is needed\n"
                   "a.yaml:2:4: error: an alias (*x): write the value out where it is needed\n");
    assert_refused("a: !!binary aGk=\n",
                   "a.yaml:1:4: error: a tag (tag:yaml.org,2002:binary): types are known here, "
                   "remove it\n");
    assert_refused("a: ! b\n", "a.yaml:1:4: error: a tag (!): types are known here, remove it\n");
    assert_refused("a: !x {b: c}\n",
                   "a.yaml:1:4: error: a tag (!x): types are known here, remove it\n");
    assert_refused("a:\n  <<: {b: c}\n",
                   "a.yaml:2:3: error: a merge key (<<): write the members out where they are "
                   "needed\n");
    assert_refused("&k a: 1\n",
                   "a.yaml:1:1: error: an anchor (&k): write the value out where it is needed\n");
}

static void test_the_value_of_an_alias_is_broken(void **state)
{
    (void)state;
    struct node *root = read_text("a: &a [1]\nb: *a\n");

    assert_true(node_get(root, "b")->broken);
    assert_false(node_get(root, "a")->broken);
}

static void test_a_doubled_key_is_refused_and_the_first_is_named(void **state)
{
    (void)state;
    assert_refused("a: 1\nb: 2\na: 3\n", "a.yaml:3:1: error: the key `a` stands twice in this map; "
                                         "the first one is in line 1\n");
    assert_refused("x: {a: 1, \"a\": 2}\n", "a.yaml:1:11: error: the key `a` stands twice in this "
                                            "map; the first one is in line 1\n");
}

static void test_a_key_is_plain_text(void **state)
{
    (void)state;
    assert_refused("[a, b]: c\n", "a.yaml:1:1: error: a key is plain text\n");
    assert_refused("? {a: b}\n: c\n", "a.yaml:1:3: error: a key is plain text\n");
    assert_refused("{? : c}\n", "a.yaml:1:4: error: there is no key in front of this \":\"\n");
    assert_refused("~: c\n", "a.yaml:1:1: error: there is no key in front of this \":\"\n");
    assert_refused("\"a\\nb\": c\n",
                   "a.yaml:1:1: error: a key is one line of text without control characters\n");
    assert_refused("\"\\x1b[2J\": c\n",
                   "a.yaml:1:1: error: a key is one line of text without control characters\n");
}

static void test_control_characters_are_refused(void **state)
{
    (void)state;
    assert_refused("a: \"\\0\"\n", "a.yaml:1:4: error: a control character stands in this text\n");
    assert_refused("a: 1\nb: \"\\x1b[2J\"\n",
                   "a.yaml:2:4: error: a control character stands in this text\n");
    assert_refused("a: \"\\x9b\"\n",
                   "a.yaml:1:4: error: a control character stands in this text\n");
    assert_refused("a: 1\nb: x\x01y\n", "a.yaml:2:5: error: a control character stands here\n");
    assert_refused("a: x\x7fy\n", "a.yaml:1:5: error: a control character stands here\n");
}

static void test_bytes_that_are_no_utf8_are_refused_with_their_line(void **state)
{
    (void)state;
    assert_refused("a: 1\nb: \xff\n", "a.yaml:2:4: error: this is no UTF-8 text\n");
    assert_refused("a: 1\nb: \xc3\xa4\xc0\xaf\n", "a.yaml:2:5: error: this is no UTF-8 text\n");
    assert_refused("a: \xed\xa0\x80\n", "a.yaml:1:4: error: this is no UTF-8 text\n");
}

static void test_a_nul_is_refused_with_its_line(void **state)
{
    (void)state;
    node_read_text("a.yaml", SL("a: 1\nb: x\0y\n"), &plain, &it.problems);
    assert_string_equal(said(), "a.yaml:2:5: error: a control character stands here\n");
}

static void test_utf16_is_refused(void **state)
{
    (void)state;
    assert_null(node_read_text("a.yaml",
                               SL("\xff\xfe"
                                  "a\0:\0 \0"
                                  "1\0"),
                               &plain, &it.problems));
    assert_string_equal(said(), "a.yaml:1:1: error: this is no UTF-8 text\n");
}

static void test_broken_syntax_is_said_in_plain_words(void **state)
{
    (void)state;
    assert_refused("a:\n\tb: c\n",
                   "a.yaml:2:1: error: no value can begin with this character: indent with spaces "
                   "instead of tabs, and put text that begins with @ ` or % in quotes\n");
    assert_refused("a: b: c\n", "a.yaml:1:5: error: \":\" cannot stand here: check the "
                                "indentation, and put text with \": \" in it in quotes\n");
    assert_refused("a: [b\n",
                   "a.yaml:2:1: error: a \",\" or the \"]\" of the list is missing here\n");
    assert_refused("x: 1\na: \"b\n",
                   "a.yaml:2:4: error: the quotes that begin here are not closed\n");
    assert_refused("a: 1\n b: 2\n", "a.yaml:2:3: error: \":\" cannot stand here: check the "
                                    "indentation, and put text with \": \" in it in quotes\n");
}

static void test_a_second_document_is_refused(void **state)
{
    (void)state;
    assert_null(read_text("a: 1\n---\nb: 2\n"));
    assert_string_equal(said(),
                        "a.yaml:2:1: error: a second document begins here: one file holds one\n");
}

static void test_nesting_ends_at_thirty_two(void **state)
{
    char text[80];

    (void)state;
    memset(text, '[', 32);
    memset(text + 32, ']', 32);
    assert_non_null(node_read_text("a.yaml", slice_make(text, 64), &plain, &it.problems));
    assert_string_equal(said(), "");
    memset(text, '[', 33);
    memset(text + 33, ']', 33);
    assert_null(node_read_text("a.yaml", slice_make(text, 66), &plain, &it.problems));
    assert_string_equal(said(), "a.yaml:1:33: error: this is nested more than 32 deep\n");
}

/* V01 of the attack catalogue, and what else makes libyaml slow or large. */
static void assert_cheap(const char *what, struct slice text)
{
    int64_t begin = spent_ms();

    node_read_text("a.yaml", text, &plain, &it.problems);
    assert_true(it.problems.errors > 0);
    if (spent_ms() - begin >= 1000)
        fail_msg("%s took %lld ms", what, (long long)(spent_ms() - begin));
    if (arena_size(&it.arena) >= 40 * 1024 * 1024)
        fail_msg("%s took %zu bytes", what, arena_size(&it.arena));
    arena_release(&it.arena);
    it.problems = (struct problems){ .arena = &it.arena };
}

static void assert_repeated_cheap(const char *piece)
{
    struct buf buf = BUF_INIT(NODE_FILE_MAX);
    struct slice one = slice_of(piece);

    while (buf.len + one.len <= NODE_FILE_MAX)
        buf_add(&buf, one);
    assert_cheap(piece, buf_slice(&buf));
    buf_release(&buf);
}

static void test_attack_documents_cost_little(void **state)
{
    (void)state;
    assert_repeated_cheap("[");
    assert_repeated_cheap("{a: ");
    assert_repeated_cheap("- ");
    assert_repeated_cheap("? ");
    assert_repeated_cheap("[a,");
    assert_repeated_cheap("[]\n");
    assert_repeated_cheap("- a\n");
    assert_repeated_cheap("a: 1\n");
    assert_repeated_cheap("- &a [*a]\n");
    assert_repeated_cheap("- !x y\n");
    assert_repeated_cheap("\"");
    assert_repeated_cheap("- ~\n");
    assert_cheap("a bomb", SL("a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\n"
                              "c: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\n"
                              "d: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c]\n"
                              "e: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d]\n"
                              "f: &f [*e,*e,*e,*e,*e,*e,*e,*e,*e]\n"
                              "g: &g [*f,*f,*f,*f,*f,*f,*f,*f,*f]\n"
                              "h: &h [*g,*g,*g,*g,*g,*g,*g,*g,*g]\n"
                              "i: [*h,*h,*h,*h,*h,*h,*h,*h,*h]\n"));
    assert_cheap("a cycle", SL("a: &a [*a]\n"));
}

static void test_a_text_beyond_the_limit_is_not_looked_at(void **state)
{
    char *text = mem_alloc(NODE_FILE_MAX + 1);

    (void)state;
    memset(text, ' ', NODE_FILE_MAX + 1);
    assert_null(
        node_read_text("a.yaml", slice_make(text, NODE_FILE_MAX + 1), &plain, &it.problems));
    assert_string_equal(said(), "a.yaml: error: this text is longer than 1048576 bytes\n");
    mem_free(text);
}

/* Files */

static struct node *read_file(const char *name, const struct node_options *options)
{
    return node_read_file(scratch_path(&it.folder, &it.arena, name), options, &it.problems);
}

static void test_a_file_that_is_not_there_is_named(void **state)
{
    (void)state;
    assert_null(read_file("none.yaml", &all));
    assert_string_equal(said(), "FOLDER/none.yaml: error: this file cannot be read: No such file "
                                "or directory\n");
    assert_true(it.problems.incomplete);
}

static void test_what_is_no_plain_file_is_refused_at_once(void **state)
{
    (void)state;
    assert_int_equal(mkfifo(scratch_path(&it.folder, &it.arena, "fifo"), 0600), 0);
    assert_null(read_file("fifo", &all));
    assert_null(node_read_file("/dev/zero", &all, &it.problems));
    assert_null(node_read_file(it.folder.path, &all, &it.problems));
    assert_string_equal(said(), "/dev/zero: error: this file is no plain file\n"
                                "FOLDER: error: this file is a folder\n"
                                "FOLDER/fifo: error: this file is no plain file\n");
}

static void test_a_file_beyond_the_limit_is_refused_without_reading_it(void **state)
{
    (void)state;
    const char *path = scratch_write(&it.folder, &it.arena, "big.yaml", "a: 1\n");

    assert_int_equal(truncate(path, 100 * 1024 * 1024), 0);
    assert_null(read_file("big.yaml", &all));
    assert_string_equal(said(), "FOLDER/big.yaml: error: this file is longer than 1048576 bytes\n");
}

static void test_a_file_of_exactly_the_limit_is_read(void **state)
{
    (void)state;
    const char *path = scratch_write(&it.folder, &it.arena, "a.yaml", "");
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    for (int i = 0; i < NODE_FILE_MAX / 16; i++)
        fputs("# 3456789012345\n", file);
    fclose(file);
    assert_tree(read_file("a.yaml", &all), "{}");
}

/* Replacements */

static void test_an_environment_variable_is_put_in(void **state)
{
    (void)state;
    setenv("CARDEA_TEST_PORT", "8080", 1);
    assert_tree(
        read_all("a: ${env:CARDEA_TEST_PORT}\nb: \"h:${env:CARDEA_TEST_PORT}/${env:CARDEA_TEST_"
                 "PORT}\"\n"),
        "{\"a\":8080,\"b\":\"h:8080/8080\"}");
}

static void test_what_is_put_in_is_not_searched_again(void **state)
{
    (void)state;
    setenv("CARDEA_TEST_OUTER", "${env:CARDEA_TEST_INNER}", 1);
    setenv("CARDEA_TEST_INNER", "wrong", 1);
    assert_tree(read_all("a: '${env:CARDEA_TEST_OUTER}'\n"),
                "{\"a\":\"${env:CARDEA_TEST_INNER}\"}");
}

static void test_a_doubled_dollar_is_a_dollar(void **state)
{
    (void)state;
    assert_tree(read_all("a: '$${env:X} $5 $$'\n"), "{\"a\":\"${env:X} $5 $$\"}");
}

static void test_nothing_is_replaced_unless_asked_for(void **state)
{
    (void)state;
    assert_tree(read_text("a: '${env:X}'\n'${b}': 1\n"), "{\"a\":\"${env:X}\",\"${b}\":1}");
}

static void test_a_replacement_that_fails_is_a_problem_and_breaks_the_value(void **state)
{
    (void)state;
    unsetenv("CARDEA_TEST_NONE");
    struct node *root = read_all("a: ${env:CARDEA_TEST_NONE}\n"
                                 "b: ${enw:X}\n"
                                 "c: ${env:A B}\n"
                                 "d: 'x ${env:X'\n"
                                 "e: ${file:/none/at/all}\n"
                                 "f: ${file:}\n"
                                 "'${env:X}': 1\n");

    assert_true(node_get(root, "a")->broken);
    assert_string_equal(
        said(),
        "a.yaml:1:4: error: `${env:CARDEA_TEST_NONE}`: this environment variable is not set\n"
        "a.yaml:2:4: error: `${enw:X}`: write ${env:NAME}, ${file:PATH} or ${credential:NAME}, and "
        "$${ where \"${\" itself is meant\n"
        "a.yaml:3:4: error: `${env:A B}`: a variable's name has letters, digits and `_` only\n"
        "a.yaml:4:4: error: the \"}\" of `${env:X` is missing\n"
        "a.yaml:5:4: error: `${file:/none/at/all}`: `/none/at/all` cannot be read: No such file or "
        "directory\n"
        "a.yaml:6:4: error: `${file:}`: the path is missing\n"
        "a.yaml:7:1: error: \"${\" is replaced in values only, not in keys\n");
}

static void test_a_file_is_put_in_without_its_last_newline(void **state)
{
    (void)state;
    scratch_write(&it.folder, &it.arena, "one", "hush\n");
    scratch_write(&it.folder, &it.arena, "two", "hush\n\n");
    scratch_write(&it.folder, &it.arena, "dos", "hush\r\n");
    scratch_write(&it.folder, &it.arena, "bare", "hush");
    scratch_write(&it.folder, &it.arena, "a.yaml",
                  "a: ${file:one}\nb: ${file:two}\nc: ${file:dos}\nd: ${file:bare}\n");
    assert_tree(read_file("a.yaml", &all),
                "{\"a\":\"hush\",\"b\":\"hush\\n\",\"c\":\"hush\",\"d\":\"hush\"}");
}

static void test_a_secret_that_others_may_read_is_marked(void **state)
{
    (void)state;
    scratch_write(&it.folder, &it.arena, "closed", "hush");
    const char *open = scratch_write(&it.folder, &it.arena, "open", "hush");

    chmod(open, 0640);
    scratch_write(&it.folder, &it.arena, "a.yaml", "a: ${file:closed}\nb: ${file:open}\n");
    struct node *root = read_file("a.yaml", &all);

    assert_null(node_get(root, "a")->open_file);
    assert_string_equal(node_get(root, "b")->open_file, open);
}

static void test_a_replacement_that_is_no_text_or_no_file_is_refused(void **state)
{
    (void)state;
    scratch_write(&it.folder, &it.arena, "bytes", "\xff\xfe");
    scratch_write(&it.folder, &it.arena, "a.yaml",
                  "a: ${file:bytes}\nb: ${file:/dev/zero}\nc: ${file:.}\n");
    read_file("a.yaml", &all);
    assert_string_equal(said(),
                        "FOLDER/a.yaml:1:4: error: `${file:bytes}`: what it holds is no text: keys "
                        "and other bytes are written in base64\n"
                        "FOLDER/a.yaml:2:4: error: `${file:/dev/zero}`: `/dev/zero` is no plain "
                        "file\n"
                        "FOLDER/a.yaml:3:4: error: `${file:.}`: `FOLDER/.` is a folder\n");
}

static void test_a_credential_is_a_file_of_systemd(void **state)
{
    (void)state;
    scratch_write(&it.folder, &it.arena, "key", "hush\n");
    setenv("CREDENTIALS_DIRECTORY", it.folder.path, 1);
    assert_tree(read_all("a: ${credential:key}\n"), "{\"a\":\"hush\"}");
    read_all("a: ${credential:../key}\n");
    unsetenv("CREDENTIALS_DIRECTORY");
    read_all("\na: ${credential:key}\n");
    assert_string_equal(said(), "a.yaml:1:4: error: `${credential:../key}`: a credential's name is "
                                "the name of a file without its folder\n"
                                "a.yaml:2:4: error: `${credential:key}`: $CREDENTIALS_DIRECTORY is "
                                "not set: systemd sets it for units with LoadCredential=\n");
}

static void test_all_replacements_together_have_a_limit(void **state)
{
    (void)state;
    const char *path = scratch_write(&it.folder, &it.arena, "big", "");
    struct buf text = BUF_INIT(1024 * 1024);
    int64_t begin = spent_ms();

    FILE *file = fopen(path, "w");

    assert_non_null(file);
    for (int i = 0; i < NODE_FILE_MAX; i++)
        fputc('x', file);
    fclose(file);
    for (int i = 0; i < 30000; i++)
        buf_add_text(&text, "- ${file:big}\n");
    scratch_write(&it.folder, &it.arena, "a.yaml", text.at);
    buf_release(&text);
    read_file("a.yaml", &all);
    assert_true(it.problems.errors > 20000);
    assert_non_null(strstr(said(), "all replacements together are longer than 8 MiB"));
    assert_true(arena_size(&it.arena) < 40 * 1024 * 1024);
    assert_true(spent_ms() - begin < 2000);
}

/* Includes */

static void test_included_maps_are_joined(void **state)
{
    (void)state;
    scratch_write(&it.folder, &it.arena, "d/a.yaml", "m: {a: 1}\nn: {x: 1}\n");
    scratch_write(&it.folder, &it.arena, "d/b.yaml", "m: {b: 2}\n");
    scratch_write(&it.folder, &it.arena, "d/c.txt", "m: {c: 2}\n");
    scratch_write(&it.folder, &it.arena, "main.yaml", "include: [d/*.yaml]\nm: {z: 0}\nn:\n");
    assert_tree(read_file("main.yaml", &all),
                "{\"include\":[\"d/*.yaml\"],\"m\":{\"z\":0,\"a\":1,\"b\":2},\"n\":{\"x\":1}}");
}

static void test_an_included_file_may_include(void **state)
{
    (void)state;
    scratch_write(&it.folder, &it.arena, "d/a.yaml", "include: more.yml\nm: {a: 1}\n");
    scratch_write(&it.folder, &it.arena, "d/more.yml", "m: {b: 1}\n");
    scratch_write(&it.folder, &it.arena, "main.yaml", "include: d/*.yaml\n");
    assert_tree(read_file("main.yaml", &all), "{\"include\":\"d/*.yaml\",\"m\":{\"a\":1,\"b\":1}}");
}

static void test_a_file_that_two_patterns_find_is_read_once(void **state)
{
    (void)state;
    scratch_write(&it.folder, &it.arena, "d/a.yaml", "m: {a: 1}\n");
    scratch_write(&it.folder, &it.arena, "main.yaml", "include: [d/*.yaml, d/../d/a.yaml]\n");
    struct node *root = read_file("main.yaml", &all);

    assert_string_equal(said(), "");
    assert_int_equal(node_get(root, "m")->count, 1);
}

static void test_a_key_that_two_files_give_names_both_places(void **state)
{
    (void)state;
    scratch_write(&it.folder, &it.arena, "d/a.yaml", "m: {a: 1}\ntop: 1\n");
    scratch_write(&it.folder, &it.arena, "d/b.yaml", "m:\n  a: 1\n");
    scratch_write(&it.folder, &it.arena, "main.yaml", "include: [d/*.yaml]\ntop: 2\n");
    read_file("main.yaml", &all);
    assert_string_equal(said(), "FOLDER/d/a.yaml:2:1: error: the key `top` is already given at "
                                "FOLDER/main.yaml:2:1: keep one of them\n"
                                "FOLDER/d/b.yaml:2:3: error: the key `m.a` is already given at "
                                "FOLDER/d/a.yaml:1:5: keep one of them\n");
}

static void test_a_file_name_that_finds_nothing_is_a_problem_a_pattern_is_not(void **state)
{
    (void)state;
    scratch_write(&it.folder, &it.arena, "main.yaml",
                  "include:\n- d/*.yaml\n- none/*.yaml\n- none.yaml\n- {}\n- ''\n");
    read_file("main.yaml", &all);
    assert_string_equal(said(), "FOLDER/main.yaml:4:3: error: there is no file `none.yaml` to "
                                "include\n"
                                "FOLDER/main.yaml:5:3: error: `include` is a list of file names or "
                                "patterns such as providers.d/*.yaml\n"
                                "FOLDER/main.yaml:6:3: error: `include` is a list of file names or "
                                "patterns such as providers.d/*.yaml\n");
    assert_true(it.problems.incomplete);
}

static void test_a_folder_that_cannot_be_listed_is_a_problem(void **state)
{
    (void)state;
    assert_int_equal(symlink("loop", scratch_path(&it.folder, &it.arena, "loop")), 0);
    scratch_write(&it.folder, &it.arena, "main.yaml", "include: loop/*.yaml\n");
    read_file("main.yaml", &all);
    assert_string_equal(said(),
                        "FOLDER/main.yaml:1:10: error: the files for `loop/*.yaml` cannot be "
                        "listed: Too many levels of symbolic links\n");
    assert_true(it.problems.incomplete);
}

static void test_include_cycles_end(void **state)
{
    (void)state;
    scratch_write(&it.folder, &it.arena, "main.yaml", "include: [main.yaml, a.yaml]\nx: 1\n");
    scratch_write(&it.folder, &it.arena, "a.yaml", "include: b.yaml\n");
    scratch_write(&it.folder, &it.arena, "b.yaml", "include: '*.yaml'\n");
    read_file("main.yaml", &all);
    assert_string_equal(
        said(), "FOLDER/b.yaml:1:10: error: `FOLDER/a.yaml` includes itself by this line\n"
                "FOLDER/b.yaml:1:10: error: `FOLDER/b.yaml` includes itself by this line\n"
                "FOLDER/b.yaml:1:10: error: `FOLDER/main.yaml` includes itself by this line\n"
                "FOLDER/main.yaml:1:11: error: `FOLDER/main.yaml` includes itself by this line\n");
}

static void test_an_included_file_may_be_broken_and_the_rest_is_read(void **state)
{
    (void)state;
    scratch_write(&it.folder, &it.arena, "d/a.yaml", "m: [\n");
    scratch_write(&it.folder, &it.arena, "d/b.yaml", "- 1\n");
    scratch_write(&it.folder, &it.arena, "d/c.yaml", "m: {c: 1}\n");
    assert_int_equal(mkfifo(scratch_path(&it.folder, &it.arena, "d/d.yaml"), 0600), 0);
    scratch_write(&it.folder, &it.arena, "main.yaml", "include: [d/*.yaml]\n");
    struct node *root = read_file("main.yaml", &all);

    assert_int_equal(node_get(root, "m")->count, 1);
    assert_true(it.problems.incomplete);
    assert_string_equal(
        said(), "FOLDER/d/a.yaml:2:1: error: a value is missing here, or the list or map before it "
                "is not closed\n"
                "FOLDER/d/b.yaml:1:1: error: an included file has keys at its top\n"
                "FOLDER/main.yaml:1:11: error: the included file `FOLDER/d/d.yaml` is no plain "
                "file\n");
}

static void test_the_number_of_included_files_has_a_limit(void **state)
{
    (void)state;
    for (int i = 0; i < NODE_FILES_MAX + 10; i++) {
        char name[32];

        snprintf(name, sizeof(name), "d/%03d.yaml", i);
        scratch_write(&it.folder, &it.arena, name, "");
    }
    scratch_write(&it.folder, &it.arena, "main.yaml", "include: [d/*.yaml]\n");
    read_file("main.yaml", &all);
    assert_string_equal(said(), "FOLDER/main.yaml:1:11: error: more than 256 files are included\n");
}

static void test_a_folder_with_pattern_letters_in_its_name_is_itself(void **state)
{
    (void)state;
    scratch_write(&it.folder, &it.arena, "[a]*/b.yaml", "m: 1\n");
    scratch_write(&it.folder, &it.arena, "[a]*/main.yaml", "include: b.*\n");
    assert_tree(read_file("[a]*/main.yaml", &all), "{\"include\":\"b.*\",\"m\":1}");
}

static void test_nothing_is_included_unless_asked_for(void **state)
{
    (void)state;
    assert_tree(read_text("include: none.yaml\n"), "{\"include\":\"none.yaml\"}");
}

/* Problems */

static void test_problems_are_sorted_by_place_and_said_once(void **state)
{
    (void)state;
    struct mark late = { "b.yaml", 2, 1 };
    struct mark early = { "b.yaml", 1, 9 };

    problem_add(&it.problems, late, "late");
    problem_warn(&it.problems, early, "early %d", 1);
    problem_add(&it.problems, early, "early %d", 2);
    problem_add(&it.problems, late, "late");
    problem_add(&it.problems, (struct mark){ "a.yaml", 7, 1 }, "first file");
    problem_add(&it.problems, (struct mark){ 0 }, "nowhere");
    assert_string_equal(said(), "error: nowhere\na.yaml:7:1: error: first file\n"
                                "b.yaml:1:9: warning: early 1\nb.yaml:1:9: error: early 2\n"
                                "b.yaml:2:1: error: late\n");
    assert_int_equal(it.problems.errors, 4);
    assert_int_equal(it.problems.warnings, 1);
}

static void test_a_problem_stays_in_its_line(void **state)
{
    (void)state;
    problem_add(&it.problems, (struct mark){ 0 }, "a\nb\x1b[2J\xc2\x9b\x7f\xc3\xa4");
    assert_string_equal(said(), "error: a?b?[2J???\xc3\xa4\n");
}

static void test_a_problem_that_quotes_a_whole_document_is_cut(void **state)
{
    char text[5000];

    (void)state;
    memset(text, 'x', sizeof(text));
    problem_add(&it.problems, (struct mark){ 0 }, "%.*s", (int)sizeof(text), text);
    assert_int_equal(strlen(said()), strlen("error: \n") + 3000);
}

static void test_too_many_problems_are_counted(void **state)
{
    (void)state;
    for (unsigned i = 0; i < PROBLEMS_KEPT_MAX + 7; i++)
        problem_add(&it.problems, (struct mark){ "a.yaml", i + 1, 1 }, "bad");
    assert_int_equal(it.problems.errors, PROBLEMS_KEPT_MAX + 7);
    const char *end = strstr(said(), "a.yaml:500:1: error: bad\n");

    assert_non_null(end);
    assert_string_equal(end, "a.yaml:500:1: error: bad\nerror: and 7 more\n");
}

/* Names */

static const char *nearest(const char *name)
{
    static const char *const names[] = { "client_id", "client_secret", "id",   "title",
                                         "directory", "locale",        "logo", "connections" };

    return nearest_name(slice_of(name), names, sizeof(names) / sizeof(names[0]));
}

static void test_the_nearest_name_is_a_spelling_mistake_away(void **state)
{
    (void)state;
    assert_string_equal(nearest("cleint_id"), "client_id");
    assert_string_equal(nearest("clientId"), "client_id");
    assert_string_equal(nearest("CLIENT-ID"), "client_id");
    assert_string_equal(nearest("client_secert"), "client_secret");
    assert_string_equal(nearest("titel"), "title");
    assert_string_equal(nearest("directroy"), "directory");
    assert_string_equal(nearest("connection"), "connections");
}

static void test_another_word_has_no_nearest_name(void **state)
{
    char longest[100];

    (void)state;
    assert_null(nearest("login"));
    assert_null(nearest("ie"));
    assert_null(nearest("timeout"));
    assert_null(nearest(""));
    memset(longest, 'x', sizeof(longest) - 1);
    longest[sizeof(longest) - 1] = '\0';
    assert_null(nearest(longest));
}

/* JSON */

static void test_json_becomes_a_tree_and_json_again(void **state)
{
    (void)state;
    const char *why;
    json_t *json = json_read(&it.arena, SL("{\"a\":[1,true,null,\"1\",-2.5],\"b\":{\"c\":\"x\"}}"),
                             1000, &why);
    struct node *root = node_from_json(&it.arena, json, (struct mark){ "plugin", 3, 1 });

    json_decref(json);
    assert_tree(root, "{\"a\":[1,true,null,\"1\",-2.5],\"b\":{\"c\":\"x\"}}");
    assert_string_equal(node_get(root, "a")->items[1]->text.at, "true");
    assert_false(node_get(root, "a")->items[1]->quoted);
    assert_true(node_get(root, "a")->items[3]->quoted);
    assert_int_equal(node_get(root, "b")->mark.line, 3);
    assert_null(node_get(root, "c"));
    assert_null(node_get(NULL, "c"));
}

static void test_only_what_json_calls_a_number_becomes_one(void **state)
{
    (void)state;
    assert_tree(read_text("[08, 0x1f, 1_000, 1e400, 99999999999999999999, .5, +1, yes, True, '{}', "
                          "1.5]"),
                "[\"08\",\"0x1f\",\"1_000\",\"1e400\",\"99999999999999999999\",\".5\",\"+1\","
                "\"yes\",\"True\",\"{}\",1.5]");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_yaml_becomes_a_tree),
        TEST(test_json_is_yaml),
        TEST(test_an_empty_file_is_an_empty_map),
        TEST(test_every_part_knows_its_place),
        TEST(test_a_byte_order_mark_is_no_part_of_the_first_key),
        TEST(test_quotes_are_remembered),
        TEST(test_anchors_aliases_tags_and_merge_keys_are_refused),
        TEST(test_the_value_of_an_alias_is_broken),
        TEST(test_a_doubled_key_is_refused_and_the_first_is_named),
        TEST(test_a_key_is_plain_text),
        TEST(test_control_characters_are_refused),
        TEST(test_bytes_that_are_no_utf8_are_refused_with_their_line),
        TEST(test_a_nul_is_refused_with_its_line),
        TEST(test_utf16_is_refused),
        TEST(test_broken_syntax_is_said_in_plain_words),
        TEST(test_a_second_document_is_refused),
        TEST(test_nesting_ends_at_thirty_two),
        TEST(test_attack_documents_cost_little),
        TEST(test_a_text_beyond_the_limit_is_not_looked_at),
        TEST(test_a_file_that_is_not_there_is_named),
        TEST(test_what_is_no_plain_file_is_refused_at_once),
        TEST(test_a_file_beyond_the_limit_is_refused_without_reading_it),
        TEST(test_a_file_of_exactly_the_limit_is_read),
        TEST(test_an_environment_variable_is_put_in),
        TEST(test_what_is_put_in_is_not_searched_again),
        TEST(test_a_doubled_dollar_is_a_dollar),
        TEST(test_nothing_is_replaced_unless_asked_for),
        TEST(test_a_replacement_that_fails_is_a_problem_and_breaks_the_value),
        TEST(test_a_file_is_put_in_without_its_last_newline),
        TEST(test_a_secret_that_others_may_read_is_marked),
        TEST(test_a_replacement_that_is_no_text_or_no_file_is_refused),
        TEST(test_a_credential_is_a_file_of_systemd),
        TEST(test_all_replacements_together_have_a_limit),
        TEST(test_included_maps_are_joined),
        TEST(test_an_included_file_may_include),
        TEST(test_a_file_that_two_patterns_find_is_read_once),
        TEST(test_a_key_that_two_files_give_names_both_places),
        TEST(test_a_file_name_that_finds_nothing_is_a_problem_a_pattern_is_not),
        TEST(test_a_folder_that_cannot_be_listed_is_a_problem),
        TEST(test_include_cycles_end),
        TEST(test_an_included_file_may_be_broken_and_the_rest_is_read),
        TEST(test_the_number_of_included_files_has_a_limit),
        TEST(test_a_folder_with_pattern_letters_in_its_name_is_itself),
        TEST(test_nothing_is_included_unless_asked_for),
        TEST(test_problems_are_sorted_by_place_and_said_once),
        TEST(test_a_problem_stays_in_its_line),
        TEST(test_a_problem_that_quotes_a_whole_document_is_cut),
        TEST(test_too_many_problems_are_counted),
        TEST(test_the_nearest_name_is_a_spelling_mistake_away),
        TEST(test_another_word_has_no_nearest_name),
        TEST(test_json_becomes_a_tree_and_json_again),
        TEST(test_only_what_json_calls_a_number_becomes_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
