/*
 * Scopes (RFC 6749, 3.3): words of visible ASCII but '"' and '\', separated by single spaces.
 */
#ifndef CARDEA_PROTOCOL_SCOPE_H
#define CARDEA_PROTOCOL_SCOPE_H

#include "base/arena.h"

enum {
    SCOPE_MAX = 1024, /* bytes of a whole scope value */
    SCOPE_WORDS_MAX = 64
};

/* Is that a scope value? NULL, or a static sentence. */
const char *scope_check(struct slice scope);

/* Is every word of `scope` among the words of `allowed`? */
bool scope_within(struct slice scope, struct slice allowed);

/* The same words, each once, in their order. */
struct slice scope_normalise(struct arena *arena, struct slice scope);

#endif
