/*
 * Calls to a provider: the userinfo call, the lookups, and what fetch_more asks for.
 */
#ifndef CARDEA_UPSTREAM_API_H
#define CARDEA_UPSTREAM_API_H

#include "upstream/login.h"

/* All calls that the profile needs, one after the other; answers in login->userinfo, ->lookups,
 * ->answers. */
extern const struct step profile_calls[];

#endif
