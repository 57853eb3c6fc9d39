/* Never comes back. */
#include "../misbehaving.h"

MISBEHAVING_MAP_PROFILE
{
    MISBEHAVING_UNUSED;
    for (volatile int again = 1; again;)
        ;
    return CARDEA_OK;
}

MISBEHAVING(loop, .map_profile = map_profile);
