/*
 * A claim path in the first line, as an operator writes it, and a provider's reply in the rest.
 * What is judged sound can be followed in any document, and gives a value or nothing.
 */
#include "base/memory.h"
#include "plugin/template.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
    REPLY_MAX = 64 * 1024
};

static bool exists(const void *context, struct slice source, struct slice name)
{
    (void)context;
    return !slice_is_set(source) || slice_is(source, "token") ? name.len < 100 : false;
}

static struct slice named(void *context, struct slice name)
{
    (void)context;
    return slice_is(name, "nothing") ? slice_none() : name;
}

static const json_t *document(void *context, struct slice source)
{
    return slice_is(source, "callback") ? NULL : context;
}

static struct slice key(void *context, struct slice name)
{
    (void)context;
    return name;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena = { 0 };
    struct slice path;
    struct slice text;
    const char *why;
    size_t missing = 0;

    slice_cut(slice_make((const char *)data, size), '\n', &path, &text);
    json_t *reply = json_read(&arena, slice_is_set(text) ? text : SL("{}"), REPLY_MAX, &why);
    const struct template_values values = { named, document, reply, key };

    if (claim_path_check(path, exists, NULL).text == NULL) {
        json_t *found = claim_path_follow(&arena, path, &values);

        if (json_is_null(found) || (json_is_string(found) && json_string_length(found) == 0))
            abort();
        json_decref(found);
    }
    if (template_check(path, exists, NULL).text == NULL &&
        template_fill(&arena, path, &values, ESCAPE_ALL, &missing).len > TEMPLATE_MAX)
        abort();
    json_decref(reply);
    arena_release(&arena);
    return 0;
}
