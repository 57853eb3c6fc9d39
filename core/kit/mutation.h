/*
 * Mutations: an answer of a provider as it could come on a bad day, or from somebody who means
 * harm. Cut off, of the wrong type, with a member twice, far too long; or the same answer written
 * otherwise, of which nothing else may come.
 */
#ifndef CARDEA_KIT_MUTATION_H
#define CARDEA_KIT_MUTATION_H

#include "base/arena.h"

enum expectation {
    EXPECT_SAFE,   /* it may fail, but nobody else is logged in and nothing more is believed */
    EXPECT_SAME,   /* nothing else may come of it: it says the same */
    EXPECT_FAILURE /* it must fail */
};

struct mutation {
    struct slice body;
    int status;          /* 0: as it was */
    const char *type;    /* content type; NULL: as it was */
    const char *name;    /* "null instead of a value" */
    struct slice member; /* which one; absent: it is the whole answer */
    enum expectation expected;
};

/*
 * Mutation number `index`, counted from 0, of a body. The same number is the same mutation of every
 * body with the same members in the same order. False behind the last. Everything lies in the
 * arena.
 */
bool mutation_make(struct arena *arena, struct slice body, size_t index,
                   struct mutation *mutation_r);

#endif
