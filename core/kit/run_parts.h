/*
 * What the files of the runner share: run.c plays a case, compare.c says where it was not as the
 * case says, mutate.c plays it with answers that are altered.
 */
#ifndef CARDEA_KIT_RUN_PARTS_H
#define CARDEA_KIT_RUN_PARTS_H

#include "base/error.h"
#include "kit/run.h"
#include "kit/simulator.h"
#include "kit/small_server.h"
#include "upstream/login.h"

struct kit {
    struct arena arena;
    struct simulator simulator;
    struct small_server server;
};

/* How a play has ended. */
struct outcome {
    enum flow_end end;
    const struct error_kind *error; /* NULL: well */
    struct slice detail;            /* of the error, in the arena of the run's problems */
    json_t *profile;                /* NULL: none, as after a refresh; to be let go */
};

/* One case on its way, perhaps several times. */
struct run {
    struct kit *kit;
    const struct kit_case *what;
    struct simulated provider;
    struct hub *hub;
    struct problems *problems; /* of the present play */
    int64_t deadline_ms;

    /* of the present play */
    struct play *play;
    struct params request; /* of the authorization request that came out */
    struct outcome outcome;
    bool ended;
};

/* Opens what the case needs: a hub with its configuration. False, with problems. */
bool run_open(struct run *run, struct slice plugin, const char *file,
              const struct kit_cases *cases);
void run_close(struct run *run);

/* Plays the case once, from the beginning. What is not as it says is added to run->problems; how it
 * ended is run->outcome. */
void run_play(struct run *run);

/* Adds a problem of the present play. */
void run_say(struct run *run, struct mark mark, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

void compare_query(struct run *run, const struct node *wanted);
void compare_profile(struct run *run, const json_t *profile);
void compare_tokens(struct run *run, const struct tokens *tokens);
void compare_failure(struct run *run, const struct flow *flow, const struct login *login);
void compare_exchanges(struct run *run);

#endif
