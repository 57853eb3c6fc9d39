/* Readers and judges for one text: they know neither fields nor trees. */
#include "base/codec.h"
#include "base/json.h"
#include "base/url.h"
#include "config/fields_kinds.h"

enum {
    DAY_MS = 24 * 60 * 60 * 1000
};

struct unit {
    const char *name;
    uint64_t worth;
};

/* The largest first, so that a number is written with the largest unit that fits. */
static const struct unit duration_units[] = { { "d", DAY_MS }, { "h", DAY_MS / 24 }, { "m", 60000 },
                                              { "s", 1000 },   { "ms", 1 },          { NULL, 0 } };
static const struct unit size_units[] = {
    { "g", 1024 * 1024 * 1024 }, { "m", 1024 * 1024 }, { "k", 1024 }, { "", 1 }, { NULL, 0 }
};
static const struct unit rate_units[] = {
    { "h", 60 * 60 * 1000 }, { "m", 60000 }, { "s", 1000 }, { NULL, 0 }
};

/* More cannot be meant, and sums of a few of these stay far from overflow. */
static const uint64_t longest_duration = 100ULL * 366 * DAY_MS;
static const uint64_t largest_size = 1024ULL * 1024 * 1024 * 1024;

static const struct unit *find_unit(const struct unit *units, struct slice name)
{
    for (; units->name != NULL; units++) {
        if (slice_is(name, units->name))
            return units;
    }
    return NULL;
}

/* "30m": digits, then a unit. */
static bool read_amount(struct slice text, const struct unit *units, uint64_t most,
                        uint64_t *amount_r)
{
    size_t digits = 0;
    uint64_t number;

    while (digits < text.len && text.at[digits] >= '0' && text.at[digits] <= '9')
        digits++;
    const struct unit *unit = find_unit(units, slice_from(text, digits));

    if (unit == NULL || !slice_to_u64(slice_sub(text, 0, digits), most / unit->worth, &number))
        return false;
    *amount_r = number * unit->worth;
    return true;
}

static struct slice amount_text(struct arena *arena, const struct unit *units, uint64_t amount)
{
    while (units[1].name != NULL && (amount == 0 || amount % units->worth != 0))
        units++;
    return arena_printf(arena, "%llu%s", (unsigned long long)(amount / units->worth), units->name);
}

const char *duration_read(struct slice text, int64_t *milliseconds_r)
{
    uint64_t amount;

    if (!read_amount(text, duration_units, longest_duration, &amount))
        return "is no duration: write a whole number with ms, s, m, h or d behind it, such as 30s "
               "or 12h";
    *milliseconds_r = (int64_t)amount;
    return NULL;
}

struct slice duration_text(struct arena *arena, uint64_t milliseconds)
{
    return amount_text(arena, duration_units, milliseconds);
}

const char *size_read(struct slice text, size_t *bytes_r)
{
    uint64_t amount;

    if (!read_amount(text, size_units, largest_size, &amount))
        return "is no size: write a whole number of bytes, or one with k, m or g behind it, such "
               "as 64k";
    *bytes_r = (size_t)amount;
    return NULL;
}

struct slice size_text(struct arena *arena, uint64_t bytes)
{
    return amount_text(arena, size_units, bytes);
}

const char *rate_read(struct slice text, struct rate *rate_r)
{
    struct slice number;
    struct slice per;
    uint64_t count;

    if (slice_is(text, "off")) {
        *rate_r = (struct rate){ 0, 0 };
        return NULL;
    }
    bool has_unit = slice_cut(text, '/', &number, &per);
    const struct unit *unit = find_unit(rate_units, per);

    if (!has_unit || unit == NULL || !slice_to_u64(number, 1000000, &count) || count == 0)
        return "is no rate: write how often in a second, minute or hour, such as 30/m, or off";
    *rate_r = (struct rate){ (unsigned)count, (int64_t)unit->worth };
    return NULL;
}

struct slice rate_text(struct arena *arena, struct rate rate)
{
    const struct unit *unit = rate_units;

    if (rate.count == 0)
        return SL("off");
    while (unit[1].name != NULL && (int64_t)unit->worth != rate.window_ms)
        unit++;
    return arena_printf(arena, "%u/%s", rate.count, unit->name);
}

const char *judge_text(struct slice text)
{
    if (text.len == 0)
        return "is empty";
    return utf8_is_text(text) ? NULL : "has a line break or a control character in it";
}

const char *judge_long_text(struct slice text)
{
    return text.len == 0 ? "is empty" : NULL;
}

const char *judge_url(struct slice text)
{
    struct url url;
    const char *wrong = url_read_http(text, &url);

    if (wrong != NULL)
        return wrong;
    if (slice_is_set(url.fragment))
        return "has a fragment (#)";
    return url_is_safe(&url) ? NULL : "is http on another machine: use https";
}

/* What a browser would run instead of going there. */
static bool is_script(struct slice scheme)
{
    static const char *const schemes[] = { "javascript", "data",       "vbscript", "file",
                                           "blob",       "filesystem", "about",    "view-source" };

    for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
        if (slice_is_nocase(scheme, schemes[i]))
            return true;
    }
    return false;
}

const char *judge_any_url(struct slice text)
{
    struct slice scheme;
    struct slice rest;
    struct url url;

    slice_cut(text, ':', &scheme, &rest);
    if (slice_has(text, '*'))
        return "has a wildcard (*): write each address out";
    if (is_script(scheme))
        return "has a scheme that browsers do not go to but run or read: use https";
    return url_read(text, &url);
}

/* A name, or whatever else plugin/template.h knows; spaces stand around filters only. */
static bool is_template_name(struct slice name)
{
    struct slice head = slice_trim(slice_sub(name, 0, slice_find(name, '>')));

    return head.len > 0 && utf8_is_text(name) && !slice_has(head, ' ') && !slice_has(name, '{');
}

/* Puts a "1" for each {name}, which can be part of a host, a port and a path: what is left must be
 * a URL. */
static const char *fill_template(struct slice text, struct buf *buf)
{
    while (text.len > 0) {
        size_t open = slice_find(text, '{');
        size_t close = slice_find(text, '}');

        if (close < open || (open < text.len && close == text.len))
            return "has a brace that is not one of a {name}";
        buf_add(buf, slice_sub(text, 0, open));
        if (open == text.len)
            break;
        if (!is_template_name(slice_sub(text, open + 1, close - open - 1)))
            return "has a {name} that is no name";
        buf_add_byte(buf, '1');
        text = slice_from(text, close + 1);
    }
    return NULL;
}

const char *judge_url_template(struct slice text)
{
    struct buf buf = BUF_INIT(text.len);
    const char *wrong = fill_template(text, &buf);

    /* One that begins with a placeholder can only be judged when that is filled in. */
    if (wrong == NULL && !slice_starts(text, SL("{")))
        wrong = judge_url(buf_slice(&buf));
    buf_release(&buf);
    return wrong;
}

const char *judge_json_path(struct slice text)
{
    return json_path_check(text) == NULL
               ? NULL
               : "is no path: write /member/member, with /0 or /[name=value] for an element of a "
                 "list";
}

const char *id_check(struct slice id)
{
    for (size_t i = 0; i < id.len; i++) {
        char c = id.at[i];
        bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');

        if (!is_letter && (i == 0 || (c != '-' && c != '_' && c != '.')))
            return "is no id: an id has letters, digits, \"-\", \"_\" and \".\", and begins with a "
                   "letter or digit";
    }
    if (id.len > 64)
        return "is no id: an id has at most 64 characters";
    return id.len > 0 ? NULL : "is no id: it is empty";
}
