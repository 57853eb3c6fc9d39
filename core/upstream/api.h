/*
 * Calls to a provider: the userinfo call, the lookups, and what fetch_more asks for.
 */
#ifndef CARDEA_UPSTREAM_API_H
#define CARDEA_UPSTREAM_API_H

#include "upstream/call.h"

/* All calls that the profile needs, one after the other; answers in login->userinfo, ->lookups,
 * ->answers. */
extern const struct step profile_calls[];

/* A lookup as a call, and how its answer is read. */
struct described_call lookup_call(const struct description_lookup *lookup);
void lookup_expect(struct login *login, const struct description_lookup *lookup);

#endif
