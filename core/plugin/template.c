#include "plugin/template.h"

#include "base/codec.h"
#include "base/url.h"
#include "plugin/filter.h"

static bool is_name_byte(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-' || c == '.';
}

/*
 * The length of "{...}" at the front of `text`, 0 when it is no placeholder: {name}, {name >
 * filter}, {source:/path ...}, {/path ...}.
 */
static size_t placeholder_length(struct slice text)
{
    size_t i = 1;
    size_t end = slice_find(text, '}');

    if (text.len < 3 || text.at[0] != '{' || end == text.len)
        return 0;
    while (i < end && is_name_byte(text.at[i]))
        i++;
    if (i == end && i > 1)
        return end + 1;
    if (i > 1 && text.at[i] == ':' && i + 1 < end && text.at[i + 1] == '/')
        return end + 1;
    if (i == 1)
        return text.at[1] == '/' ? end + 1 : 0;
    while (i < end && text.at[i] == ' ')
        i++;
    return text.at[i] == '>' ? end + 1 : 0;
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

/* ---- selections: a path or a name, with its filters ---- */

struct selection {
    struct slice what;    /* without the spaces around it */
    struct slice filters; /* from the first '>' on; empty: none */
};

/*
 * Cuts the next selection off; "|" stands between them, but not in the parentheses of a filter.
 * `*rest` is absent behind the last; false when it was.
 */
static bool next_selection(struct slice *rest, struct selection *selection_r)
{
    size_t first = rest->len; /* the first '>' */
    bool inside = false;
    size_t i = 0;

    if (!slice_is_set(*rest))
        return false;
    for (; i < rest->len && (inside || rest->at[i] != '|'); i++) {
        if (rest->at[i] == '>' && first == rest->len)
            first = i;
        if (first < i && rest->at[i] == (inside ? ')' : '('))
            inside = !inside;
    }
    struct slice whole = slice_sub(*rest, 0, i);

    first = first < i ? first : i;
    *rest = i < rest->len ? slice_from(*rest, i + 1) : slice_none();
    *selection_r =
        (struct selection){ slice_trim(slice_sub(whole, 0, first)), slice_from(whole, first) };
    return true;
}

static bool is_nothing(const json_t *value)
{
    return value == NULL || json_is_null(value) ||
           (json_is_string(value) && json_string_length(value) == 0);
}

/* Through all filters; takes the reference, gives a new one or NULL. */
static json_t *apply_filters(struct arena *arena, struct slice filters, json_t *value,
                             const struct template_values *values)
{
    struct filter filter;

    for (int i = 0; filters.len > 0 && value != NULL; i++) {
        struct slice rest = slice_from(filters, 1);
        json_t *next = i < FILTERS_MAX && filter_next(&rest, &filter)
                           ? filter_apply(arena, &filter, value, values)
                           : NULL;

        json_decref(value);
        value = next;
        filters = rest;
    }
    if (!is_nothing(value))
        return value;
    json_decref(value);
    return NULL;
}

static json_t *value_of_name(struct arena *arena, const struct selection *selection,
                             struct slice value, const struct template_values *values)
{
    return value.len > 0 ? apply_filters(arena, selection->filters, json_from_slice(value), values)
                         : NULL;
}

static json_t *value_of_path(struct arena *arena, const struct selection *selection,
                             const struct template_values *values)
{
    struct slice source = slice_none();
    struct slice pointer = slice_none();

    if (!split_path(selection->what, &source, &pointer))
        return NULL;
    json_t *value = json_at(values->document(values->context, source), pointer);

    return is_nothing(value) ? NULL
                             : apply_filters(arena, selection->filters, json_incref(value), values);
}

static json_t *follow_selections(struct arena *arena, struct slice path,
                                 const struct template_values *values)
{
    struct selection selection;
    json_t *value = NULL;

    while (value == NULL && next_selection(&path, &selection))
        value = value_of_path(arena, &selection, values);
    return value;
}

/* ---- filling ---- */

/* The text of a value that is let go. */
static struct slice take_text(struct arena *arena, json_t *value)
{
    struct slice text = arena_copy(arena, json_text(arena, value));

    json_decref(value);
    return text;
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
        struct slice end = inside;
        struct selection selection = { 0 };
        bool is_name = !slice_has(slice_sub(inside, 0, slice_find(inside, '>')), '/') &&
                       next_selection(&end, &selection);
        struct slice found = is_name ? value(context, selection.what) : slice_none();

        buf_add(&out, plain);
        if (slice_is_set(found) && selection.filters.len > 0)
            found = take_text(arena, value_of_name(arena, &selection, found, NULL));
        else if (!slice_is_set(found))
            found = slice_make(inside.at - 1, inside.len + 2);
        changed = changed || found.at != inside.at - 1;
        buf_add(&out, found);
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
    struct slice end = inside;
    struct slice source;
    struct slice path;
    struct selection selection = { 0 };

    next_selection(&end, &selection);
    if (split_path(selection.what, &source, &path))
        return take_text(arena, follow_selections(arena, inside, values));
    struct slice value = values->named(values->context, selection.what);

    return selection.filters.len == 0
               ? value
               : take_text(arena, value_of_name(arena, &selection, value, values));
}

/* A URL by itself, to which a path can be added. */
static bool is_base(struct slice text)
{
    struct url url;

    return url_read_http(text, &url) == NULL && url_is_safe(&url) && !slice_is_set(url.query) &&
           !slice_is_set(url.fragment);
}

/* A JSON string without its quotes. */
static void add_json_inside(struct buf *out, struct slice value)
{
    struct buf quoted = BUF_INIT(TEMPLATE_MAX);

    buf_add_json(&quoted, value);
    out->failed = out->failed || !buf_ok(&quoted);
    buf_add(out, slice_sub(buf_slice(&quoted), 1, quoted.len - 2));
    buf_release_secret(&quoted);
}

static void add_value(struct buf *out, struct slice value, enum template_escape escape)
{
    struct slice part;
    bool first = true;

    if (escape == ESCAPE_NOTHING)
        buf_add(out, value);
    else if (escape == ESCAPE_ALL || escape == ESCAPE_FORM)
        buf_add_percent(out, value);
    else if (escape == ESCAPE_JSON)
        add_json_inside(out, value);
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
        bool is_front = escape == ESCAPE_ALL && inside.at == text.at + 1;

        if (is_front && !is_base(value))
            value = slice_none();
        add_plain(&out, plain);
        missing += value.len == 0;
        add_value(&out, value, is_front ? ESCAPE_NOTHING : escape);
    }
    add_plain(&out, plain);
    /* Half a URL or half a body would be another one. */
    struct slice filled = buf_ok(&out) ? arena_copy(arena, buf_slice(&out)) : SL("");

    if (missing_r != NULL)
        *missing_r = missing + !buf_ok(&out);
    buf_release_secret(&out);
    return filled;
}

