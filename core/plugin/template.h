/*
 * Placeholders and claim paths: the small language in which a description speaks of values that are
 * known only during a login. provider.h says what may stand in it; filters are filter.h's.
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
    /* A key by its name, for filters that need one; absent when there is none. May be NULL. */
    struct slice (*key)(void *context, struct slice name);
};

/*
 * Replaces all placeholders; "{{" is "{". A value that is not there, or empty, leaves nothing in
 * its place and is counted in `*missing_r` (may be NULL). What would pass TEMPLATE_MAX is empty and
 * counts as one that is missing. Values are percent-encoded as `escape` says; but one at the very
 * front of a URL that is called is the beginning of that URL: it is taken as it is when it is a
 * safe URL without query and fragment, and is missing otherwise.
 */
enum template_escape {
    ESCAPE_NOTHING,
    ESCAPE_ALL,  /* for URLs that are called: a value cannot leave its segment */
    ESCAPE_PATH, /* for URLs that are told: a value may have slashes */
    ESCAPE_FORM, /* for forms: a value stays one */
    ESCAPE_JSON  /* for texts in JSON: a value cannot leave its quotes, which the text has */
};
struct slice template_fill(struct arena *arena, struct slice text,
                           const struct template_values *values, enum template_escape escape,
                           size_t *missing_r);

/* What is wrong with a text, and where. */
struct template_fault {
    const char *text;    /* a sentence about `part`; NULL: nothing is */
    struct slice part;   /* of the text that was checked */
    const char *instead; /* what was perhaps meant; NULL: nobody knows */
};

/* "SENTENCE: `PART` at character N; did you mean `INSTEAD`?", in the arena. */
struct slice template_fault_text(struct arena *arena, const struct template_fault *fault,
                                 struct slice text);

/* Does a name (absent source) or a source (absent name) exist? */
typedef bool template_exists(const void *context, struct slice source, struct slice name);

/* Is the text sound? */
struct template_fault template_check(struct slice text, template_exists *exists,
                                     const void *context);

/*
 * Follows a claim path ("/a | emails:/[primary]/email > lower", "/name | ={/first} {/last}"). The
 * value as JSON, a new reference, or NULL when none of the alternatives gives anything but null, ""
 * and absence. Values in a composed URL ("=https://...") are percent-encoded but for slashes.
 */
json_t *claim_path_follow(struct arena *arena, struct slice path,
                          const struct template_values *values);

struct template_fault claim_path_check(struct slice path, template_exists *exists,
                                       const void *context);

#endif
