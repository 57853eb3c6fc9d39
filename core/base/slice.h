/*
 * A slice: bytes that belong to somebody else.
 *
 * Everything that came from outside is handled as a slice, because it may contain NUL bytes and
 * because its length is known. A slice owns nothing and is passed by value; whoever makes one says
 * how long the bytes live. An absent value is a slice whose `at` is NULL; an empty one has a length
 * of 0 and an address. `slice_is_set()` tells them apart.
 */
#ifndef CARDEA_BASE_SLICE_H
#define CARDEA_BASE_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct slice {
    const char *at;
    size_t len;
};

/* A slice over a string literal, also in static initialisers. */
#define SLICE(literal)                                                                             \
    {                                                                                              \
        "" literal, sizeof(literal) - 1                                                            \
    }
#define SL(literal) ((struct slice)SLICE(literal))

/* For printf: "%.*s" with SLICE_ARG(slice). */
#define SLICE_ARG(slice) (int)(slice).len, (slice).at != NULL ? (slice).at : ""

static inline struct slice slice_none(void)
{
    return (struct slice){ NULL, 0 };
}

static inline struct slice slice_make(const char *at, size_t len)
{
    return (struct slice){ at, len };
}

static inline bool slice_is_set(struct slice s)
{
    return s.at != NULL;
}

static inline bool slice_is_empty(struct slice s)
{
    return s.len == 0;
}

/* Over a C string; NULL gives an absent slice. */
struct slice slice_of(const char *text);

/* Not for secrets: stops at the first difference (crypto/secret.h has secret_equal()). */
bool slice_equal(struct slice a, struct slice b);
bool slice_is(struct slice s, const char *text);
/* ASCII letters only, in any locale, as RFC 9110 compares header names and schemes. */
bool slice_equal_nocase(struct slice a, struct slice b);
bool slice_is_nocase(struct slice s, const char *text);

bool slice_starts(struct slice s, struct slice prefix);
bool slice_ends(struct slice s, struct slice suffix);

/* Bytewise order, the shorter first when one is the beginning of the other. */
int slice_compare(struct slice a, struct slice b);

/* From byte `from` on, and at most `len` bytes; clamped to what there is. */
struct slice slice_sub(struct slice s, size_t from, size_t len);
static inline struct slice slice_from(struct slice s, size_t from)
{
    return slice_sub(s, from, s.len);
}

/* The place of a byte, or s.len. */
size_t slice_find(struct slice s, char byte);
/* The place of the first of `needle`, or s.len. */
size_t slice_find_text(struct slice s, struct slice needle);
bool slice_has(struct slice s, char byte);
/* Is `needle` in it, ASCII letters being alike? The empty one is in everything. */
bool slice_has_nocase(struct slice s, struct slice needle);

/* Without spaces and tabs at both ends (RFC 9110 OWS). */
struct slice slice_trim(struct slice s);

/*
 * Cuts the next part off `*rest` at `separator`. Parts may be empty; "a," has two. False when
 * nothing is left: call it until then.
 */
bool slice_next(struct slice *rest, char separator, struct slice *part_r);

/* As slice_next() but on runs of spaces and never an empty part: scope lists (RFC 6749, 3.3). */
bool slice_next_word(struct slice *rest, struct slice *word_r);

/* Is `word` one of the space separated words of `list`? */
bool slice_has_word(struct slice list, struct slice word);

/* Cuts at the first `separator`; false, with all in `*head_r`, when there is none. */
bool slice_cut(struct slice s, char separator, struct slice *head_r, struct slice *tail_r);

/* Nothing but ASCII letters, digits and the characters of `besides`; true for an empty slice. */
bool slice_is_plain(struct slice s, const char *besides);

/* Decimal digits only: no sign, no space, no leading zero but "0" itself, at most `max`. */
bool slice_to_u64(struct slice s, uint64_t max, uint64_t *value_r);

#endif
