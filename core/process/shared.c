#include "process/shared.h"

#include <sys/mman.h>

struct shared *shared_new(unsigned workers)
{
    /* Pages are given by the kernel when they are first written: unused slots cost nothing. */
    struct shared *shared =
        mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    if (shared == MAP_FAILED)
        return NULL;
    shared->workers = workers;
    return shared;
}

void shared_free(struct shared *shared)
{
    if (shared != NULL)
        munmap(shared, sizeof(*shared));
}
