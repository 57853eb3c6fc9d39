/*
 * A worker: one event loop that serves everything, and one jail.
 */
#ifndef CARDEA_PROCESS_WORKER_H
#define CARDEA_PROCESS_WORKER_H

#include "hub/hub.h"
#include "process/shared.h"

/* What a hub needs besides its settings: a worker needs all, the plugin kit and the simulator less.
 */
enum hub_part {
    HUB_PLUGINS = 1, /* the jail, and every provider bound */
    HUB_PAGES = 2,
    HUB_HTTP = 4,
    HUB_STORE = 8,
    HUB_WHOLE = 15
};

/* Makes the hub of a configuration. NULL, with problems, when the configuration does not allow it.
 * What listens, and the keys, are the worker's. `plugin_files` (NULL at the end, or NULL) are
 * loaded besides the directories. */
struct hub *hub_open(struct event_base *base, const struct settings *settings,
                     struct shared *shared, unsigned slot, unsigned parts,
                     const char *const *plugin_files, struct problems *problems);
void hub_close(struct hub *hub);

/* The plugin directories of a configuration, the shipped one first; NULL at the end. In the arena.
 */
const char *const *plugin_directories(struct arena *arena, const struct settings *settings);

struct worker {
    const struct settings *settings;
    struct shared *shared;
    unsigned slot;        /* from 0 */
    const int *listeners; /* one descriptor per entry of settings->listen */
    int admin;            /* descriptor, or -1 */
    int master;           /* socket to the master, or -1: there is none (one process) */
};

/*
 * Serves until it is told to stop, then finishes what is in flight. Returns the exit status: 0 as
 * told, 2 the configuration is wrong (the master then does not start another one). Writes "R" to
 * the master when it is ready, "F" and a sentence when it cannot be.
 */
int worker_run(const struct worker *worker);

enum {
    WORKER_DRAIN_MS = 30 * 1000, /* for what is in flight when it has to stop */
    EXIT_CONFIGURATION = 2
};

#endif
