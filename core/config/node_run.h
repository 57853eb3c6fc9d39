/*
 * What the parts of the document reader share: node_yaml.c makes a tree of one text,
 * node_substitute.c replaces in its scalars, node_include.c reads the files and joins their trees.
 */
#ifndef CARDEA_CONFIG_NODE_RUN_H
#define CARDEA_CONFIG_NODE_RUN_H

#include "base/file.h"
#include "config/node.h"

/* One call of node_read_file(): the limits hold for all its files together. */
struct node_run {
    const struct node_options *options;
    struct problems *problems;
    size_t values;      /* read so far */
    size_t substituted; /* bytes put in so far */
    struct {
        dev_t device;
        ino_t inode;
    } files[NODE_FILES_MAX];
    size_t file_count;
};

/* The tree of one text, with replacements made; `name` stands in its marks and lives as long. NULL,
 * and a problem, when it has none. */
struct node *node_from_yaml(struct node_run *run, const char *name, struct slice text);

/* Replaces what stands in the text of `node`; on a problem the node is broken. */
void node_substitute(struct node_run *run, struct node *node);

/* Can that text be a value: UTF-8, and of the control characters only tab and line breaks? */
bool node_text_is_clean(struct slice text);

#endif
