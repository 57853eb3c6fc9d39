/*
 * Scenarios: what a client of ours asks, one request after the other, until one unit of work is
 * done. A row per scenario, a function per request.
 */
#ifndef CARDEA_BENCH_LOAD_SCENARIO_H
#define CARDEA_BENCH_LOAD_SCENARIO_H

#include "tests/bench/load/client.h"

enum {
    COOKIES = 8, /* of one browser */
    STEPS = 5    /* requests of one unit */
};

/* For all units of a run. */
struct plan {
    const char *client_id;
    const char *basic; /* of its Authorization header */
    const char *provider;
    struct slice *users; /* session cookies or refresh tokens; replaced when they are */
    size_t user_count;
};

/* A unit under way, with its connection. */
struct visit {
    struct client client;
    const struct plan *plan;
    const struct scenario *scenario;
    size_t step;
    int64_t began_us;
    uint64_t number;    /* of the unit */
    struct slice *user; /* of the plan; NULL: there are none */
    struct buf cookies[COOKIES];
    size_t cookie_count;
};

struct scenario {
    const char *name;
    bool has_users;
    /* Each writes `visit->client.request`, out of the answer to the one before; false when that is
     * not as it should be. */
    bool (*ask[STEPS])(struct visit *visit, const struct answer *before);
    /* Takes what is worth keeping from the last answer; false when that is not as it should be. */
    bool (*finish)(struct visit *visit, const struct answer *last, FILE *keep);
};

const struct scenario *scenario_find(const char *name);

#endif
