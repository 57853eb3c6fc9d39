/*
 * The answer that a browser brings from a provider: is it the provider's, for this login, and what
 * does it say?
 */
#ifndef CARDEA_UPSTREAM_CALLBACK_ANSWER_H
#define CARDEA_UPSTREAM_CALLBACK_ANSWER_H

#include "upstream/login.h"

/* login->callback in; login->code and login->callback_json out, or the flow fails. */
enum step_result read_callback_answer(struct flow *flow);

/* The same at a refresh, for what was kept of it: nothing is judged. */
enum step_result read_kept_answer(struct flow *flow);

#endif
