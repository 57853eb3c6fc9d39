/*
 * A document as it was written: YAML (or JSON, which YAML contains) as a tree whose every part
 * knows where it stands. The reader knows no key: fields.h gives the tree its meaning.
 *
 * Refused, each with file:line:column: anchors, aliases, tags, merge keys, doubled keys, keys that
 * are no plain text, nesting beyond 32, files beyond 1 MiB, more than 50000 values, several
 * documents, control characters, text that is not UTF-8.
 */
#ifndef CARDEA_CONFIG_NODE_H
#define CARDEA_CONFIG_NODE_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/list.h"

#include <jansson.h>

struct mark {
    const char *file; /* as the user would type it; NULL: nowhere */
    unsigned line;    /* from 1 */
    unsigned column;  /* from 1 */
};

/* Everything that is wrong, in the order it was found. Zeroed is empty but for the arena. */
struct problem {
    struct problem *next;
    struct mark mark;
    bool warning; /* to be said, but the document can be used */
    struct slice text;
};
struct problems {
    struct arena *arena;
    struct problem *first;
    struct problem *last;
    size_t errors;
    size_t warnings;
    size_t kept; /* how many stand in the list: PROBLEMS_KEPT_MAX at most, the rest is counted */
    bool incomplete; /* a file could not be read: what seems to be missing may stand in it */
};

enum {
    PROBLEMS_KEPT_MAX = 500
};

/* The same text at the same place is one problem. Line breaks and control characters in the text
 * become '?': it may quote a stranger. */
void problem_add(struct problems *problems, struct mark mark, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void problem_warn(struct problems *problems, struct mark mark, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* "file:line:column: error: text\n" for each, sorted by place; what is unknown of a place is left
 * out. */
void problems_write(const struct problems *problems, struct buf *buf);

enum node_kind {
    NODE_NULL, /* nothing, `~` or `null` */
    NODE_TEXT, /* a scalar; its type is the field's business */
    NODE_MAP,
    NODE_LIST
};

struct node;
struct node_member {
    struct slice name;
    struct mark mark; /* of the name */
    struct node *value;
};

struct node {
    enum node_kind kind;
    struct mark mark;
    struct slice text;     /* NODE_TEXT, after substitution */
    bool quoted;           /* written in quotes or as a block: never a number or a bool */
    bool substituted;      /* a ${...} was replaced in it: not to be quoted in messages */
    bool broken;           /* its problem is reported: nobody is to judge it again */
    const char *open_file; /* path of a ${file:} that others on the machine may read; else NULL */
    struct node_member *members; /* NODE_MAP, in the order written */
    struct node **items;         /* NODE_LIST */
    size_t count;
};

struct node_options {
    /* Replace ${env:NAME}, ${file:PATH} (relative to the document's folder; one trailing newline
     * removed) and ${credential:NAME} (a file in $CREDENTIALS_DIRECTORY) in scalars. Missing or
     * unreadable ones, and files beyond 1 MiB or that are no plain files, are problems. "$${" is
     * "${". What was put in is not searched again. In keys "${" is a problem. */
    bool substitute;
    /* Follow `include: [patterns]` at the top: glob patterns relative to the document's folder;
     * each file's top-level maps are joined with those of the same name. A key that two files give
     * is a problem that names both places; so is a pattern without "*" that finds nothing, and a
     * file that includes itself. Included files may include; a file that several patterns find is
     * read once; NODE_FILES_MAX in all. The `include` of the first document stays in the tree. */
    bool include;
};

enum {
    NODE_DEPTH_MAX = 32,
    NODE_FILE_MAX = 1024 * 1024,
    NODE_VALUES_MAX = 50000,                /* in all files together */
    NODE_SUBSTITUTED_MAX = 8 * 1024 * 1024, /* bytes of all replacements together */
    NODE_FILES_MAX = 256
};

/* The tree, in `problems->arena`; NULL when it is so wrong that there is none. An empty file is an
 * empty map. */
struct node *node_read_file(const char *path, const struct node_options *options,
                            struct problems *problems);
/* The same from memory; `name` stands in the marks. */
struct node *node_read_text(const char *name, struct slice text, const struct node_options *options,
                            struct problems *problems);

/* A tree of a JSON document (a description from the jail) that json_read() has let through; all
 * marks are `mark`. Numbers and booleans become their text. */
struct node *node_from_json(struct arena *arena, const json_t *json, struct mark mark);

/* A new reference to what the tree would be as JSON: plain scalars that look like JSON numbers,
 * true, false or null become such. */
json_t *node_to_json(const struct node *node);

/* Is nothing in it broken? */
bool node_is_whole(const struct node *node);

/* The member's value, or NULL; NULL also when `map` is NULL or no map. */
struct node *node_get(const struct node *map, const char *name);

/* The nearest of `names` to `name` (a spelling mistake, not another word: one to three letters
 * wrong, missing, surplus or swapped, by length; case does not count), or NULL. */
const char *nearest_name(struct slice name, const char *const *names, size_t count);

#endif
