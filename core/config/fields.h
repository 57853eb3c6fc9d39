/*
 * The field-table engine: what a configuration key is called, what it may be, where it goes, what
 * it is when nobody says, and one sentence about it. One table drives reading, defaults, messages,
 * `cardea check --print`, overriding the fields of a plugin, and the JSON Schema. There is no chain
 * of string comparisons anywhere.
 */
#ifndef CARDEA_CONFIG_FIELDS_H
#define CARDEA_CONFIG_FIELDS_H

#include "config/node.h"

#include <limits.h>

struct texts {
    struct slice *at;
    size_t count;
};
struct pair {
    struct slice name;
    struct slice value;
};
struct pairs {
    struct pair *at;
    size_t count;
};
/* Elements of a map of named things, in the order written: an array of a struct whose first member
 * is a `struct named`. */
struct many {
    void *at;
    size_t count;
};
struct named {
    struct slice id;
    struct mark mark;
    const struct node *map; /* what it was read from: was a key written? */
    bool broken;            /* something in it is wrong, which is reported */
};
/* "30/m": so many in a window. */
struct rate {
    unsigned count; /* 0: no limit */
    int64_t window_ms;
};

enum field_kind {
    FIELD_TEXT,      /* struct slice: non-empty UTF-8 without control characters */
    FIELD_LONG_TEXT, /* struct slice: the same, but line breaks may stand in it (an SVG, a query) */
    FIELD_SECRET,    /* struct slice: as FIELD_TEXT; masked when printed; a ${file:} that others may
                        read is a problem, and so is nothing at all */
    FIELD_SECRET_URL, /* struct slice: as FIELD_TEXT, with perhaps a password in it that is masked
                         when printed; `check` judges the URL */
    FIELD_URL,        /* struct slice: https, or http on loopback; no fragment */
    FIELD_ANY_URL, /* struct slice: any absolute URL without userinfo and "*" (redirect addresses)
                    */
    FIELD_URL_TEMPLATE, /* struct slice: a FIELD_URL in which {name} and the like may stand */
    FIELD_PATH,      /* struct slice: a file or folder; relative ones are made absolute against the
                        folder of the file they stand in */
    FIELD_JSON_PATH, /* struct slice: what json_path_check() accepts */
    FIELD_CIDR,      /* struct cidr */
    FIELD_WORD,      /* unsigned: index in `words` */
    FIELD_BOOL,      /* bool: true, false, yes, no, on, off */
    FIELD_COUNT,     /* unsigned: a whole number within least..most; or one of `words`, which is
                        FIELD_COUNT_WORD(index) */
    FIELD_DURATION,  /* int64_t milliseconds: "500ms" "30s" "10m" "12h" "90d" */
    FIELD_SIZE,      /* size_t bytes: "512" "64k" "1m" "2g" */
    FIELD_RATE,      /* struct rate: "30/m", "10/s", "100/h", "off" */
    FIELD_WORDS,     /* struct texts: a list, or one text of space separated words */
    FIELD_TEXTS,     /* struct texts: a list of texts, or one text */
    FIELD_URLS,      /* struct texts of FIELD_URL */
    FIELD_ANY_URLS,  /* struct texts of FIELD_ANY_URL */
    FIELD_PATHS,     /* struct texts of FIELD_PATH */
    FIELD_CIDRS,     /* struct many of struct cidr (no named) */
    FIELD_PAIRS, /* struct pairs: a map of text to text; an empty value removes a pair that is there
                  */
    FIELD_TREE,  /* const struct node *: anything; NULL: nothing */
    FIELD_STRUCT, /* a nested struct with a table */
    FIELD_MANY, /* struct many: a map of id to struct with a table; ids as id_check() wants them */
    FIELD_REST, /* const struct node *: the members that no other row of the table takes, as a map
                   (NULL: there are none); without this row they are problems */
    FIELD_BESIDE, /* no value: the keys of `table` are offered too when one is misspelt, because
                     they stand in the same map and another table reads them */
    FIELD_KINDS
};

#define FIELD_COUNT_WORD(index) (UINT_MAX - (index))

