/*
 * Running a case: a real login through the real flows, against the simulator on loopback, with the
 * plugin in a real jail.
 */
#ifndef CARDEA_KIT_RUN_H
#define CARDEA_KIT_RUN_H

#include "kit/case.h"

struct kit; /* event loop, simulator */

/* NULL, with a sentence, when there can be none: no loopback, no pages. */
struct kit *kit_new(const char **why_r);
void kit_free(struct kit *kit);

/*
 * Runs one case of a plugin: `plugin` is its id, `file` the shared object to load besides the
 * shipped ones, or NULL. What is not as the case says is added to `problems`. Returns whether all
 * was.
 */
bool kit_run(struct kit *kit, struct slice plugin, const char *file, const struct kit_cases *cases,
             const struct kit_case *what, struct problems *problems);

/* What was mutated before, so that the same answer in several cases is not mutated for each. */
struct kit_seen {
    uint64_t hashes[512];
    size_t count;
};

/*
 * Plays a case with each of its answers altered in every way that mutation.h knows. Each must fail
 * cleanly or give the same person, and what says the same must give the same profile. What does not
 * is added to `problems`. Returns how many were played. The case itself must pass.
 */
size_t kit_mutate(struct kit *kit, struct slice plugin, const char *file,
                  const struct kit_cases *cases, const struct kit_case *what, struct kit_seen *seen,
                  struct problems *problems);

#endif
