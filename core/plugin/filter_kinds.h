/*
 * What the files of the filters share: filter.c has the table and what works on any JSON,
 * filter_text.c works on texts, filter_time.c on times and dates.
 */
#ifndef CARDEA_PLUGIN_FILTER_KINDS_H
#define CARDEA_PLUGIN_FILTER_KINDS_H

#include "base/buf.h"
#include "plugin/filter.h"
#include "plugin/template.h"

/* What a filter works with besides the value. */
struct filtering {
    struct arena *arena;
    struct slice argument;
    const struct template_values *values; /* NULL: none */
};

/* A new reference, or NULL. */
typedef json_t *filter_function(const struct filtering *filtering, const json_t *value);
/* NULL, or what is wrong with an argument. */
typedef const char *filter_judge(struct slice argument);

filter_function filter_lower, filter_html_decode, filter_url_decode, filter_tail, filter_before,
    filter_after, filter_replace, filter_split, filter_join, filter_md5, filter_sha256,
    filter_hmac_sha256;
filter_function filter_time, filter_iso, filter_date, filter_format;
filter_judge filter_judge_date, filter_judge_format, filter_judge_replace;

/* The text of a text or number (json_text()), absent for all else. */
struct slice filter_text_of(const struct filtering *filtering, const json_t *value);

/* A new reference to what was written, NULL when that is nothing, too long or no text; lets the
 * buffer go. */
json_t *filter_take(struct buf *text);

#endif
