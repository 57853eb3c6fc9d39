#include "plugin/template.h"

#include "base/codec.h"

static bool is_name_byte(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-' || c == '.';
}

/* The length of "{...}" at the front of `text`, 0 when it is no placeholder. */
static size_t placeholder_length(struct slice text)
{
    size_t i = 1;
    size_t end = slice_find(text, '}');

    if (text.len < 3 || text.at[0] != '{' || end == text.len)
        return 0;
    while (i < end && is_name_byte(text.at[i]))
        i++;
    /* {name}, {source:/path}, {/path} */
    if (i == end && i > 1)
        return end + 1;
    if (i > 1 && text.at[i] == ':' && i + 1 < end && text.at[i + 1] == '/')
        return end + 1;
    return i == 1 && text.at[1] == '/' ? end + 1 : 0;
}

/*
 * The next placeholder of a text. `*plain_r` is what stands in front of it; false when there is
 * none, then all the rest is plain. "{{" is plain and stays doubled here. Braces that hold no name
 * (JSON bodies, GraphQL) are plain as well.
 */
static bool next_placeholder(struct slice *rest, struct slice *plain_r, struct slice *inside_r)
{
    for (size_t i = 0; i < rest->len; i++) {
        if (rest->at[i] != '{')
            continue;
        if (i + 1 < rest->len && rest->at[i + 1] == '{') {
            i++;
            continue;
        }
        size_t len = placeholder_length(slice_from(*rest, i));

        if (len == 0)
            continue;
        *plain_r = slice_sub(*rest, 0, i);
        *inside_r = slice_sub(*rest, i + 1, len - 2);
        *rest = slice_from(*rest, i + len);
        return true;
    }
    *plain_r = *rest;
    return false;
}

/* "source:/path" or "/path" into its parts; false for a plain name. */
static bool split_path(struct slice text, struct slice *source_r, struct slice *path_r)
{
    size_t slash = slice_find(text, '/');

    if (slash == text.len || (slash > 0 && text.at[slash - 1] != ':'))
        return false;
    *path_r = slice_from(text, slash);
    *source_r = slash > 0 ? slice_sub(text, 0, slash - 1) : slice_none();
    return true;
}

struct slice template_fill_known(struct arena *arena, struct slice text,
                                 struct slice (*value)(void *context, struct slice name),
                                 void *context)
{
    struct buf out = BUF_INIT(TEMPLATE_MAX);
    struct slice rest = text;
    struct slice plain;
    struct slice inside;
    bool changed = false;

    while (next_placeholder(&rest, &plain, &inside)) {
        struct slice found = value(context, inside);

        buf_add(&out, plain);
        if (slice_is_set(found)) {
            buf_add(&out, found);
            changed = true;
        } else {
            buf_add_byte(&out, '{');
            buf_add(&out, inside);
            buf_add_byte(&out, '}');
        }
    }
    buf_add(&out, plain);
    if (changed && buf_ok(&out))
        text = arena_copy(arena, buf_slice(&out));
    buf_release(&out);
    return text;
}

static void add_plain(struct buf *out, struct slice plain)
{
    for (size_t i = 0; i < plain.len; i++) {
        buf_add_byte(out, plain.at[i]);
        if (plain.at[i] == '{' && i + 1 < plain.len && plain.at[i + 1] == '{')
            i++;
    }
}

static struct slice value_of(struct arena *arena, struct slice inside,
                             const struct template_values *values)
{
    struct slice source;
    struct slice path;

    if (!split_path(inside, &source, &path))
        return values->named(values->context, inside);
    return json_text(arena, json_at(values->document(values->context, source), path));
}

static void add_value(struct buf *out, struct slice value, enum template_escape escape)
{
    struct slice part;
    bool first = true;

    if (escape == ESCAPE_NOTHING)
        buf_add(out, value);
    else if (escape == ESCAPE_ALL)
        buf_add_percent(out, value);
    while (escape == ESCAPE_PATH && slice_next(&value, '/', &part)) {
        if (!first)
            buf_add_byte(out, '/');
        buf_add_percent(out, part);
        first = false;
    }
}