/* ---- claim paths ---- */

static json_t *compose(struct arena *arena, struct slice text, const struct template_values *values)
{
    size_t missing;
    bool is_url = slice_find_text(text, SL("://")) < text.len;
    struct slice filled = slice_trim(
        template_fill(arena, text, values, is_url ? ESCAPE_PATH : ESCAPE_NOTHING, &missing));

    /* A composed name with a part missing is still a name; a picture's URL is not. */
    return filled.len == 0 || (is_url && missing > 0) ? NULL : json_from_slice(filled);
}

/* The alternatives of a claim path: selections, then perhaps a text. Either may be absent. */
struct claim_path {
    struct slice selections;
    struct slice text; /* behind its "=" */
};

static struct claim_path split_claim_path(struct slice path)
{
    struct slice rest = path;
    struct slice before = slice_none();
    struct selection selection;

    while (slice_is_set(rest)) {
        struct slice next = slice_trim(rest);

        if (next.len > 0 && next.at[0] == '=')
            return (struct claim_path){ before, slice_from(rest, slice_find(rest, '=') + 1) };
        next_selection(&rest, &selection);
        before = slice_sub(path, 0, slice_is_set(rest) ? (size_t)(rest.at - path.at) - 1 : 0);
    }
    return (struct claim_path){ path, slice_none() };
}

