/*
 * What a provider sends: the first line says how it is to be read (a digit) and its content type.
 * Whatever it is, it is one object or list, or a sentence says why not.
 */
#include "base/memory.h"
#include "protocol/reply.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena = { 0 };
    struct slice head;
    struct slice body;
    struct slice code;
    struct slice words;
    const char *why = NULL;

    slice_cut(slice_make((const char *)data, size), '\n', &head, &body);
    if (!slice_is_set(body) || head.len == 0 || head.at[0] < '0' || head.at[0] > '3')
        return 0;
    json_t *top =
        reply_read(&arena, (enum reply_type)(head.at[0] - '0'), slice_from(head, 1), body, &why);

    if (top == NULL && why == NULL)
        abort();
    if (top != NULL) {
        if (!json_is_object(top) && !json_is_array(top))
            abort();
        if (reply_judge(&arena, top, SL("/data"), SL("/error"), SL("0"), SL("/error_description"),
                        &code, &words) == NULL &&
            code.len == 0 && json_at(top, SL("/data")) != NULL)
            abort();
    }
    json_decref(top);
    arena_release(&arena);
    return 0;
}
