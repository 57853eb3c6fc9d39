/*
 * Scopes (RFC 6749, 3.3): words of visible ASCII but '"' and '\', separated by spaces. The RFC has
 * one space between two words; more are read as one.
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

/* The same words, each once, in their order, one space between them. Of a scope that scope_check()
 * has let through: what is beyond SCOPE_MAX is cut off. */
struct slice scope_normalise(struct arena *arena, struct slice scope);

#endif
