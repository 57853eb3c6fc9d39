/*
 * Calling a plugin's hooks from a login: what they may see, and what of their answer is taken.
 *
 * Steps come in pairs, as all waits do: call_hook() returns STEP_NEXT when there is no such hook,
 * and the step behind it asks hook_result() whether one was called.
 */
#ifndef CARDEA_UPSTREAM_HOOKS_H
#define CARDEA_UPSTREAM_HOOKS_H

#include "upstream/login.h"

/* The members of the frame that the hook gets besides config and memory; given away. */
enum step_result call_hook(struct flow *flow, enum hook hook, json_t *input);

enum hook_outcome {
    HOOK_NOT_CALLED,
    HOOK_DONE,  /* CARDEA_OK: login->hook.output has what it changed */
    HOOK_FETCH, /* CARDEA_FETCH, from fetch_more */
    HOOK_FAILED /* flow->error is set */
};
enum hook_outcome hook_result(struct flow *flow, enum hook hook);

/* That hook has handed back what a hook may not: fails the flow, and counts against its provider as
 * a call does that has cost the jail. */
enum step_result fail_misbehaving(struct flow *flow, enum hook hook, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