struct slice template_fill(struct arena *arena, struct slice text,
                           const struct template_values *values, enum template_escape escape,
                           size_t *missing_r)
{
    struct buf out = BUF_INIT(TEMPLATE_MAX);
    struct slice rest = text;
    struct slice plain;
    struct slice inside;
    size_t missing = 0;

    if (!slice_has(text, '{')) {
        if (missing_r != NULL)
            *missing_r = 0;
        return text;
    }
    while (next_placeholder(&rest, &plain, &inside)) {
        struct slice value = value_of(arena, inside, values);

        add_plain(&out, plain);
        missing += value.len == 0;
        add_value(&out, value, escape);
    }
    add_plain(&out, plain);
    /* Half a URL or half a body would be another one. */
    struct slice filled = buf_ok(&out) ? arena_copy(arena, buf_slice(&out)) : SL("");

    if (missing_r != NULL)
        *missing_r = missing + !buf_ok(&out);
    buf_release_secret(&out);
    return filled;
}

const char *template_check(struct slice text,
                           bool (*exists)(const void *context, struct slice source,
                                          struct slice name),
                           const void *context, struct slice *unknown_r)
{
    struct slice rest = text;
    struct slice plain;
    struct slice inside;

    *unknown_r = slice_none();
    while (next_placeholder(&rest, &plain, &inside)) {
        struct slice source = slice_none();
        struct slice path;
        bool is_path = split_path(inside, &source, &path);

        if (is_path && json_path_check(path) != NULL)
            return json_path_check(path);
        if (is_path && !slice_is_set(source))
            continue;
        if (!exists(context, source, inside)) {
            *unknown_r = inside;
            return "has a placeholder that nothing fills: ";
        }
    }
    return NULL;
}

static bool is_nothing(const json_t *value)
{
    return value == NULL || json_is_null(value) ||
           (json_is_string(value) && json_string_length(value) == 0);
}

/* Cuts the next alternative off; they are separated by " | " or "|". */
static bool next_alternative(struct slice *rest, struct slice *part_r)
{
    if (!slice_next(rest, '|', part_r))
        return false;
    *part_r = slice_trim(*part_r);
    return true;
}

json_t *claim_path_follow(struct arena *arena, struct slice path,
                          const struct template_values *values)
{
    struct slice part;

    if (path.len > 0 && path.at[0] == '=') {
        size_t missing;
        bool is_url = slice_find_text(path, SL("://")) < path.len;
        struct slice text = template_fill(arena, slice_from(path, 1), values,
                                          is_url ? ESCAPE_PATH : ESCAPE_NOTHING, &missing);

        text = slice_trim(text);
        /* A composed name with a part missing is still a name; a picture's URL is not. */

        return text.len == 0 || (is_url && missing > 0) ? NULL : json_from_slice(text);
    }
    while (next_alternative(&path, &part)) {
        struct slice source = slice_none();
        struct slice pointer = slice_none();

        if (!split_path(part, &source, &pointer))
            continue;
        json_t *value = json_at(values->document(values->context, source), pointer);

        if (!is_nothing(value))
            return json_incref(value);
    }
    return NULL;
}

const char *claim_path_check(struct slice path,
                             bool (*exists)(const void *context, struct slice source,
                                            struct slice name),
                             const void *context, struct slice *unknown_r)
{
    struct slice part;

    *unknown_r = slice_none();
    if (path.len > 0 && path.at[0] == '=')
        return template_check(slice_from(path, 1), exists, context, unknown_r);
    while (next_alternative(&path, &part)) {
        struct slice source;
        struct slice pointer;

        if (!split_path(part, &source, &pointer))
            return "a claim path begins with \"/\" or with a source, as \"token:/user_id\"";
        if (json_path_check(pointer) != NULL)
            return json_path_check(pointer);
        if (slice_is_set(source) && !exists(context, source, slice_none())) {
            *unknown_r = source;
            return "reads a source that is not there: ";
        }
    }
    return NULL;
}
