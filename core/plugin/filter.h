/*
 * Filters: what is done to a value that a claim path or a placeholder has found, written behind it
 * after ">": "/birthday > date(MM/DD/YYYY)", "{access_token > before(.)}". provider.h lists them.
 *
 * A filter gives a value or nothing; nothing stays nothing, and the next alternative is tried. None
 * of them fails in another way, whatever the provider sent.
 */
#ifndef CARDEA_PLUGIN_FILTER_H
#define CARDEA_PLUGIN_FILTER_H

#include "base/json.h"

struct template_values;

enum {
    FILTERS_MAX = 8,             /* behind one path */
    FILTER_TEXT_MAX = 64 * 1024, /* bytes of a text that a filter makes; a longer one is nothing */
    FILTER_LIST_MAX = 1000       /* elements of a list */
};

/* One filter as it is written. */
struct filter {
    struct slice name;
    struct slice argument; /* absent when there are no parentheses */
};

/*
 * Cuts the next filter off `*rest`, which begins behind a ">". What follows is left there: nothing,
 * ">" with one more filter, or something that does not belong to filters. False when no name stands
 * there or a parenthesis is not closed; `*rest` is then where that was seen.
 */
bool filter_next(struct slice *rest, struct filter *filter_r);

/*
 * Can that be applied? NULL, or a sentence that goes on with the filter; `*instead_r` is then the
 * name that was perhaps meant, or NULL. `source_exists` judges a path that reads another document
 * ("token:/type").
 */
const char *filter_check(const struct filter *filter,
                         bool (*source_exists)(const void *context, struct slice source),
                         const void *context, const char **instead_r);

/* A new reference, or NULL for nothing. `value` is borrowed, `values` is where other documents and
 * keys come from; NULL: there are none. */
json_t *filter_apply(struct arena *arena, const struct filter *filter, const json_t *value,
                     const struct template_values *values);

/* The names of all filters, NULL at the end. */
extern const char *const filter_names[];

#endif
