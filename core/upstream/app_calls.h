/*
 * Calls that the application makes for itself, not for the person who logs in: a token of its own
 * that later requests have to carry. Their answers are the same for all logins, so each worker
 * keeps them until shortly before they expire, and lets go of them when the provider refuses a call
 * (an answer may be taken back early).
 */
#ifndef CARDEA_UPSTREAM_APP_CALLS_H
#define CARDEA_UPSTREAM_APP_CALLS_H

#include "upstream/login.h"

/* Makes the lookups with `as: app` whose answers are not kept; they are in login->lookups then. */
extern const struct step app_calls[];

/* The name of the answer that is a token reply (`token_owner: app`); no lookup has it. */
#define APP_TOKEN SL("")

/* A new reference, or NULL when there is none that can still be used. */
json_t *app_answer_find(struct provider *provider, struct slice name);

/* Keeps an answer (borrowed) that is good for so many seconds; not at all when these are few. */
void app_answer_keep(struct provider *provider, struct slice name, json_t *answer,
                     int64_t lifetime_s);

/* Lets go of all answers. */
void app_answers_forget(struct provider *provider);

/* What is kept of a provider here (upstream/kept.h). Accepts NULL. */
struct app_answers;
void app_answers_free(struct app_answers *answers);

#endif
