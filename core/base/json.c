#include "base/json.h"

#include "base/codec.h"
#include "base/memory.h"

#include <malloc.h>
#include <math.h>

/* Documents carry tokens and keys, and jansson would leave them in the memory it gives back. */
static void wipe_and_free(void *memory)
{
    if (memory != NULL)
        mem_wipe(memory, malloc_usable_size(memory));
    mem_free(memory);
}

__attribute__((constructor)) static void take_over_memory(void)
{
    json_set_alloc_funcs(mem_alloc, wipe_and_free);
}

/* What jansson says itself quotes the document, which may be half a token. */
static const char *complaint(const json_error_t *error)
{
    switch (json_error_code(error)) {
    case json_error_premature_end_of_input:
        return "the JSON document ends too early";
    case json_error_end_of_input_expected:
        return "the JSON document has something behind it";
    case json_error_invalid_utf8:
        return "the JSON document is not UTF-8";
    case json_error_duplicate_key:
        return "the JSON document has a member twice in one object";
    case json_error_null_character:
    case json_error_null_byte_in_key:
        return "the JSON document has a NUL in a text";
    case json_error_numeric_overflow:
        return "the JSON document has a number that is too large";
    default:
        return "the JSON document is malformed";
    }
}

/* Counts brackets outside of strings: jansson itself recurses to a depth of 2048. */
static bool too_deep(struct slice text)
{
    int depth = 0;
    bool in_string = false;

    for (size_t i = 0; i < text.len; i++) {
        char c = text.at[i];

        if (in_string) {
            if (c == '\\')
                i++;
            else if (c == '"')
                in_string = false;
        } else if (c == '"') {
            in_string = true;
        } else if (c == '{' || c == '[') {
            if (++depth > JSON_DEPTH_MAX)
                return true;
        } else if (c == '}' || c == ']') {
            depth--;
        }
    }
    return false;
}

json_t *json_read(struct arena *arena, struct slice text, size_t limit, const char **why_r)
{
    json_error_t error;

    *why_r = NULL;
    if (text.len > limit)
        *why_r = "the JSON document is too long";
    else if (too_deep(text))
        *why_r = "the JSON document is nested too deeply";
    if (*why_r != NULL)
        return NULL;
    json_t *value = json_loadb(text.at != NULL ? text.at : "", text.len,
                               JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);

    if (value == NULL)
        *why_r = arena_printf(arena, "%s (byte %d)", complaint(&error), error.position).at;
    return value;
}

json_t *json_read_object(struct arena *arena, struct slice text, size_t limit, const char **why_r)
{
    json_t *value = json_read(arena, text, limit, why_r);

    if (value != NULL && !json_is_object(value)) {
        json_decref(value);
        *why_r = "the JSON document is no object";
        return NULL;
    }
    return value;
}

struct slice json_slice(const json_t *value)
{
    if (!json_is_string(value))
        return slice_none();
    return slice_make(json_string_value(value), json_string_length(value));
}

struct slice json_member(const json_t *object, const char *name)
{
    return json_slice(json_object_get(object, name));
}

int64_t json_member_int(const json_t *object, const char *name, int64_t otherwise)
{
    const json_t *value = json_object_get(object, name);

    if (json_is_integer(value))
        return json_integer_value(value);
    if (json_is_real(value)) {
        double real = json_real_value(value);

        if (real >= -9e15 && real <= 9e15)
            return (int64_t)real;
    }
    return otherwise;
}

