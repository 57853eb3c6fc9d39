/* Opens a socket before anything of it is looked at. */
#include "../misbehaving.h"

#include <sys/socket.h>

__attribute__((constructor)) static void call(void)
{
    socket(AF_INET, SOCK_STREAM, 0);
}

MISBEHAVING(born_calling, .map_profile = NULL);
