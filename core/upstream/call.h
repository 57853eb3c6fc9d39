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

/* Adds the access token where this provider wants it. */
void call_add_access_token(struct login *login, struct arena *arena);

/* A call as a description has it; all texts with their placeholders. */
struct described_call {
    const char *method;
    struct slice url;
    const struct pairs *params, *headers; /* NULL: none */
    struct slice body;                    /* absent: none */
    struct slice body_type;               /* absent: application/json */
};

/* Makes it login->request: with what every call to the provider's API has, the access token among
 * it. Headers that have the client secret are added when no hook sees them any more. */
void call_begin(struct login *login, struct arena *arena, const struct described_call *call);

/* The same for a call of the application itself: no token, no hook, and {client_secret} may stand
 * anywhere but in the URL. */
void call_begin_as_app(struct login *login, struct arena *arena, const struct described_call *call);

/* Makes the call that login->request is; the answer, judged as login->expected says, is
 * login->answer then, NULL when it was optional and refused. */
extern const struct step api_call[];
/* The same without the hook shape_api. */
extern const struct step app_call[];

#endif
