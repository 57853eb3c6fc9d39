/*
 * Frames between a worker and its jail: four bytes of length, most significant first, then a JSON
 * object of that many bytes whose member "type" says what it is.
 *
 *   worker → jail   start   {files | directories}      load these, then shut yourself in
 *                   call    {id, plugin, provider, hook, ...}   run a hook; see upstream/hooks.c
 *                   answer  {text}                     to an ask; text absent: refused
 *   jail → worker   loading {file}                     about to load it: whom to blame
 *                   loaded  {plugins: [...], problems: [{file, text}]}
 *                   ask     {id, what, ...}            something that needs a key, in a call
 *                   result  {id, ...}                  the hook has returned
 *                   broken  {why}                      the sandbox caught it; the jail ends
 *
 * `id` is random for each call and comes back with what belongs to it: a plugin can write frames
 * itself, but none that answers for a call that it does not know yet. Both sides read with the same
 * limits, and neither believes the other.
 */
#ifndef CARDEA_PLUGIN_FRAME_H
#define CARDEA_PLUGIN_FRAME_H

#include "base/buf.h"
#include "base/json.h"

enum {
    FRAME_HEAD = 4,
    FRAME_MAX = 4 * 1024 * 1024
};

/* Appends the frame; the buffer fails when it is too long. `json` stays the caller's. */
void frame_write(struct buf *buf, const json_t *json);

/*
 * Takes the first frame of `bytes`. Returns its whole length and the document in `*json_r` (a new
 * reference); 0 when more bytes are needed; -1, with a static sentence, when it is no frame.
 */
ssize_t frame_read(struct slice bytes, json_t **json_r, const char **why_r);

/* Is it of that type? */
bool frame_is(const json_t *frame, const char *type);

#endif
