/* Fills its stack. */
#include "../misbehaving.h"

static int deeper(volatile int depth)
{
    volatile char room[4096];

    room[0] = (char)depth;
    return depth < 0 ? 0 : deeper(depth + 1) + room[0];
}

MISBEHAVING_MAP_PROFILE
{
    MISBEHAVING_UNUSED;
    return deeper(1) == 7 ? CARDEA_OK : CARDEA_FAIL;
}

MISBEHAVING(recurses, .map_profile = map_profile);
