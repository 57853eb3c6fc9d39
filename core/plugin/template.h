/*
 * Placeholders and claim paths: the small language in which a description speaks of values that are
 * known only during a login. provider.h says what may stand in it.
 *
 * Pure: values come from a function that the caller gives.
 */
#ifndef CARDEA_PLUGIN_TEMPLATE_H
#define CARDEA_PLUGIN_TEMPLATE_H

#include "base/buf.h"
#include "base/json.h"

enum {
    TEMPLATE_MAX = 64 * 1024 /* bytes of a text with its values in it */
};

/* Replaces {name} by value(context, name) where that is not absent; everything else stays as it is,
 * "{{" too, and so does the whole text when it would pass TEMPLATE_MAX. For parameters, which are
 * known before a login. */
struct slice template_fill_known(struct arena *arena, struct slice text,
                                 struct slice (*value)(void *context, struct slice name),
                                 void *context);

/* Where values of a login come from. */
struct template_values {
    /* {name}: absent when there is none. */
    struct slice (*named)(void *context, struct slice name);
    /* {source:/path} and claim paths: the document of that source; an absent source is the userinfo
     * reply. NULL when there is none. Borrowed. */
    const json_t *(*document)(void *context, struct slice source);
    void *context;
};

/*
 * Replaces all placeholders; "{{" is "{". A value that is not there, or empty, leaves nothing in
 * its place and is counted in `*missing_r` (may be NULL). What would pass TEMPLATE_MAX is empty and
 * counts as one that is missing. Values are percent-encoded as `escape` says.
 */
enum template_escape {
    ESCAPE_NOTHING,
    ESCAPE_ALL, /* for URLs that are called: a value cannot leave its segment */
    ESCAPE_PATH /* for URLs that are told: a value may have slashes */
};
struct slice template_fill(struct arena *arena, struct slice text,
                           const struct template_values *values, enum template_escape escape,
                           size_t *missing_r);

/*
 * Is the text sound? NULL, or a sentence that goes on with `*unknown_r`. `exists` knows names
 * (absent source) and sources.
 */
const char *template_check(struct slice text,
                           bool (*exists)(const void *context, struct slice source,
                                          struct slice name),
                           const void *context, struct slice *unknown_r);

/*
 * Follows a claim path ("/a | emails:/[primary]/email", "={/first} {/last}"). The value as JSON, a
 * new reference, or NULL when none of the alternatives gives anything but null, "" and absence.
 * Values in a composed URL ("=https://...") are percent-encoded but for slashes.
 */
json_t *claim_path_follow(struct arena *arena, struct slice path,
                          const struct template_values *values);

const char *claim_path_check(struct slice path,
                             bool (*exists)(const void *context, struct slice source,
                                            struct slice name),
                             const void *context, struct slice *unknown_r);

#endif
