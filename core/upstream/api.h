/*
 * Calls to a provider: the userinfo call, the lookups, and what fetch_more asks for.
 */
#ifndef CARDEA_UPSTREAM_API_H
#define CARDEA_UPSTREAM_API_H

#include "upstream/login.h"

/* All calls that the profile needs, one after the other; answers in login->userinfo, ->lookups,
 * ->answers. */
extern const struct step profile_calls[];

/* Sends login->request as it stands; the answer is in login->call. Returns STEP_WAIT. */
enum step_result upstream_call(struct flow *flow, bool json_body);

/* Fails the flow for a call that got no answer. */
enum step_result upstream_fail_call(struct flow *flow);

/* {status, headers, body} of an answer, for hooks. A new reference. */
json_t *upstream_response_json(const struct http_call *call);

/* Counts a call that has ended. */
void upstream_count_call(struct login *login);

#endif
