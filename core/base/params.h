/*
 * Parameters of a query string or of an application/x-www-form-urlencoded body.
 *
 * Decoded once. Empty pieces ("a=1&&b=2") are skipped, a piece without '=' is a name with an empty
 * value, ';' separates nothing. Names and values are bytes of any kind, so that a doubled parameter
 * or a NUL is seen and judged rather than lost.
 */
#ifndef CARDEA_BASE_PARAMS_H
#define CARDEA_BASE_PARAMS_H

#include "base/arena.h"
#include "base/buf.h"

struct param {
    struct slice name;
    struct slice value;
};

struct params {
    struct param *at;
    size_t count;
    size_t capacity; /* of `at`; what would pass it is not added */
};

enum {
    PARAMS_MAX = 128 /* more than any request of ours has */
};

/*
 * Reads `text`. The result lies in the arena. NULL when it is good, else a sentence about what is
 * wrong (a static string): more than PARAMS_MAX, or a broken percent escape.
 */
const char *params_read(struct arena *arena, struct slice text, struct params *params_r);

/* The value of the first parameter of that name; absent when there is none or when it is empty,
 * which RFC 6749, 3.1 says is the same. */
struct slice params_get(const struct params *params, const char *name);
/* The same, but an empty value is not absent. */
struct slice params_get_raw(const struct params *params, const char *name);

/* The name of a parameter that stands twice, or absent. `resource` and `audience` may (RFC 8707).
 */
struct slice params_doubled(const struct params *params);

/* How many have that name. */
size_t params_count(const struct params *params, const char *name);

/* Appends, as long as there is room: none behind params_read(), see params_new(). */
void params_add(struct params *params, struct slice name, struct slice value);
/* Empty, with room for PARAMS_MAX. */
struct params params_new(struct arena *arena);
/* Sets the first of that name, or appends. An absent value removes. */
void params_set(struct params *params, struct slice name, struct slice value);

/* Encoded as a query or form. */
void params_write(const struct params *params, struct buf *buf);

#endif
