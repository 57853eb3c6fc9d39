#include "plugin/filter.h"

#include "base/codec.h"
#include "config/node.h"
#include "plugin/filter_kinds.h"

#include <errno.h>
#include <math.h>

/* A boolean is no text that could be cut, and nobody's name. */
struct slice filter_text_of(const struct filtering *filtering, const json_t *value)
{
    return json_is_boolean(value) ? slice_none() : json_text(filtering->arena, value);
}

json_t *filter_take(struct buf *text)
{
    json_t *value = buf_ok(text) && text->len > 0 && utf8_is_valid(buf_slice(text)) &&
                            !slice_has(buf_slice(text), '\0')
                        ? json_from_slice(buf_slice(text))
                        : NULL;

    buf_release_secret(text);
    return value;
}

/* ---- types ---- */

static json_t *filter_text(const struct filtering *filtering, const json_t *value)
{
    struct slice text = json_text(filtering->arena, value);

    return text.len > 0 ? json_from_slice(text) : NULL;
}

/* JSON's own spelling of numbers, which leaves out "0x10", "1e999" and "NaN". */
static json_t *filter_number(const struct filtering *filtering, const json_t *value)
{
    const char *why;

    if (json_is_number(value))
        return json_incref((json_t *)(uintptr_t)value);
    json_t *number =
        json_read(filtering->arena, slice_trim(json_slice(value)), FILTER_TEXT_MAX, &why);

    if (json_is_number(number))
        return number;
    json_decref(number);
    return NULL;
}

static json_t *filter_bool(const struct filtering *filtering, const json_t *value)
{
    static const char *const words[] = { "false", "true", "no", "yes", "0",
                                         "1",     "off",  "on", "n",   "y" };
    struct slice text = slice_trim(json_text(filtering->arena, value));

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (slice_is_nocase(text, words[i]))
            return json_boolean(i % 2);
    }
    return NULL;
}

static bool means_yes(const json_t *value)
{
    return json_is_true(value) || json_string_length(value) > 0 ||
           (json_is_integer(value) && json_integer_value(value) != 0);
}

static json_t *filter_not(const struct filtering *filtering, const json_t *value)
{
    (void)filtering;
    return json_is_boolean(value) ? json_boolean(json_is_false(value)) : NULL;
}

static json_t *filter_is(const struct filtering *filtering, const json_t *value)
{
    return json_boolean(slice_equal(json_text(filtering->arena, value), filtering->argument));
}

/* "1=male, 2=female, *=other" */
static json_t *filter_map(const struct filtering *filtering, const json_t *value)
{
    struct slice text = json_text(filtering->arena, value);
    struct slice rest = filtering->argument;
    struct slice pair;

    while (slice_is_set(text) && slice_next(&rest, ',', &pair)) {
        struct slice from;
        struct slice to;

        slice_cut(slice_trim(pair), '=', &from, &to);
        if (slice_equal(from, text) || slice_is(from, "*"))
            return to.len > 0 ? json_from_slice(to) : NULL;
    }
    return NULL;
}

static const char *judge_map(struct slice argument)
{
    struct slice pair;

    while (slice_next(&argument, ',', &pair)) {
        if (!slice_has(slice_trim(pair), '=') || slice_trim(pair).at[0] == '=')
            return "pairs are written \"1=male, 2=female\"";
    }
    return NULL;
}

/* ---- lists and objects ---- */

static json_t *filter_at(const struct filtering *filtering, const json_t *value)
{
    return json_incref(json_at(value, filtering->argument));
}

static void append(json_t *list, json_t *value)
{
    if (value != NULL && !json_is_null(value) && json_array_size(list) < FILTER_LIST_MAX)
        json_array_append(list, value);
}

/* A list of nothing is nothing. */
static json_t *take_list(json_t *list)
{
    if (json_array_size(list) > 0)
        return list;
    json_decref(list);
    return NULL;
}

