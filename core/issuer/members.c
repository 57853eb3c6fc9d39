#include "issuer/members.h"

#include "base/codec.h"

void member_add_text(struct buf *out, const char *name, struct slice value)
{
    if (value.len == 0)
        return;
    buf_add_json_name(out, name);
    buf_add_json(out, value);
}

void member_add_number(struct buf *out, const char *name, int64_t value)
{
    buf_add_json_name(out, name);
    buf_add_u64(out, (uint64_t)value);
}

void member_add_words(struct buf *out, const char *name, struct slice words)
{
    struct slice word;
    size_t count = 0;

    while (slice_next_word(&words, &word)) {
        if (count == 0)
            buf_add_json_name(out, name);
        buf_add_byte(out, count++ == 0 ? '[' : ',');
        buf_add_json(out, word);
    }
    if (count > 0)
        buf_add_byte(out, ']');
}

void member_add_audience(struct buf *out, struct slice words)
{
    struct slice rest = words;
    struct slice first;
    struct slice second;

    if (slice_next_word(&rest, &first) && !slice_next_word(&rest, &second))
        member_add_text(out, "aud", first);
    else
        member_add_words(out, "aud", words);
}
