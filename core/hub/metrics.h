/*
 * Counters and histograms, in memory that all workers of a generation share.
 *
 * Each worker writes its own page without locks; whoever serves /metrics adds the pages up. What
 * there is to count is a table (metrics.c), and its labels are words fixed at start-up (routes,
 * providers, grants): a stranger can never make a new series.
 */
#ifndef CARDEA_HUB_METRICS_H
#define CARDEA_HUB_METRICS_H

#include "base/buf.h"

enum {
    METRIC_SLOTS = 16384, /* numbers in one worker's page */
    METRIC_BUCKETS = 12   /* of a histogram, and one for all above */
};

/* One worker's page. Written by that worker only. */
struct metrics {
    uint64_t slot[METRIC_SLOTS];
};

/* What can be counted; see the table in metrics.c for names and labels. */
enum metric {
    METRIC_REQUESTS,        /* by route and class of status */
    METRIC_REQUEST_TIME,    /* histogram, by route */
    METRIC_STEP_TIME,       /* histogram, by step of a flow */
    METRIC_LOGINS,          /* by provider and outcome */
    METRIC_TOKENS,          /* by grant type */
    METRIC_UPSTREAM_CALLS,  /* by provider and outcome */
    METRIC_UPSTREAM_TIME,   /* histogram, by provider */
    METRIC_PLUGIN_FAILURES, /* by provider and hook; kept in quarantines, for all workers */
    METRIC_AVAILABLE,       /* gauge, by provider; likewise */
    METRIC_STORE_ERRORS,
    METRIC_CONNECTIONS, /* gauge */
    METRIC_FLOWS,       /* gauge */
    METRIC_COUNT
};

/*
 * Lays out the series: the values of each open label, in the same order in every worker. Call once
 * per process, before workers are forked. Series beyond METRIC_SLOTS are not counted, which the log
 * says.
 */
struct metric_labels {
    const char *const *routes; /* NULL at the end, as the others */
    const char *const *steps;
    const char *const *providers;
};
void metrics_lay_out(const struct metric_labels *labels);

/* Adds to a counter. `first` and `second` are indices of the metric's labels, 0 where it has none.
 */
void metrics_count(struct metrics *page, enum metric metric, size_t first, size_t second);
void metrics_set(struct metrics *page, enum metric metric, size_t first, size_t second,
                 uint64_t value);
void metrics_observe(struct metrics *page, enum metric metric, size_t first, int64_t microseconds);

/* Words of fixed labels, in the order of their index. */
enum login_outcome {
    LOGIN_DONE,
    LOGIN_DENIED,  /* by the person */
    LOGIN_REFUSED, /* by us: a check failed, or the person may not come in */
    LOGIN_FAILED   /* by the provider */
};
enum call_outcome {
    CALL_ANSWERED,
    CALL_REFUSED, /* status 4xx; an error in a reply of status 200 is seen in the login's outcome */
    CALL_FAILED,  /* no answer, or 5xx */
    CALL_TIMED_OUT
};
enum grant_type {
    GRANT_AUTHORIZATION_CODE,
    GRANT_REFRESH_TOKEN,
    GRANT_CLIENT_CREDENTIALS,
    GRANT_TYPES
};

/* Prometheus text format (version 0.0.4) of the sum of all pages. */
void metrics_write(const struct metrics *const *pages, size_t count, struct buf *out);

#endif
