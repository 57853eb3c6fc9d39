/*
 * What is known against a provider: hooks of its plugin that have ended the jail, or handed back
 * what a hook may not. Three of these in a minute put the provider aside for ten minutes.
 */
#ifndef CARDEA_PLUGIN_QUARANTINE_H
#define CARDEA_PLUGIN_QUARANTINE_H

#include "plugin/description.h"

enum {
    QUARANTINE_STRIKES = 3,
    QUARANTINE_WINDOW_MS = 60 * 1000,
    QUARANTINE_MS = 10 * 60 * 1000
};

/*
 * Lies in memory that all workers share, so that three strikes at three workers count as three;
 * written without locks, which at worst miscounts one strike. Zeroed: nothing is known.
 */
struct quarantine {
    int64_t strikes[QUARANTINE_STRIKES]; /* clock_monotonic_ms() of the last ones, oldest first */
    int64_t until;                 /* clock_monotonic_ms(); in the past: it is not put aside */
    uint64_t failures[HOOK_COUNT]; /* all of them, for the metrics; written by all workers */
};

bool quarantine_holds(const struct quarantine *quarantine);

/* One more; `provider` and `hook` (one of hook_names) are for the log and the metrics. */
void quarantine_strike(struct quarantine *quarantine, struct slice provider, const char *hook);

#endif