json_t *claim_path_follow(struct arena *arena, struct slice path,
                          const struct template_values *values)
{
    struct claim_path parts = split_claim_path(path);
    json_t *value = follow_selections(arena, parts.selections, values);

    return value == NULL && slice_is_set(parts.text) ? compose(arena, parts.text, values) : value;
}

/* ---- checking ---- */

struct checker {
    template_exists *exists;
    const void *context;
};

static struct template_fault fault(const char *text, struct slice part)
{
    return (struct template_fault){ text, part, NULL };
}

static bool source_exists(const void *context, struct slice source)
{
    const struct checker *checker = context;

    return checker->exists(checker->context, source, slice_none());
}

static struct template_fault check_filters(struct slice filters, const struct checker *checker)
{
    struct template_fault found = { 0 };
    struct filter filter;

    for (int i = 0; filters.len > 0; i++) {
        struct slice rest = slice_from(filters, 1);

        if (filters.at[0] != '>' || !filter_next(&rest, &filter))
            return fault("a filter is written \"> name\" or \"> name(...)\"", filters);
        if (i == FILTERS_MAX)
            return fault("one filter too many", filters);
        found.text = filter_check(&filter, source_exists, checker, &found.instead);
        found.part = filter.name;
        if (found.text != NULL)
            return found;
        filters = rest;
    }
    return (struct template_fault){ 0 };
}

static struct template_fault check_selection(const struct selection *selection,
                                             const struct checker *checker)
{
    struct slice source;
    struct slice pointer;

    if (!split_path(selection->what, &source, &pointer))
        return fault("a claim path begins with \"/\" or with a source, as \"token:/user_id\"",
                     selection->what);
    if (json_path_check(pointer) != NULL)
        return fault(json_path_check(pointer), pointer);
    if (slice_is_set(source) && !source_exists(checker, source))
        return fault("reads a source that is not there", source);
    return check_filters(selection->filters, checker);
}

static struct template_fault check_selections(struct slice path, const struct checker *checker)
{
    struct template_fault found = { 0 };
    struct selection selection;

    while (found.text == NULL && next_selection(&path, &selection))
        found = check_selection(&selection, checker);
    return found;
}

static struct template_fault check_name(struct slice inside, const struct checker *checker)
{
    struct slice rest = inside;
    struct selection selection = { 0 };

    next_selection(&rest, &selection);
    if (!checker->exists(checker->context, slice_none(), selection.what))
        return fault("has a placeholder that nothing fills", selection.what);
    if (slice_is_set(rest))
        return fault("a name has no alternatives", inside);
    return check_filters(selection.filters, checker);
}

struct template_fault template_check(struct slice text, template_exists *exists,
                                     const void *context)
{
    struct checker checker = { exists, context };
    struct template_fault found = { 0 };
    struct slice rest = text;
    struct slice plain;
    struct slice inside;

    while (found.text == NULL && next_placeholder(&rest, &plain, &inside)) {
        struct slice head = slice_sub(inside, 0, slice_find(inside, '>'));

        found = slice_has(head, '/') ? check_selections(inside, &checker)
                                     : check_name(inside, &checker);
    }
    return found;
}

struct template_fault claim_path_check(struct slice path, template_exists *exists,
                                       const void *context)
{
    struct checker checker = { exists, context };
    struct claim_path parts = split_claim_path(path);
    struct template_fault found = check_selections(parts.selections, &checker);

    return found.text == NULL ? template_check(parts.text, exists, context) : found;
}

struct slice template_fault_text(struct arena *arena, const struct template_fault *fault,
                                 struct slice text)
{
    return arena_printf(
        arena, "%s: `%.*s` at character %zu%s%s%s", fault->text, SLICE_ARG(fault->part),
        fault->part.at != NULL ? (size_t)(fault->part.at - text.at) + 1 : 1,
        fault->instead != NULL ? "; did you mean `" : "",
        fault->instead != NULL ? fault->instead : "", fault->instead != NULL ? "`?" : "");
}
