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

#endif
