#include "protocol/cookies.h"

bool cookie_next(struct slice *rest, struct slice *name_r, struct slice *value_r)
{
    struct slice pair;

    while (slice_next(rest, ';', &pair)) {
        if (slice_cut(slice_trim(pair), '=', name_r, value_r))
            return true;
    }
    return false;
}
