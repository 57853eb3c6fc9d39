/* Aborts before anything of it is looked at. */
#include "../misbehaving.h"

#include <stdlib.h>

__attribute__((constructor)) static void die(void)
{
    abort();
}

MISBEHAVING(born_dead, .map_profile = NULL);
