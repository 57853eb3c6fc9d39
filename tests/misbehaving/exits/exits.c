/* Ends the process as if all were well. */
#include "../misbehaving.h"

#include <stdlib.h>

MISBEHAVING_MAP_PROFILE
{
    MISBEHAVING_UNUSED;
    exit(0);
}

MISBEHAVING(exits, .map_profile = map_profile);
