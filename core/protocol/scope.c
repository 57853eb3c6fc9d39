#include "protocol/scope.h"

#include "base/buf.h"

const char *scope_check(struct slice scope)
{
    struct slice rest = scope;
    struct slice word;
    size_t words = 0;

    if (scope.len > SCOPE_MAX)
        return "the scope is too long";
    for (size_t i = 0; i < scope.len; i++) {
        unsigned char c = (unsigned char)scope.at[i];

        if (c < 0x20 || c > 0x7e || c == '"' || c == '\\')
            return "the scope has a character that no scope can have";
    }
    while (slice_next_word(&rest, &word))
        words++;
    if (words == 0 && scope.len > 0)
        return "the scope is nothing but spaces";
    return words > SCOPE_WORDS_MAX ? "the scope has too many words" : NULL;
}

bool scope_within(struct slice scope, struct slice allowed)
{
    struct slice word;

    while (slice_next_word(&scope, &word)) {
        if (!slice_has_word(allowed, word))
            return false;
    }
    return true;
}

struct slice scope_normalise(struct arena *arena, struct slice scope)
{
    struct buf out = BUF_INIT(SCOPE_MAX);
    struct slice word;

    while (slice_next_word(&scope, &word)) {
        if (slice_has_word(buf_slice(&out), word))
            continue;
        if (out.len > 0)
            buf_add_byte(&out, ' ');
        buf_add(&out, word);
    }
    struct slice normal = arena_copy(arena, buf_slice(&out));

    buf_release(&out);
    return normal;
}
