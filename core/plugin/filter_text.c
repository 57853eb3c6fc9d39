#include "base/codec.h"
#include "base/params.h"
#include "crypto/digest.h"
#include "plugin/filter_kinds.h"

json_t *filter_lower(const struct filtering *filtering, const json_t *value)
{
    struct slice text = filter_text_of(filtering, value);
    struct buf out = BUF_INIT(FILTER_TEXT_MAX);

    for (size_t i = 0; i < text.len; i++)
        buf_add_byte(&out, (char)(text.at[i] >= 'A' && text.at[i] <= 'Z' ? text.at[i] - 'A' + 'a'
                                                                         : text.at[i]));
    return filter_take(&out);
}

/* ---- escaped texts ---- */

/* What providers really escape; all else stays as it is. */
static const struct {
    struct slice name;
    const char *text;
} entities[] = {
    { SLICE("amp"), "&" },
    { SLICE("lt"), "<" },
    { SLICE("gt"), ">" },
    { SLICE("quot"), "\"" },
    { SLICE("apos"), "'" },
    { SLICE("nbsp"), "\xc2\xa0" },
    { SLICE("lsquo"), "\xe2\x80\x98" },
    { SLICE("rsquo"), "\xe2\x80\x99" },
    { SLICE("ndash"), "\xe2\x80\x93" },
    { SLICE("mdash"), "\xe2\x80\x94" },
};

static void add_character(struct buf *out, uint32_t c)
{
    if (c < 0x80) {
        buf_add_byte(out, (char)c);
    } else if (c < 0x800) {
        buf_add_byte(out, (char)(0xc0 | c >> 6));
        buf_add_byte(out, (char)(0x80 | (c & 0x3f)));
    } else if (c < 0x10000) {
        buf_add_byte(out, (char)(0xe0 | c >> 12));
        buf_add_byte(out, (char)(0x80 | (c >> 6 & 0x3f)));
        buf_add_byte(out, (char)(0x80 | (c & 0x3f)));
    } else {
        buf_add_byte(out, (char)(0xf0 | c >> 18));
        buf_add_byte(out, (char)(0x80 | (c >> 12 & 0x3f)));
        buf_add_byte(out, (char)(0x80 | (c >> 6 & 0x3f)));
        buf_add_byte(out, (char)(0x80 | (c & 0x3f)));
    }
}

static int digit_value(char c, int base)
{
    int value = c >= '0' && c <= '9'   ? c - '0'
                : c >= 'a' && c <= 'f' ? c - 'a' + 10
                : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                       : 99;

    return value < base ? value : -1;
}

/* "#39" or "#x27" as a character; 0 when it is none. */
static uint32_t numeric_entity(struct slice name)
{
    int base = name.len > 2 && (name.at[1] == 'x' || name.at[1] == 'X') ? 16 : 10;
    uint32_t c = 0;

    if (name.len < 2 || name.at[0] != '#')
        return 0;
    for (size_t i = base == 16 ? 2 : 1; i < name.len; i++) {
        int digit = digit_value(name.at[i], base);

        if (digit < 0 || c > 0x10ffff)
            return 0;
        c = c * (uint32_t)base + (uint32_t)digit;
    }
    return c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff) ? 0 : c;
}

static bool add_entity(struct buf *out, struct slice name)
{
    uint32_t c = numeric_entity(name);

    if (c != 0)
        add_character(out, c);
    for (size_t i = 0; c == 0 && i < sizeof(entities) / sizeof(entities[0]); i++) {
        if (slice_equal(name, entities[i].name)) {
            buf_add_text(out, entities[i].text);
            return true;
        }
    }
    return c != 0;
}

json_t *filter_html_decode(const struct filtering *filtering, const json_t *value)
{
    enum {
        ENTITY_MAX = 10
    };
    struct slice rest = filter_text_of(filtering, value);
    struct buf out = BUF_INIT(FILTER_TEXT_MAX);

    while (rest.len > 0) {
        size_t end = rest.at[0] == '&' ? slice_find(slice_sub(rest, 0, ENTITY_MAX + 2), ';') : 0;

        if (end > 1 && end < rest.len && end <= ENTITY_MAX + 1 &&
            add_entity(&out, slice_sub(rest, 1, end - 1))) {
            rest = slice_from(rest, end + 1);
        } else {
            buf_add_byte(&out, rest.at[0]);
            rest = slice_from(rest, 1);
        }
    }
    return filter_take(&out);
}

json_t *filter_url_decode(const struct filtering *filtering, const json_t *value)
{
    struct slice decoded;
    struct buf out = BUF_INIT(FILTER_TEXT_MAX);

    if (percent_decode(filtering->arena, filter_text_of(filtering, value), true, &decoded))
        buf_add(&out, decoded);
    return filter_take(&out);
}

