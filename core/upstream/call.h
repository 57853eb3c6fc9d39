/*
 * One call to a provider: how it is sent, what carries the access token, how its answer is read.
 */
#ifndef CARDEA_UPSTREAM_CALL_H
#define CARDEA_UPSTREAM_CALL_H

#include "upstream/login.h"

/* Sends login->request as it stands; the answer is in login->call. Returns STEP_WAIT. */
enum step_result upstream_call(struct flow *flow, bool json_body);

/* Fails the flow for a call that got no answer. */
enum step_result upstream_fail_call(struct flow *flow);

/* {status, headers, body} of an answer, for hooks. A new reference. */
json_t *upstream_response_json(const struct http_call *call);

/* Counts a call that has ended. */
void upstream_count_call(struct login *login);

/* Begins login->request as a call to the provider's API: with what every such call has, the access
 * token among it. Placeholders of the URL are filled. */
void call_begin(struct login *login, struct arena *arena, const char *method, struct slice url);

/* Adds parameters to the query, and headers; placeholders are filled. */
void call_add_pairs(struct login *login, struct arena *arena, const struct pairs *params,
                    const struct pairs *headers);

/* Makes the call that login->request is; the answer, judged as login->expected says, is
 * login->answer then. */
extern const struct step api_call[];

#endif