static inline bool field_kind_is_key(enum field_kind kind)
{
    return kind < FIELD_REST;
}

enum field_flag {
    FIELD_REQUIRED = 1,
    FIELD_LIST = 2,   /* FIELD_WORDS and FIELD_TEXTS only: a single text is a problem */
    FIELD_HIDDEN = 4, /* not printed and not in the schema */
    FIELD_UNPRINTED = 8,
    FIELD_MASKED = 16, /* FIELD_TEXTS and FIELD_PAIRS: the values are secrets as in FIELD_SECRET */
    FIELD_LINES = 32,  /* FIELD_PAIRS: line breaks may stand in the values */
    FIELD_EMPTIES = 128, /* FIELD_PAIRS: an empty value that removes nothing stays, and says so */
    FIELD_LATER = 64 /* nothing heeds it yet: any value but the default is a problem, so that nobody
                        relies on it. Later work takes the flag away */
};

struct field {
    const char *name;
    enum field_kind kind;
    unsigned flags;
    size_t offset;
    const char *otherwise; /* the default, as it would be written; NULL: absent, 0, false, empty */
    const char *about;     /* one sentence, for the schema and the reference */
    const char *const *words;  /* FIELD_WORD, and optionally FIELD_TEXT, FIELD_WORDS, FIELD_TEXTS,
                                  FIELD_COUNT;  NULL at the end */
    const struct field *table; /* FIELD_STRUCT, FIELD_MANY */
    size_t size;               /* FIELD_STRUCT and FIELD_MANY: of one element */
    uint64_t least, most;      /* FIELD_COUNT, FIELD_SIZE, FIELD_DURATION (ms); most 0: no limit */
    /* One more look at a text that was read (each one of a list, each value of pairs); adds
     * problems. May be NULL. */
    void (*check)(struct slice text, struct mark mark, struct problems *problems);
};

#define FIELD_END                                                                                  \
    {                                                                                              \
        .name = NULL                                                                               \
    }

/* Sets every field of `target` to its default. `target` is cleared memory. A default that cannot be
 * read is a bug and aborts. */
void fields_default(const struct field *table, void *target, struct arena *arena);

/*
 * Reads a map onto `target`, which has its defaults or is already filled (then what stands in the
 * map replaces, and FIELD_PAIRS are merged). `where` names the map in messages
 * ("providers.github"); may be "". Problems are added, and the rest is read all the same. A value
 * that cannot be read leaves what was there; one that only its `check` dislikes is taken. A key
 * without a value means the default where that can be nothing, and is a problem elsewhere. NULL and
 * NODE_NULL are an empty map. What is read points into the tree.
 */
void fields_read(const struct field *table, const struct node *map, const char *where, void *target,
                 struct problems *problems);

/* The effective values as YAML, secrets as "***", defaults included, what is absent left out;
 * fields_read() takes it again. `indent` in steps of two. In a FIELD_TREE and FIELD_REST all that
 * was put in for ${...} is masked, because nobody knows what it is. */
void fields_print(const struct field *table, const void *target, unsigned indent, struct buf *buf);

/* The same with secrets as they are: for those who hand a configuration on, in memory. */
void fields_write(const struct field *table, const void *target, struct buf *buf);

/* JSON Schema (2020-12) of the map: a new reference to {"type": "object", "properties": ...}. It
 * accepts what fields_read() does as far as a schema can say it, ${...} included. */
json_t *fields_schema(const struct field *table);

/* Is there a row of that name? For overriding: whose key is it? */
const struct field *fields_find(const struct field *table, struct slice name);

/* The ids of providers and clients: letters, digits, '-', '_' and '.', 1 to 64, none but a letter
 * or digit first. NULL, or a static sentence. */
const char *id_check(struct slice id);

/* The place of a word in a list with NULL at its end, or -1. `words` may be NULL. */
int word_find(const char *const *words, struct slice text);

/* Readers for one text, also for the command line. NULL, or a static sentence. */
const char *duration_read(struct slice text, int64_t *milliseconds_r);
const char *size_read(struct slice text, size_t *bytes_r);
const char *rate_read(struct slice text, struct rate *rate_r);

#endif