/* ---- parts ---- */

static json_t *take_slice(struct slice text)
{
    return text.len > 0 ? json_from_slice(text) : NULL;
}

/* The last segment of a path, without query and fragment. */
json_t *filter_tail(const struct filtering *filtering, const json_t *value)
{
    struct slice text = filter_text_of(filtering, value);

    text = slice_sub(text, 0, slice_find(text, '#'));
    text = slice_sub(text, 0, slice_find(text, '?'));
    while (text.len > 0 && text.at[text.len - 1] == '/')
        text.len--;
    while (slice_has(text, '/'))
        text = slice_from(text, slice_find(text, '/') + 1);
    return take_slice(text);
}

json_t *filter_before(const struct filtering *filtering, const json_t *value)
{
    struct slice text = filter_text_of(filtering, value);

    return take_slice(slice_sub(text, 0, slice_find_text(text, filtering->argument)));
}

json_t *filter_after(const struct filtering *filtering, const json_t *value)
{
    struct slice text = filter_text_of(filtering, value);

    return take_slice(
        slice_from(text, slice_find_text(text, filtering->argument) + filtering->argument.len));
}

/* "old,new" */
json_t *filter_replace(const struct filtering *filtering, const json_t *value)
{
    struct slice rest = filter_text_of(filtering, value);
    struct slice from;
    struct slice to;
    struct buf out = BUF_INIT(FILTER_TEXT_MAX);

    slice_cut(filtering->argument, ',', &from, &to);
    while (rest.len > 0) {
        size_t at = slice_find_text(rest, from);

        buf_add(&out, slice_sub(rest, 0, at));
        if (at < rest.len)
            buf_add(&out, to);
        rest = slice_from(rest, at < rest.len ? at + from.len : rest.len);
    }
    return filter_take(&out);
}

const char *filter_judge_replace(struct slice argument)
{
    return slice_find(argument, ',') == 0 || !slice_has(argument, ',')
               ? "what is replaced and by what are written \"_,-\""
               : NULL;
}

json_t *filter_split(const struct filtering *filtering, const json_t *value)
{
    struct slice rest = filter_text_of(filtering, value);
    json_t *list = json_array();

    while (rest.len > 0 && json_array_size(list) < FILTER_LIST_MAX) {
        size_t at = slice_find_text(rest, filtering->argument);
        struct slice part = slice_trim(slice_sub(rest, 0, at));

        if (part.len > 0)
            json_array_append_new(list, json_from_slice(part));
        rest = slice_from(rest, at + filtering->argument.len);
    }
    if (json_array_size(list) > 0)
        return list;
    json_decref(list);
    return NULL;
}

json_t *filter_join(const struct filtering *filtering, const json_t *value)
{
    struct buf out = BUF_INIT(FILTER_TEXT_MAX);
    const json_t *each;
    size_t i;

    json_array_foreach(value, i, each)
    {
        struct slice text = filter_text_of(filtering, each);

        if (text.len > 0 && out.len > 0)
            buf_add(&out, filtering->argument);
        buf_add(&out, text);
    }
    if (!json_is_array(value))
        buf_add(&out, filter_text_of(filtering, value));
    return filter_take(&out);
}

/* ---- digests ---- */

static json_t *hexadecimal(const unsigned char *bytes, size_t len)
{
    struct buf out = BUF_INIT(2 * DIGEST_MAX);

    buf_add_hex(&out, slice_make((const char *)bytes, len));
    return filter_take(&out);
}

static json_t *hash(const struct filtering *filtering, const json_t *value, enum digest which)
{
    struct slice text = filter_text_of(filtering, value);
    unsigned char out[DIGEST_MAX];

    return text.len > 0 ? hexadecimal(out, digest(which, text, out)) : NULL;
}

json_t *filter_md5(const struct filtering *filtering, const json_t *value)
{
    return hash(filtering, value, DIGEST_MD5);
}

json_t *filter_sha256(const struct filtering *filtering, const json_t *value)
{
    return hash(filtering, value, DIGEST_SHA256);
}

json_t *filter_hmac_sha256(const struct filtering *filtering, const json_t *value)
{
    const struct template_values *values = filtering->values;
    struct slice text = filter_text_of(filtering, value);
    struct slice key = values != NULL && values->key != NULL
                           ? values->key(values->context, filtering->argument)
                           : slice_none();
    unsigned char out[DIGEST_MAX];

    return key.len > 0 && text.len > 0
               ? hexadecimal(out, digest_hmac(DIGEST_SHA256, key, text, out))
               : NULL;
}
