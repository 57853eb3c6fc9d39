/*
 * What is issued about a person: which of the identity's claims, for which scopes (OpenID Connect
 * Core, 5.4).
 */
#ifndef CARDEA_ISSUER_CLAIMS_H
#define CARDEA_ISSUER_CLAIMS_H

#include "hub/request.h"

struct grant;
struct session;

/*
 * The claims that `scope` gives of the person of this session, as members of a JSON object without
 * its braces:
 * `"name":"Mona","email":"..."`; empty when there are none. sub, iss and the like are not among
 * them. Kept like this in the grant, so that a token is made by joining texts. In the arena.
 */
struct slice claims_issue(struct request *request, const struct session *session,
                          struct slice scope);

/* Those of the claims of a grant that `scope`, which may be narrower than the grant's, gives. In
 * the arena, or the grant's own. */
struct slice claims_within(struct arena *arena, const struct grant *grant, struct slice scope);

/* Claims that can be had at all, for the metadata: words. */
extern const char *const claims_supported[];
/* Scopes with a meaning of ours. */
extern const char *const scopes_supported[];

#endif
