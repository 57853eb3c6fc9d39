#include "hub/bidi.h"

#include "base/codec.h"

/* U+202A to U+202E and U+2066 to U+2069: embeddings, overrides, isolates. */
static bool turns(struct slice rest)
{
    const unsigned char *at = (const unsigned char *)rest.at;

    return rest.len >= 3 && at[0] == 0xe2 &&
           ((at[1] == 0x80 && at[2] >= 0xaa && at[2] <= 0xae) ||
            (at[1] == 0x81 && at[2] >= 0xa6 && at[2] <= 0xa9));
}

/* Does a script that is written from right to left begin here, going by the two first bytes? */
static bool is_from_right(struct slice rest)
{
    unsigned char first = (unsigned char)rest.at[0];
    unsigned char second = rest.len > 1 ? (unsigned char)rest.at[1] : 0;

    return (first >= 0xd6 && first <= 0xdf) ||  /* Hebrew, Arabic, Syriac, Thaana, N'Ko */
           (first == 0xe0 && second < 0xa4) ||  /* Samaritan to Arabic Extended */
           (first == 0xef && second >= 0xac) || /* presentation forms */
           (first == 0xf0 && (second == 0x90 || second == 0x9e)); /* ancient ones, Adlam */
}

static bool may_turn(struct slice text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (turns(slice_from(text, i)) || is_from_right(slice_from(text, i)))
            return true;
    }
    return false;
}

void buf_add_isolated_html(struct buf *buf, struct slice text)
{
    size_t from = 0;

    if (!may_turn(text)) {
        buf_add_html(buf, text);
        return;
    }
    /* NOLINTNEXTLINE(misc-misleading-bidirectional): closed below */
    buf_add_text(buf, "\u2068");
    for (size_t i = 0; i < text.len; i++) {
        if (!turns(slice_from(text, i)))
            continue;
        buf_add_html(buf, slice_sub(text, from, i - from));
        from = i + 3;
        i += 2;
    }
    buf_add_html(buf, slice_from(text, from));
    buf_add_text(buf, "\u2069");
}
