/*
 * What the parts of the field-table engine share: fields.c walks the tables, fields_value.c reads
 * single texts, fields_list.c what consists of several, fields_print.c and fields_schema.c say it
 * all again.
 */
#ifndef CARDEA_CONFIG_FIELDS_KINDS_H
#define CARDEA_CONFIG_FIELDS_KINDS_H

#include "config/fields.h"
#include "net/address.h"

/* The reading of one field. */
struct reading {
    const struct field *field;
    const char *where; /* the map it stands in, "" at the top */
    struct problems *problems;
};

/* What a value looks like in the document. */
enum shape {
    SHAPE_TEXT,
    SHAPE_BARE,  /* a text without quotes */
    SHAPE_TEXTS, /* a list, or one text for a list of one */
    SHAPE_MAP,
    SHAPE_ANY
};

/* Reads a node of the kind's shape onto its place, or adds a problem. */
typedef void value_read(const struct reading *reading, const struct node *node, void *value);

/* NULL, or what is wrong with a text, as the end of a sentence that begins with it. */
typedef const char *text_judge(struct slice text);

value_read value_read_text, value_read_cidr, value_read_word, value_read_bool, value_read_count,
    value_read_duration, value_read_size, value_read_rate, value_read_texts, value_read_cidrs,
    value_read_pairs, value_read_tree, value_read_struct, value_read_many;

struct kind {
    size_t size; /* of the value; 0: the field says */
    enum shape shape;
    value_read *read;  /* NULL: no key */
    text_judge *judge; /* of one text */
    bool is_secret;
    bool may_be_nothing; /* a key without a value is no problem */
    const char *wanted;  /* the end of a sentence that begins with the key */
};
extern const struct kind field_kinds[FIELD_KINDS];

static inline bool field_is_secret(const struct field *field)
{
    return field_kinds[field->kind].is_secret || (field->flags & FIELD_MASKED) != 0;
}

/* "`http.timeout: 300x` is no duration": the value is quoted unless it may be a secret. */
void reading_problem(const struct reading *reading, const struct node *node, const char *format,
                     ...) __attribute__((format(printf, 3, 4)));
/* Does the node have the kind's shape? False, and a problem, when not. A list of texts has
 * elements that are texts. */
bool reading_fits(const struct reading *reading, const struct node *node);
/* The key as messages name it, "http.timeout", in the arena. */
const char *reading_path(const struct reading *reading);

/*
 * Judges the text of a node as one value of the field (its kind, `words`, whether others may read a
 * secret), and has it looked at by `check`. False, and a problem, when it cannot be taken.
 */
bool reading_take(const struct reading *reading, const struct node *node, struct slice *text_r);

/* "did you mean `info`?", or what there is to choose from. */
void reading_unknown_word(const struct reading *reading, const struct node *node);

text_judge judge_text, judge_long_text, judge_url, judge_any_url, judge_url_template,
    judge_json_path;

/* As duration_read() and its kin read it: the largest unit that fits. */
struct slice duration_text(struct arena *arena, uint64_t milliseconds);
struct slice size_text(struct arena *arena, uint64_t bytes);
struct slice rate_text(struct arena *arena, struct rate rate);

#endif
