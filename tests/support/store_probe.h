/*
 * Store commands for tests: a flow that runs one batch, and a loop that waits for it.
 */
#ifndef CARDEA_TESTS_STORE_PROBE_H
#define CARDEA_TESTS_STORE_PROBE_H

#include "store/store.h"

/* One batch under way. Zeroed, then given to probe_start(); lives until the flow has ended. */
struct probe {
    struct arena *arena; /* where what was found is copied to */
    struct store_command *commands;
    size_t count;
    struct flow *flow; /* NULL once it has ended */
    bool answered;     /* false: it was cancelled */
};

/* Starts it; it may be answered when this returns. */
void probe_start(struct probe *probe, struct store *store);

/* Runs the loop until it has ended. */
void probe_wait(struct probe *probe, struct event_base *base);

/* Both, for one batch. */
void probe_run(struct event_base *base, struct store *store, struct arena *arena,
               struct store_command *commands, size_t count);

/* The same for one command; returns its status. */
enum store_status probe_one(struct event_base *base, struct store *store, struct arena *arena,
                            struct store_command *command);

/* Opens a store, or says why not and ends the program. */
struct store *probe_open(struct event_base *base, const char *url, const char *ca_file,
                         int64_t timeout_ms);

/* Runs the loop until the store is reachable or not, as wanted; false after `limit_ms`. */
bool probe_reachable(struct event_base *base, const struct store *store, bool wanted,
                     int64_t limit_ms);

/* Runs the loop for that long. */
void probe_loop(struct event_base *base, int64_t ms);

#endif
