/*
 * A document from a stranger under a path of an operator: the first line is the path, the rest the
 * document. What was read must be the same after it was written.
 */
#include "base/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void write_and_compare(struct arena *arena, const json_t *json, size_t size)
{
    struct buf buf = BUF_INIT(size * 32 + 1024); /* numbers may become longer */
    const char *why;

    buf_add_json_value(&buf, json);
    json_t *again = json_read(arena, buf_slice(&buf), buf.limit, &why);

    if (!buf_ok(&buf) || again == NULL || !json_equal(json, again))
        abort();
    json_decref(again);
    buf_release(&buf);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena = { 0 };
    struct slice path;
    struct slice text;
    const char *why = NULL;

    slice_cut(slice_make((const char *)data, size), '\n', &path, &text);
    json_t *json = json_read(&arena, text, 65536, &why);

    if ((json == NULL) != (why != NULL))
        abort();
    if (json != NULL) {
        const json_t *found = json_at(json, path);

        json_text(&arena, found);
        json_member(found, "a");
        json_member_int(found, "a", 0);
        write_and_compare(&arena, json, size);
    }
    json_path_check(path);
    json_decref(json_from_slice(path)); /* any bytes */
    json_decref(json);
    arena_release(&arena);
    return 0;
}
