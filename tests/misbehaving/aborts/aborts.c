/* Gives up. */
#include "../misbehaving.h"

#include <stdlib.h>

MISBEHAVING_MAP_PROFILE
{
    MISBEHAVING_UNUSED;
    abort();
}

MISBEHAVING(aborts, .map_profile = map_profile);
