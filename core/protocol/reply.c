#include "protocol/reply.h"

#include "base/params.h"

enum {
    REPLY_MAX = 1024 * 1024
};

static struct slice trim_all(struct slice s)
{
    /* A byte order mark in front is an old habit of some providers. */
    if (slice_starts(s, SL("\xef\xbb\xbf")))
        s = slice_from(s, 3);
    while (s.len > 0 && strchr(" \t\r\n", s.at[0]) != NULL && s.at[0] != '\0')
        s = slice_from(s, 1);
    while (s.len > 0 && s.at[s.len - 1] != '\0' && strchr(" \t\r\n", s.at[s.len - 1]) != NULL)
        s.len--;
    return s;
}

/* `name( inside );` */
static bool unwrap_call(struct slice body, struct slice *inside_r)
{
    size_t open = slice_find(body, '(');

    if (open == 0 || open == body.len || !slice_is_plain(slice_sub(body, 0, open), "_$. "))
        return false;
    if (body.at[body.len - 1] == ';')
        body = trim_all(slice_sub(body, 0, body.len - 1));
    if (body.at[body.len - 1] != ')')
        return false;
    *inside_r = trim_all(slice_sub(body, open + 1, body.len - open - 2));
    return true;
}

static json_t *read_form(struct arena *arena, struct slice body, const char **why_r)
{
    struct params params;

    *why_r = params_read(arena, body, &params);
    if (*why_r == NULL && slice_is_set(params_doubled(&params)))
        *why_r = "a member of the form stands there twice";
    if (*why_r == NULL &&
        (params.count == 0 || params.at[0].value.len + params.at[0].name.len == 0))
        *why_r = "the reply is empty";
    if (*why_r != NULL)
        return NULL;
    json_t *object = json_object();

    for (size_t i = 0; i < params.count; i++) {
        if (!slice_has(params.at[i].name, '\0'))
            json_set_slice(object, arena_string(arena, params.at[i].name), params.at[i].value);
    }
    return object;
}

static enum reply_type guess(struct slice content_type, struct slice body, struct slice *inside_r)
{
    if (body.len > 0 && (body.at[0] == '{' || body.at[0] == '['))
        return REPLY_JSON;
    if (unwrap_call(body, inside_r))
        return REPLY_JSONP;
    if (slice_is(content_type, "application/json") || slice_ends(content_type, SL("+json")))
        return REPLY_JSON;
    return slice_has(body, '=') && !slice_has(body, '<') ? REPLY_FORM : REPLY_JSON;
}

json_t *reply_read(struct arena *arena, enum reply_type type, struct slice content_type,
                   struct slice body, const char **why_r)
{
    struct slice inside;

    body = trim_all(body);
    if (type == REPLY_AUTO)
        type = guess(content_type, body, &inside);
    else if (type == REPLY_JSONP && !unwrap_call(body, &inside))
        inside = body; /* some leave the wrapping out when asked to */
    if (type == REPLY_FORM)
        return read_form(arena, body, why_r);
    if (type == REPLY_JSONP)
        body = inside;
    json_t *value = json_read(arena, body, REPLY_MAX, why_r);

    if (value == NULL || json_is_object(value) || json_is_array(value))
        return value;
    json_decref(value);
    *why_r = "the reply is neither an object nor a list";
    return NULL;
}

static bool means_nothing(const json_t *value)
{
    return value == NULL || json_is_null(value) || json_is_false(value) ||
           (json_is_string(value) && json_string_length(value) == 0) ||
           (json_is_array(value) && json_array_size(value) == 0) ||
           (json_is_object(value) && json_object_size(value) == 0);
}

/* Is the value there an error, of those that the paths in `error` lead to? */
static const json_t *find_error(struct arena *arena, const json_t *top, struct slice error,
                                struct slice error_ok)
{
    struct slice path;

    while (slice_next(&error, '|', &path)) {
        const json_t *what = json_at(top, slice_trim(path));
        struct slice code = json_text(arena, what);
        /* Where "ok": true is the good one, "ok": false is not. */
        bool is_not_ok = json_is_false(what) && slice_is(error_ok, "true");

        if ((!means_nothing(what) || is_not_ok) &&
            !(slice_is_set(error_ok) && slice_equal(code, error_ok)))
            return what;
    }
    return NULL;
}

static struct slice first_text(struct arena *arena, const json_t *top, struct slice paths)
{
    struct slice path;

    while (slice_next(&paths, '|', &path)) {
        struct slice text = json_text(arena, json_at(top, slice_trim(path)));

        if (text.len > 0)
            return text;
    }
    return slice_none();
}

json_t *reply_judge(struct arena *arena, json_t *top, struct slice root, struct slice error,
                    struct slice error_ok, struct slice error_text, struct slice *code_r,
                    struct slice *text_r)
{
    const json_t *what = find_error(arena, top, error, error_ok);

    *code_r = slice_none();
    *text_r = slice_none();
    if (what != NULL) {
        struct slice code = json_text(arena, what);

        *code_r = slice_is_set(code) ? code : SL("error");
        *text_r = first_text(arena, top, error_text);
        return NULL;
    }
    json_t *found = json_at(top, root);

    if (found == NULL || json_is_null(found)) {
        *code_r = SL("no_value");
        *text_r = arena_printf(arena, "the reply has nothing at %.*s", SLICE_ARG(root));
        return NULL;
    }
    return found;
}
