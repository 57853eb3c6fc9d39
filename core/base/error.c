#include "base/error.h"

struct slice error_description(const struct error *error)
{
    return slice_is_set(error->description) ? error->description
                                            : slice_of(error->kind->description);
}

bool error_vset(struct error *error, struct arena *arena, const struct error_kind *kind,
                const char *detail, va_list args)
{
    error->kind = kind;
    error->description = slice_none();
    error->detail = arena_vprintf(arena, detail, args);
    return false;
}

bool error_set(struct error *error, struct arena *arena, const struct error_kind *kind,
               const char *detail, ...)
{
    va_list args;

    va_start(args, detail);
    error_vset(error, arena, kind, detail, args);
    va_end(args);
    return false;
}
