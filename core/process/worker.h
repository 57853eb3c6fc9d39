/*
 * A worker: one event loop that serves everything, and one jail.
 */
#ifndef CARDEA_PROCESS_WORKER_H
#define CARDEA_PROCESS_WORKER_H

#include "net/tls.h"
#include "process/hub_open.h"

struct worker {
    const struct settings *settings;
    struct shared *shared;
    unsigned slot;                /* from 0 */
    struct tls_identity identity; /* without a certificate: plain */
    const int *listeners;         /* one descriptor per entry of settings->listen */
    int admin;                    /* descriptor, or -1 */
    int master;                   /* socket to the master, or -1: there is none (one process) */
    bool again; /* others of this configuration have served: be content with what is there */
};

/*
 * Serves until it is told to stop, then finishes what is in flight. Returns the exit status: 0 as
 * told, 2 the configuration is wrong (the master then does not start another one). Writes "R" to
 * the master when it is ready, "F" and a sentence when it cannot be, "S" when it was told to stop
 * and accepts no more connections.
 */
int worker_run(const struct worker *worker);

enum {
    WORKER_DRAIN_MS = 30 * 1000, /* for what is in flight when it has to stop */
    EXIT_CONFIGURATION = 2
};

#endif
