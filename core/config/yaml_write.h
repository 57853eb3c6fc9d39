/*
 * Writing YAML that node.h reads back as it was.
 */
#ifndef CARDEA_CONFIG_YAML_WRITE_H
#define CARDEA_CONFIG_YAML_WRITE_H

#include "config/node.h"

/* A scalar or key that is a text to every reader of YAML: in quotes when it could be taken for
 * anything else. "${" is written "$${". */
void yaml_write_text(struct buf *buf, struct slice text);

/*
 * What comes behind a key, from the space or line break to the end of the line. Maps stand under
 * it, `indent` deep, lists on the line. What was put in for ${...} is "***", unless
 * `reveal`.
 */
void yaml_write_node(struct buf *buf, const struct node *node, unsigned indent, bool reveal);

/* The members of a map, each in lines of its own. */
void yaml_write_members(struct buf *buf, const struct node *map, unsigned indent, bool reveal);

void yaml_indent(struct buf *buf, unsigned indent);

#endif