struct slice json_text(struct arena *arena, const json_t *value)
{
    if (json_is_string(value))
        return json_slice(value);
    if (json_is_integer(value))
        return arena_printf(arena, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
    if (json_is_boolean(value))
        return json_is_true(value) ? SL("true") : SL("false");
    if (json_is_real(value)) {
        double real = json_real_value(value);

        if (fabs(real) < 9e15 && fabs(real - trunc(real)) <= 0)
            return arena_printf(arena, "%.0f", real);
    }
    return slice_none();
}

static bool is_truthy(const json_t *value)
{
    return json_is_true(value) || json_string_length(value) > 0 ||
           (json_is_integer(value) && json_integer_value(value) != 0);
}

static bool has_text(const json_t *value, struct slice wanted)
{
    const json_t *element;
    size_t i;

    if (json_is_array(value)) {
        json_array_foreach(value, i, element)
        {
            if (has_text(element, wanted))
                return true;
        }
        return false;
    }
    char digits[32];

    if (json_is_integer(value)) {
        snprintf(digits, sizeof(digits), "%" JSON_INTEGER_FORMAT, json_integer_value(value));
        return slice_is(wanted, digits);
    }
    if (json_is_boolean(value))
        return slice_is(wanted, json_is_true(value) ? "true" : "false");
    return json_is_string(value) && slice_equal(json_slice(value), wanted);
}

static json_t *member(const json_t *object, struct slice name)
{
    /* jansson 2.14 has json_object_getn(); Debian 12 has 2.14, others may not. */
    char text[256];

    if (name.len >= sizeof(text) || memchr(name.at, '\0', name.len) != NULL)
        return NULL;
    memcpy(text, name.at, name.len);
    text[name.len] = '\0';
    return json_object_get(object, text);
}

static json_t *select_element(const json_t *array, struct slice selector)
{
    struct slice name;
    struct slice wanted;
    bool compares = slice_cut(selector, '=', &name, &wanted);
    json_t *element;
    size_t i;

    json_array_foreach(array, i, element)
    {
        const json_t *value = member(element, name);

        if (compares ? has_text(value, wanted) : is_truthy(value))
            return element;
    }
    return NULL;
}

/* "~1" is '/' and "~0" is '~' (RFC 6901, 4); anything else behind '~' is an error, and so is a
 * token too long for a member name. */
static bool unescape_token(struct slice token, char text[256], struct slice *name_r)
{
    size_t len = 0;

    for (size_t i = 0; i < token.len; i++) {
        if (len == 255)
            return false;
        if (token.at[i] == '~') {
            if (++i == token.len || (token.at[i] != '0' && token.at[i] != '1'))
                return false;
            text[len++] = token.at[i] == '1' ? '/' : '~';
        } else {
            text[len++] = token.at[i];
        }
    }
    *name_r = slice_make(text, len);
    return true;
}

json_t *json_at(const json_t *root, struct slice path)
{
    const json_t *at = root;
    struct slice token;

    if (path.len == 0)
        return (json_t *)(uintptr_t)root;
    path = slice_from(path, 1); /* the leading '/' */
    while (at != NULL && slice_next(&path, '/', &token)) {
        char text[256];
        struct slice name;
        uint64_t index;

        if (!unescape_token(token, text, &name))
            return NULL;
        if (json_is_object(at))
            at = member(at, name);
        else if (name.len > 2 && name.at[0] == '[' && name.at[name.len - 1] == ']')
            at = select_element(at, slice_sub(name, 1, name.len - 2));
        else if (slice_to_u64(name, 100000, &index))
            at = json_array_get(at, (size_t)index);
        else
            return NULL;
    }
    return (json_t *)(uintptr_t)at;
}

const char *json_path_check(struct slice path)
{
    struct slice token;

    if (path.len == 0)
        return NULL;
    if (path.at[0] != '/')
        return "a path begins with \"/\"";
    if (!utf8_is_text(path))
        return "a path is UTF-8 text without control characters";
    path = slice_from(path, 1);
    while (slice_next(&path, '/', &token)) {
        char text[256];
        struct slice name;

        if (!unescape_token(token, text, &name))
            return "a step of the path is longer than 255 bytes, or has a '~' without 0 or 1 "
                   "behind";
        if (token.len > 0 && (token.at[0] == '[') != (token.at[token.len - 1] == ']'))
            return "a selector is written \"[name=value]\" or \"[name]\"";
        if (slice_is(token, "[]") || slice_starts(token, SL("[=")))
            return "a selector needs a member name";
    }
    return NULL;
}

static int append(const char *bytes, size_t len, void *buf)
{
    buf_add(buf, slice_make(bytes, len));
    return 0;
}

void buf_add_json_value(struct buf *buf, const json_t *value)
{
    json_dump_callback(value, append, buf, JSON_COMPACT | JSON_ENCODE_ANY);
}

json_t *json_from_slice(struct slice text)
{
    if (text.at == NULL)
        text = SL("");
    json_t *value = json_stringn(text.at, text.len);

    if (value != NULL)
        return value;
    /* Not UTF-8: the escaper repairs, and jansson reads what it wrote. */
    struct buf repaired = BUF_INIT(text.len * 6 + 2);

    buf_add_json(&repaired, text);
    value = json_loadb(repaired.at, repaired.len, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
    buf_release(&repaired);
    return value != NULL ? value : json_string("");
}

void json_set_slice(json_t *object, const char *name, struct slice text)
{
    if (slice_is_set(text))
        json_object_set_new(object, name, json_from_slice(text));
}
