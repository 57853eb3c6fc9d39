/*
 * What the master has to know of a configuration, and no more: how many workers, which sockets, how
 * to log.
 *
 * The configuration is read in a child, so that no fault in a parser can touch the master. The
 * child writes the effective configuration into a memory file, certificate and key behind it, which
 * the master keeps unread and hands to every worker of the generation: a worker that has to be
 * started again tomorrow gets the configuration of its generation, whatever stands in the files by
 * then.
 */
#ifndef CARDEA_PROCESS_PLAN_H
#define CARDEA_PROCESS_PLAN_H

#include "base/arena.h"
#include "net/tls.h"

#include <sys/types.h>

enum {
    LISTEN_MAX = 16
};

struct plan {
    struct arena arena;
    unsigned workers;
    struct slice listen[LISTEN_MAX];
    size_t listen_count;
    struct slice admin; /* absent: none */
    unsigned log_level;
    unsigned log_format;
    int settings;       /* the memory file; -1: none */
    size_t certificate; /* bytes of it at the end of the memory file, before the key; 0: none */
    size_t key;
};

/* A child that reads. */
struct planning {
    pid_t pid;  /* 0: none */
    bool ended; /* waited for already, by whoever waits for all children */
    int output; /* what it says: the plan, or what is wrong */
    int settings;
    int64_t late_at; /* clock_monotonic_ms() */
};

/* Starts it. `workers` overrides, -1: as configured. False, with errno, when it cannot be started.
 */
bool planning_start(struct planning *planning, const char *config, int workers);

/* Ends the child, which then has said nothing. */
void planning_kill(const struct planning *planning);

/*
 * Reads what the child said, when `output` is at its end, and reaps it. NULL when the configuration
 * is good, else all that is wrong (in the arena of the plan, which must be released in either
 * case).
 */
const char *planning_finish(struct planning *planning, struct plan *plan_r);

void plan_release(struct plan *plan);

/* In a worker: the settings of its generation, and who it is as a TLS server (without a
 * certificate: plain). NULL when the memory file cannot be read (a bug). */
struct settings *plan_settings(const struct plan *plan, struct arena *arena,
                               struct tls_identity *identity_r);

#endif
