/* The reader of YAML and the field tables of the settings, on any bytes. */
#include "base/memory.h"
#include "config/settings.h"
#include "net/address.h"

/* The input must not choose files of the machine that fuzzes. */
static bool names_files(struct slice text)
{
    static const char *const words[] = { "include", "file:", "credential:" };

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (slice_find_text(text, slice_of(words[i])) < text.len)
            return true;
    }
    return false;
}

/* What was read and printed must be read again, and printed the same. */
static void check_print(struct settings *settings, struct problems *problems)
{
    static const struct node_options options = { .substitute = true };
    struct settings again = { 0 };
    struct buf once = BUF_INIT(16 * 1024 * 1024);
    struct buf twice = BUF_INIT(16 * 1024 * 1024);

    fields_print(settings_table, settings, 0, &once);
    if (once.len <= NODE_FILE_MAX) {
        const struct node *root = node_read_text("again", buf_slice(&once), &options, problems);

        fields_default(settings_table, &again, problems->arena);
        fields_read(settings_table, root, "", &again, problems);
        fields_print(settings_table, &again, 0, &twice);
        if (root == NULL || !slice_equal(buf_slice(&once), buf_slice(&twice)))
            abort();
    }
    buf_release(&once);
    buf_release(&twice);
}

static void check_tree(const struct node *root, struct arena *arena)
{
    json_t *json = node_to_json(root);
    const struct node *again = node_from_json(arena, json, root->mark);
    json_t *json_again = node_to_json(again);

    if (root->kind == NODE_MAP && !json_equal(json, json_again))
        abort();
    json_decref(json);
    json_decref(json_again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct node_options plain = { 0 };
    struct slice text = slice_make((const char *)data, size);
    struct arena arena = { 0 };
    struct problems problems = { .arena = &arena };
    struct buf said = BUF_INIT(16 * 1024 * 1024);
    const struct node *root = node_read_text("fuzz", text, &plain, &problems);

    if (root == NULL && problems.errors == 0)
        abort();
    if (root != NULL && problems.errors == 0)
        check_tree(root, &arena);
    problems = (struct problems){ .arena = &arena };
    if (!names_files(text)) {
        struct settings *settings = settings_read_text("fuzz", text, &problems);

        if ((settings == NULL) != (problems.errors > 0))
            abort();
        if (settings != NULL)
            check_print(settings, &problems);
    }
    problems_write(&problems, &said);
    buf_release(&said);
    arena_release(&arena);
    return 0;
}
