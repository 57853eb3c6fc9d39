/*
 * A generation: the workers of one configuration. A reload brings up the next one before this one
 * stops.
 */
#ifndef CARDEA_PROCESS_GENERATION_H
#define CARDEA_PROCESS_GENERATION_H

#include "process/shared.h"
#include "process/sockets.h"

enum worker_state {
    WORKER_NONE, /* to be started, at `start_at` */
    WORKER_STARTING,
    WORKER_READY,
    WORKER_STOPPING, /* accepts no more connections */
    WORKER_ENDED     /* as told, or for good */
};

struct worker_slot {
    enum worker_state state;
    pid_t pid;
    int socket;       /* to the worker; -1: none */
    int64_t start_at; /* clock_monotonic_ms() */
    int64_t started;
    unsigned failures; /* deaths one after the other before it was of use */
};

struct generation {
    unsigned number;
    struct plan plan;
    struct shared *shared;
    struct worker_slot slots[WORKERS_MAX];
    struct slice
        failure; /* why a worker could not start, in the plan's arena; absent: none said so */
    bool served; /* was in service: whatever a worker of it lacks now, the configuration was good */
    bool stopping;
    int64_t kill_at; /* of what has not stopped by then; 0: not stopping */
};

/* Takes the plan over. NULL when there is no memory for it. */
struct generation *generation_new(unsigned number, struct plan *plan);
void generation_free(struct generation *generation);

/* Starts the workers that are due. False, with generation->failure, when a socket cannot be opened.
 */
bool generation_start_due(struct generation *generation, struct sockets *sockets);

/* A worker said something: its state follows. */
void generation_hear(struct generation *generation, unsigned slot);

/* Was that one of ours? Then notes its end; `keep`: it is to be started again. */
bool generation_reap(struct generation *generation, pid_t pid, int status, bool keep);

bool generation_is_ready(const struct generation *generation);
/* A worker has said that the configuration is wrong, or keeps dying before it is ready. */
bool generation_has_failed(const struct generation *generation);
bool generation_has_ended(const struct generation *generation);
/* Does any worker still accept connections? */
bool generation_listens(const struct generation *generation);

/* Tells the workers to finish; after a while they are killed (generation_kill_late()). */
void generation_stop(struct generation *generation);
void generation_kill_late(struct generation *generation);
/* Kills them now. */
void generation_kill(struct generation *generation);

/* When something is due next: clock_monotonic_ms(), INT64_MAX when nothing is. */
int64_t generation_next_due(const struct generation *generation);

#endif
