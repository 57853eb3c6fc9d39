/*
 * Errors with two texts: what a stranger may see, and what the log gets.
 *
 * The stranger's side is fixed by the kind of error: its protocol code, its HTTP status and a plain
 * sentence. Kinds are data, defined by the room that knows the protocol (protocol/errors.h). The
 * operator's side is written where the error happens and may name everything but secrets.
 */
#ifndef CARDEA_BASE_ERROR_H
#define CARDEA_BASE_ERROR_H

#include "base/arena.h"

struct error_kind {
    const char *code;        /* as the RFC spells it: "invalid_grant" */
    int status;              /* HTTP */
    const char *description; /* for strangers; only the characters RFC 6749, 5.2 allows */
};

struct error {
    const struct error_kind *kind; /* NULL: no error */
    struct slice description;      /* for strangers, instead of the kind's; may be absent */
    struct slice detail;           /* for the log */
};

static inline bool error_is_set(const struct error *error)
{
    return error->kind != NULL;
}

/* What strangers get to read. */
struct slice error_description(const struct error *error);

/* Sets `*error`, with its texts in the arena. Always returns false, so that a reader can end with
 * `return error_set(...)`. */
bool error_set(struct error *error, struct arena *arena, const struct error_kind *kind,
               const char *detail, ...) __attribute__((format(printf, 4, 5)));
bool error_vset(struct error *error, struct arena *arena, const struct error_kind *kind,
                const char *detail, va_list args) __attribute__((format(printf, 4, 0)));

#endif
