/*
 * A query string or form from a stranger. What was read must be the same after it was written, and
 * each look-up must agree with the list.
 */
#include "base/params.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void write_and_compare(struct arena *arena, const struct params *params, size_t size)
{
    struct buf buf = BUF_INIT(size * 3 + 2 * PARAMS_MAX);
    struct params again;

    params_write(params, &buf);
    if (!buf_ok(&buf) || params_read(arena, buf_slice(&buf), &again) != NULL ||
        again.count != params->count)
        abort();
    for (size_t i = 0; i < params->count; i++) {
        if (!slice_equal(params->at[i].name, again.at[i].name) ||
            !slice_equal(params->at[i].value, again.at[i].value))
            abort();
    }
    buf_release(&buf);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena = { 0 };
    struct params params;

    if (params_read(&arena, slice_make((const char *)data, size), &params) == NULL) {
        struct slice doubled = params_doubled(&params);

        for (size_t i = 0; i < params.count; i++) {
            const char *name = arena_string(&arena, params.at[i].name);

            if (strlen(name) == params.at[i].name.len &&
                (params_count(&params, name) == 0 || !slice_is_set(params_get_raw(&params, name))))
                abort();
        }
        if (slice_is_set(doubled) && params.count < 2)
            abort();
        write_and_compare(&arena, &params, size);
        params_set(&params, SL("state"), SL("x"));
        params_set(&params, SL("code"), slice_none());
    }
    arena_release(&arena);
    return 0;
}
