/*
 * The simulator: a server on loopback that plays providers from their cases, and is strict about
 * what it is sent.
 *
 * A provider that is configured with `simulator: http://127.0.0.1:PORT` sends everything there: a
 * request to https://HOST/PATH arrives as /PLUGIN/HOST/PATH. The authorization endpoint is a page
 * on which one picks a person, a refusal or an error, that is, a case. Codes and tokens of a case
 * are made unique for each login by a mark behind them ("gho_1~4f2a"), by which later calls are
 * told apart.
 */
#ifndef CARDEA_KIT_SIMULATOR_H
#define CARDEA_KIT_SIMULATOR_H

#include "base/params.h"
#include "hub/request.h"
#include "kit/keys.h"
#include "plugin/description.h"

/* One provider that is played. */
struct simulated {
    struct slice plugin;
    const struct description *description;
    const struct kit_cases *cases;
};

enum {
    SIMULATOR_BODY_MAX = 1024 * 1024 /* of what a case makes */
};

/* An answer that goes out otherwise than its case says. */
struct altered {
    const struct kit_exchange *exchange;
    /* Changes body, status and content type (as the case has them); the body is the play's. */
    void (*alter)(struct altered *altered, struct arena *arena, struct slice *body, int *status,
                  struct slice *type);
};

struct simulator {
    struct arena arena;
    struct simulated *providers;
    size_t count;
    struct jwk keys[KIT_KEYS]; /* sign ID tokens, for all: RS256, ES256 */
    struct list plays;
    size_t play_count;
    unsigned next_mark;
    const char *url; /* its own, without a trailing slash */
    /* The plugin kit: one play at a time, which gets whatever comes, and no marks. */
    bool one_at_a_time;
    struct play *only;
    struct altered *altered; /* cardea plugin test --mutate; NULL: as the case says */
};

/* What one play has been used for: one login. */
struct play {
    struct list link;
    const struct kit_case *what;
    const struct simulated *provider;
    struct arena arena;
    struct slice mark;                     /* "~4f2a", or empty */
    struct slice client_id, client_secret; /* as configured; the secret as it was presented */
    struct slice callback, state, nonce, challenge; /* of the authorization request */
    unsigned used[32];                              /* how often each exchange was made */
    struct slice complaint; /* the first thing that was not as the case says */
    struct mark complaint_mark;
};

/* Empty, with a key. */
bool simulator_init(struct simulator *simulator, const char *url);
void simulator_release(struct simulator *simulator);

/* Adds a provider; its description and cases live as long. */
void simulator_add(struct simulator *simulator, const struct simulated *provider);

/* A play of a case, begun by an authorization request with these parameters. */
struct play *simulator_play(struct simulator *simulator, const struct simulated *provider,
                            const struct kit_case *what, const struct params *request);
void play_free(struct simulator *simulator, struct play *play);

const struct simulated *simulator_find(const struct simulator *simulator, struct slice plugin);

/* The text of a case with its placeholders filled in for this play. In the play's arena. */
struct slice play_fill(struct simulator *simulator, struct play *play, struct slice text);
/* The same without the play's mark behind codes and tokens. */
struct slice play_fill_unmarked(struct simulator *simulator, struct play *play, struct slice text);

/* Does `given` (maybe absent) satisfy what the case wants there? */
bool play_matches(struct simulator *simulator, struct play *play, struct slice wanted,
                  struct slice given);

/* The answer to a request that is no page: an exchange of a case, a discovery document, a key set.
 * Complaints are noted in the play and told in the answer. */
enum step_result simulator_answer(struct simulator *simulator, struct request *request,
                                  const struct simulated *provider, struct slice url);

/* The router's catch-all and the pages; the hub's `context` is the simulator. */
extern const struct route simulator_routes[];

#endif
