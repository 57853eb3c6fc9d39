/*
 * The host's side of a hook call: what the frame brought, what the hook asks for, what goes back.
 *
 * A call frame has {id, plugin, provider, hook, config, memory} and, as the hook needs them,
 * {round, answers, request, response, tokens, profile}. The result frame has {id, result} and what
 * the hook changed: {request, tokens, profile, memory, fail: {code, text}, log: [[level, text],
 * ...]}; and {misbehaved: why} when a host function could not do what was asked.
 */
#ifndef CARDEA_JAIL_HOST_H
#define CARDEA_JAIL_HOST_H

#include <cardea/provider.h>
#include <jansson.h>

/* Runs the hook that a call frame names and returns the result frame, a new reference. */
json_t *host_run(json_t *frame);

#endif
