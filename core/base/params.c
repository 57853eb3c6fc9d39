#include "base/params.h"

#include "base/codec.h"

struct params params_new(struct arena *arena)
{
    return (struct params){ .at = arena_alloc(arena, PARAMS_MAX * sizeof(struct param)),
                            .capacity = PARAMS_MAX };
}

static size_t count_pieces(struct slice text)
{
    struct slice piece;
    size_t count = 0;

    while (slice_next(&text, '&', &piece))
        count += piece.len > 0;
    return count;
}

const char *params_read(struct arena *arena, struct slice text, struct params *params_r)
{
    size_t count = count_pieces(text);
    struct slice piece;

    *params_r = (struct params){ 0 };
    if (count > PARAMS_MAX)
        return "too many parameters";
    params_r->at = arena_alloc(arena, count * sizeof(*params_r->at));
    params_r->capacity = count;
    while (slice_next(&text, '&', &piece)) {
        struct slice name;
        struct slice value;

        if (piece.len == 0)
            continue;
        slice_cut(piece, '=', &name, &value);
        if (!slice_is_set(value))
            value = SL("");
        if (!percent_decode(arena, name, true, &name) ||
            !percent_decode(arena, value, true, &value))
            return "a parameter has a broken percent escape";
        params_r->at[params_r->count++] = (struct param){ name, value };
    }
    return NULL;
}

struct slice params_get_raw(const struct params *params, const char *name)
{
    struct slice wanted = slice_of(name);

    for (size_t i = 0; i < params->count; i++) {
        if (slice_equal(params->at[i].name, wanted))
            return params->at[i].value;
    }
    return slice_none();
}

struct slice params_get(const struct params *params, const char *name)
{
    struct slice value = params_get_raw(params, name);

    return value.len > 0 ? value : slice_none();
}

struct slice params_doubled(const struct params *params)
{
    for (size_t i = 1; i < params->count; i++) {
        struct slice name = params->at[i].name;

        if (slice_is(name, "resource") || slice_is(name, "audience"))
            continue;
        for (size_t before = 0; before < i; before++) {
            if (slice_equal(params->at[before].name, name))
                return name;
        }
    }
    return slice_none();
}

size_t params_count(const struct params *params, const char *name)
{
    struct slice wanted = slice_of(name);
    size_t count = 0;

    for (size_t i = 0; i < params->count; i++)
        count += slice_equal(params->at[i].name, wanted);
    return count;
}

void params_add(struct params *params, struct slice name, struct slice value)
{
    if (params->count < params->capacity)
        params->at[params->count++] = (struct param){ name, value };
}

void params_set(struct params *params, struct slice name, struct slice value)
{
    for (size_t i = 0; i < params->count; i++) {
        if (!slice_equal(params->at[i].name, name))
            continue;
        params->at[i].value = value;
        if (!slice_is_set(value)) {
            params->count--;
            memmove(&params->at[i], &params->at[i + 1], (params->count - i) * sizeof(*params->at));
        }
        return;
    }
    if (slice_is_set(value))
        params_add(params, name, value);
}

void params_write(const struct params *params, struct buf *buf)
{
    for (size_t i = 0; i < params->count; i++)
        buf_add_param(buf, params->at[i].name, params->at[i].value);
}