static json_t *filter_each(const struct filtering *filtering, const json_t *value)
{
    json_t *list = json_array();
    json_t *each;
    const char *name;
    size_t i;

    json_array_foreach(value, i, each)
    {
        append(list, json_at(each, filtering->argument));
    }
    json_object_foreach((json_t *)(uintptr_t)value, name, each)
    {
        append(list, json_at(each, filtering->argument));
    }
    return take_list(list);
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Sorted: members have no order. */
static json_t *filter_keys(const struct filtering *filtering, const json_t *value)
{
    size_t room = json_object_size(value);
    const char **names = arena_alloc(filtering->arena, (room + 1) * sizeof(*names));
    json_t *list = json_array();
    size_t count = 0;
    const char *name;
    json_t *each;

    json_object_foreach((json_t *)(uintptr_t)value, name, each)
    {
        if (count < room)
            names[count++] = name;
    }
    qsort(names, count, sizeof(*names), by_text);
    for (size_t i = 0; i < count && i < FILTER_LIST_MAX; i++)
        json_array_append_new(list, json_string(names[i]));
    return take_list(list);
}

/* ---- conditions ---- */

struct condition {
    struct slice source;
    struct slice path;
    struct slice wanted; /* absent: anything that means yes */
};

/* "source:/path=value"; false when there is no path. */
static bool read_condition(struct slice argument, struct condition *condition_r)
{
    struct slice path;
    size_t slash;

    slice_cut(argument, '=', &path, &condition_r->wanted);
    if (!slice_has(argument, '='))
        condition_r->wanted = slice_none();
    slash = slice_find(path, '/');
    if (slash == path.len || (slash > 0 && path.at[slash - 1] != ':'))
        return false;
    condition_r->source = slash > 0 ? slice_sub(path, 0, slash - 1) : slice_none();
    condition_r->path = slice_trim(slice_from(path, slash));
    return true;
}

static bool holds(const struct filtering *filtering)
{
    struct condition condition;

    if (filtering->values == NULL || !read_condition(filtering->argument, &condition))
        return false;
    const json_t *there = json_at(
        filtering->values->document(filtering->values->context, condition.source), condition.path);

    return slice_is_set(condition.wanted)
               ? slice_equal(json_text(filtering->arena, there), condition.wanted)
               : means_yes(there);
}

static json_t *filter_when(const struct filtering *filtering, const json_t *value)
{
    return holds(filtering) ? json_incref((json_t *)(uintptr_t)value) : NULL;
}

static json_t *filter_unless(const struct filtering *filtering, const json_t *value)
{
    return holds(filtering) ? NULL : json_incref((json_t *)(uintptr_t)value);
}

static const char *judge_condition(struct slice argument)
{
    struct condition condition;

    if (!read_condition(argument, &condition))
        return "a condition is a path, as \"/is_default\" or \"token:/kind=user\"";
    return json_path_check(condition.path);
}

/* ---- the table ---- */

enum argument {
    ARGUMENT_NONE,
    ARGUMENT_NEEDED
};

/* In the order of filter_names. */
static const struct {
    filter_function *apply;
    enum argument argument;
    filter_judge *judge; /* NULL: anything */
} filters[] = {
    { filter_text, ARGUMENT_NONE, NULL },
    { filter_number, ARGUMENT_NONE, NULL },
    { filter_bool, ARGUMENT_NONE, NULL },
    { filter_not, ARGUMENT_NONE, NULL },
    { filter_is, ARGUMENT_NEEDED, NULL },
    { filter_map, ARGUMENT_NEEDED, judge_map },
    { filter_when, ARGUMENT_NEEDED, judge_condition },
    { filter_unless, ARGUMENT_NEEDED, judge_condition },
    { filter_at, ARGUMENT_NEEDED, json_path_check },
    { filter_each, ARGUMENT_NEEDED, json_path_check },
    { filter_keys, ARGUMENT_NONE, NULL },
    { filter_split, ARGUMENT_NEEDED, NULL },
    { filter_join, ARGUMENT_NEEDED, NULL },
    { filter_lower, ARGUMENT_NONE, NULL },
    { filter_html_decode, ARGUMENT_NONE, NULL },
    { filter_url_decode, ARGUMENT_NONE, NULL },
    { filter_tail, ARGUMENT_NONE, NULL },
    { filter_before, ARGUMENT_NEEDED, NULL },
    { filter_after, ARGUMENT_NEEDED, NULL },
    { filter_replace, ARGUMENT_NEEDED, filter_judge_replace },
    { filter_time, ARGUMENT_NONE, NULL },
    { filter_iso, ARGUMENT_NONE, NULL },
    { filter_date, ARGUMENT_NEEDED, filter_judge_date },
    { filter_format, ARGUMENT_NEEDED, filter_judge_format },
    { filter_md5, ARGUMENT_NONE, NULL },
    { filter_sha256, ARGUMENT_NONE, NULL },
    { filter_hmac_sha256, ARGUMENT_NEEDED, NULL },
};

const char *const filter_names[] = {
    "text",        "number",     "bool",   "not",    "is",     "map",         "when",
    "unless",      "at",         "each",   "keys",   "split",  "join",        "lower",
    "html_decode", "url_decode", "tail",   "before", "after",  "replace",     "time",
    "iso",         "date",       "format", "md5",    "sha256", "hmac_sha256", NULL,
};

enum {
    FILTERS = sizeof(filters) / sizeof(filters[0])
};

_Static_assert(sizeof(filter_names) / sizeof(filter_names[0]) == FILTERS + 1,
               "each filter has one name");

static size_t find_filter(struct slice name)
{
    size_t i = 0;

    while (i < FILTERS && !slice_is(name, filter_names[i]))
        i++;
    return i;
}

/* ---- parsing ---- */

static struct slice skip_spaces(struct slice text)
{
    while (text.len > 0 && text.at[0] == ' ')
        text = slice_from(text, 1);
    return text;
}

static bool is_name_byte(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
}

bool filter_next(struct slice *rest, struct filter *filter_r)
{
    struct slice text = skip_spaces(*rest);
    size_t len = 0;

    while (len < text.len && is_name_byte(text.at[len]))
        len++;
    *filter_r = (struct filter){ .name = slice_sub(text, 0, len) };
    *rest = slice_from(text, len);
    if (len == 0)
        return false;
    if (rest->len > 0 && rest->at[0] == '(') {
        size_t close = slice_find(*rest, ')');

        if (close == rest->len)
            return false;
        filter_r->argument = slice_sub(*rest, 1, close - 1);
        *rest = slice_from(*rest, close + 1);
    }
    *rest = skip_spaces(*rest);
    return true;
}

static const char *check_source(const struct filter *filter,
                                bool (*source_exists)(const void *context, struct slice source),
                                const void *context)
{
    struct condition condition;
    bool is_condition = slice_is(filter->name, "when") || slice_is(filter->name, "unless");

    if (is_condition && read_condition(filter->argument, &condition) &&
        slice_is_set(condition.source) && !source_exists(context, condition.source))
        return "reads a source that is not there";
    return NULL;
}

const char *filter_check(const struct filter *filter,
                         bool (*source_exists)(const void *context, struct slice source),
                         const void *context, const char **instead_r)
{
    size_t which = find_filter(filter->name);
    const char *wrong;

    *instead_r = NULL;
    if (which == FILTERS) {
        *instead_r = nearest_name(filter->name, filter_names, FILTERS);
        return "there is no such filter";
    }
    if (filters[which].argument == ARGUMENT_NONE)
        return slice_is_set(filter->argument) ? "this filter takes nothing in parentheses" : NULL;
    if (filter->argument.len == 0)
        return "this filter needs something in parentheses";
    wrong = filters[which].judge != NULL ? filters[which].judge(filter->argument) : NULL;
    return wrong != NULL ? wrong : check_source(filter, source_exists, context);
}

json_t *filter_apply(struct arena *arena, const struct filter *filter, const json_t *value,
                     const struct template_values *values)
{
    struct filtering filtering = { arena, filter->argument, values };
    size_t which = find_filter(filter->name);

    return which < FILTERS && value != NULL && !json_is_null(value)
               ? filters[which].apply(&filtering, value)
               : NULL;
}
