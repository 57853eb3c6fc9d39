#include "base/slice.h"

struct slice slice_of(const char *text)
{
    return text != NULL ? slice_make(text, strlen(text)) : slice_none();
}

bool slice_equal(struct slice a, struct slice b)
{
    /* NOLINTNEXTLINE(clang-analyzer-core.NonNullParamChecker): who has a length has bytes */
    return a.len == b.len && (a.len == 0 || memcmp(a.at, b.at, a.len) == 0);
}

bool slice_is(struct slice s, const char *text)
{
    return slice_equal(s, slice_of(text));
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* Not strncasecmp(): that stops at a NUL, and all that follows would count as equal. */
bool slice_equal_nocase(struct slice a, struct slice b)
{
    if (a.len != b.len)
        return false;
    for (size_t i = 0; i < a.len; i++) {
        if (lower(a.at[i]) != lower(b.at[i]))
            return false;
    }
    return true;
}

bool slice_is_nocase(struct slice s, const char *text)
{
    return slice_equal_nocase(s, slice_of(text));
}

bool slice_starts(struct slice s, struct slice prefix)
{
    return s.len >= prefix.len && slice_equal(slice_make(s.at, prefix.len), prefix);
}

bool slice_ends(struct slice s, struct slice suffix)
{
    return s.len >= suffix.len && slice_equal(slice_from(s, s.len - suffix.len), suffix);
}

int slice_compare(struct slice a, struct slice b)
{
    size_t common = a.len < b.len ? a.len : b.len;
    int order = common > 0 ? memcmp(a.at, b.at, common) : 0;

    if (order != 0)
        return order;
    return a.len < b.len ? -1 : a.len > b.len;
}

struct slice slice_sub(struct slice s, size_t from, size_t len)
{
    if (from > s.len)
        from = s.len;
    if (len > s.len - from)
        len = s.len - from;
    return slice_make(s.at != NULL ? s.at + from : NULL, len);
}

size_t slice_find(struct slice s, char byte)
{
    const char *found = s.len > 0 ? memchr(s.at, byte, s.len) : NULL;

    return found != NULL ? (size_t)(found - s.at) : s.len;
}

size_t slice_find_text(struct slice s, struct slice needle)
{
    const char *found = s.len > 0 ? memmem(s.at, s.len, needle.at, needle.len) : NULL;

    return found != NULL ? (size_t)(found - s.at) : s.len;
}

bool slice_has(struct slice s, char byte)
{
    return slice_find(s, byte) < s.len;
}

struct slice slice_trim(struct slice s)
{
    while (s.len > 0 && (s.at[0] == ' ' || s.at[0] == '\t'))
        s = slice_from(s, 1);
    while (s.len > 0 && (s.at[s.len - 1] == ' ' || s.at[s.len - 1] == '\t'))
        s.len--;
    return s;
}

bool slice_next(struct slice *rest, char separator, struct slice *part_r)
{
    if (rest->at == NULL)
        return false;
    if (!slice_cut(*rest, separator, part_r, rest))
        *rest = slice_none();
    return true;
}

bool slice_next_word(struct slice *rest, struct slice *word_r)
{
    while (slice_next(rest, ' ', word_r)) {
        if (word_r->len > 0)
            return true;
    }
    return false;
}

bool slice_has_word(struct slice list, struct slice word)
{
    struct slice each;

    while (slice_next_word(&list, &each)) {
        if (slice_equal(each, word))
            return true;
    }
    return false;
}

bool slice_cut(struct slice s, char separator, struct slice *head_r, struct slice *tail_r)
{
    size_t at = slice_find(s, separator);
    bool found = at < s.len;

    *tail_r = found ? slice_from(s, at + 1) : slice_none();
    *head_r = slice_sub(s, 0, at);
    return found;
}

bool slice_is_plain(struct slice s, const char *besides)
{
    for (size_t i = 0; i < s.len; i++) {
        char c = s.at[i];
        bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');

        if (!plain && (c == '\0' || strchr(besides, c) == NULL))
            return false;
    }
    return true;
}

bool slice_to_u64(struct slice s, uint64_t max, uint64_t *value_r)
{
    uint64_t value = 0;

    if (s.len == 0 || (s.len > 1 && s.at[0] == '0'))
        return false;
    for (size_t i = 0; i < s.len; i++) {
        unsigned digit = (unsigned char)s.at[i] - (unsigned)'0';

        if (digit > 9 || value > (UINT64_MAX - digit) / 10)
            return false;
        value = value * 10 + digit;
    }
    *value_r = value;
    return value <= max;
}
