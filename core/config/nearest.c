#include "config/node.h"

enum {
    LONGEST = 64 /* longer names are no spelling mistakes */
};

/* How many slips are still a spelling mistake in a word of that length. */
static size_t slips_allowed(size_t len)
{
    if (len < 3)
        return 0;
    if (len < 6)
        return 1;
    return len < 10 ? 2 : 3;
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/*
 * Letters wrong, missing, surplus, or swapped with their neighbour (Damerau-Levenshtein, no letter
 * touched twice). Three rows of the table are alive: this one, the last, and for swaps the one
 * before.
 */
static size_t distance(struct slice a, struct slice b)
{
    size_t rows[3][LONGEST + 1];
    size_t *before = rows[0];
    size_t *last = rows[1];
    size_t *row = rows[2];

    for (size_t j = 0; j <= b.len; j++)
        before[j] = last[j] = j;
    for (size_t i = 1; i <= a.len; i++) {
        row[0] = i;
        for (size_t j = 1; j <= b.len; j++) {
            char x = lower(a.at[i - 1]);
            char y = lower(b.at[j - 1]);

            row[j] = least(least(last[j], row[j - 1]) + 1, last[j - 1] + (x != y));
            if (i > 1 && j > 1 && x == lower(b.at[j - 2]) && y == lower(a.at[i - 2]))
                row[j] = least(row[j], before[j - 2] + 1);
        }
        size_t *oldest = before;

        before = last;
        last = row;
        row = oldest;
    }
    return last[b.len];
}

const char *nearest_name(struct slice name, const char *const *names, size_t count)
{
    const char *nearest = NULL;
    size_t best = slips_allowed(name.len) + 1;

    if (name.len > LONGEST)
        return NULL;
    for (size_t i = 0; i < count; i++) {
        struct slice other = slice_of(names[i]);

        if (other.len > LONGEST || other.len + best <= name.len || name.len + best <= other.len)
            continue;
        size_t slips = distance(name, other);

        if (slips < best) {
            best = slips;
            nearest = names[i];
        }
    }
    return nearest;
}
