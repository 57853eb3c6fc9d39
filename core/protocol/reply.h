/*
 * What a provider sends, as one JSON value whatever it was: JSON, a form, JSON inside a function
 * call, a signed token.
 */
#ifndef CARDEA_PROTOCOL_REPLY_H
#define CARDEA_PROTOCOL_REPLY_H

#include "base/json.h"
#include "plugin/description.h"

/*
 * Reads a reply of that kind. REPLY_AUTO goes by what it looks like, then by the content type: an
 * object or a list is JSON, `name( ... )` is JSONP, `a=b` is a form. A JSON `null`, a bare string
 * or a number is refused. NULL and a sentence (static or in the arena) when it cannot be read. A
 * new reference.
 */
json_t *reply_read(struct arena *arena, enum reply_type type, struct slice content_type,
                   struct slice body, const char **why_r);

/*
 * Steps into `root` and judges the error rule: `error` is a path, from the top, whose presence
 * makes it an error (or several, separated by "|"), unless the value is `error_ok` (or null, false
 * or empty; but false is one where `error_ok` is true). Borrowed from `top`. NULL when it is an
 * error or has no root; then
 * `*code_r` and `*text_r` say which, in the arena or borrowed from `top` too.
 */
json_t *reply_judge(struct arena *arena, json_t *top, struct slice root, struct slice error,
                    struct slice error_ok, struct slice error_text, struct slice *code_r,
                    struct slice *text_r);

#endif
