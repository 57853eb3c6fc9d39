/* Never finishes being loaded. */
#include "../misbehaving.h"

__attribute__((constructor)) static void stay(void)
{
    for (volatile int again = 1; again;)
        ;
}

MISBEHAVING(born_looping, .map_profile = NULL);
