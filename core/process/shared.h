/*
 * Memory that all workers of one generation share: their pages of counters, and what is known
 * against providers. Made by the master before it forks; it goes when the last process of the
 * generation goes.
 */
#ifndef CARDEA_PROCESS_SHARED_H
#define CARDEA_PROCESS_SHARED_H

#include "config/settings.h"
#include "hub/metrics.h"
#include "plugin/jail.h"

enum {
    PROVIDERS_MAX = 1024
};

struct shared {
    unsigned workers;
    struct metrics pages[WORKERS_MAX];
    struct quarantine quarantines[PROVIDERS_MAX];
};

/* NULL, with errno, when there is no memory. */
struct shared *shared_new(unsigned workers);
void shared_free(struct shared *shared);

#endif
