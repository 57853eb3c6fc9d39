/*
 * JSON from strangers, on jansson.
 *
 * json_read() refuses what jansson alone would let pass: nesting beyond a limit, doubled member
 * names, bytes after the value. A document is freed with json_decref(); the slices that the readers
 * below return point into it and die with it. Its memory is wiped when it is given back, because
 * documents carry tokens.
 */
#ifndef CARDEA_BASE_JSON_H
#define CARDEA_BASE_JSON_H

#include "base/arena.h"
#include "base/buf.h"

#include <jansson.h>

enum {
    JSON_DEPTH_MAX = 32
};

/* A new reference, or NULL and a sentence in `*why_r` (static, or in the arena) that quotes nothing
 * of the document. `text` is at most `limit` bytes. */
json_t *json_read(struct arena *arena, struct slice text, size_t limit, const char **why_r);

/* The same for a top-level object; anything else is an error. */
json_t *json_read_object(struct arena *arena, struct slice text, size_t limit, const char **why_r);

/* A string member, or absent: when it is missing, null, or no string. Borrowed. */
struct slice json_member(const json_t *object, const char *name);

/* The text of a string, or absent. Borrowed. */
struct slice json_slice(const json_t *value);

/* An integer member, or `otherwise`; a real within 9e15 loses its fraction (NumericDate, RFC 7519,
 * 2), a member of another type is `otherwise` too. */
int64_t json_member_int(const json_t *object, const char *name, int64_t otherwise);

/*
 * A value as the text a claim wants: strings as they are, integers in decimal, true and false by
 * name; absent for null, objects, arrays and reals that are no integers. In the arena or borrowed.
 */
struct slice json_text(struct arena *arena, const json_t *value);

/*
 * The value at a path: JSON Pointer (RFC 6901) and, as one more kind of step, a selector in an
 * array:
 * `/[primary=true]/email` is the e-mail of the first element whose `primary` is true (text or JSON
 * true), `/[primary]` the first element where it is true, a number other than 0 or any non-empty
 * text. NULL when there is none. Borrowed.
 */
json_t *json_at(const json_t *root, struct slice path);

/* Is that a path json_at() can follow? NULL, or what is wrong with it (static). */
const char *json_path_check(struct slice path);

/* Writes compactly, members in the order they were added. */
void buf_add_json_value(struct buf *buf, const json_t *value);

/* A new reference to a string of these bytes; U+FFFD where they are not UTF-8. */
json_t *json_from_slice(struct slice text);

/* Sets `object[name]` to that text; absent text sets nothing. */
void json_set_slice(json_t *object, const char *name, struct slice text);

#endif
