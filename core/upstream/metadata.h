/*
 * What an OpenID provider publishes: its endpoints (discovery document) and its keys.
 *
 * Fetched when first needed, never at start-up; one fetch at a time per provider however many
 * logins wait for it; used for an hour; refreshed behind the logins after that, and used up to a
 * day old while the provider cannot be reached. A document that names another issuer, or that
 * suddenly moves to another host what gets our secrets or has the keys, is not taken: the old one
 * stays, with an alarm in the log.
 */
#ifndef CARDEA_UPSTREAM_METADATA_H
#define CARDEA_UPSTREAM_METADATA_H

#include "flow/flow.h"
#include "hub/hub.h"

/* Endpoints of a provider: of its description, else of its discovery document. Absent where there
 * are none. */
struct endpoints {
    struct slice authorize;
    struct slice token;
    struct slice userinfo;
    struct slice jwks;
    struct slice end_session;
    struct slice revoke;
    bool iss_promised; /* RFC 9207: the answer to an authorization request carries `iss` */
};

/* What is known now; endpoints that need discovery are absent until it was fetched. The slices live
 * as long as the provider keeps its document: copy what must outlive this step. */
struct endpoints upstream_endpoints(const struct provider *provider);

/*
 * Rows for flows whose state is a struct login: makes sure that the endpoints are known, and that
 * the keys are. The second step fails the flow with ERROR_UPSTREAM_DOWN or ERROR_UPSTREAM when they
 * cannot be had.
 */
enum step_result ask_for_metadata(struct flow *flow);
enum step_result read_metadata(struct flow *flow);
enum step_result ask_for_keys(struct flow *flow);
enum step_result read_keys(struct flow *flow);

/* The key set, or NULL while it is not known. */
const struct jwk_set *upstream_keys(const struct provider *provider);

/*
 * A token was signed by a key we do not have: fetch the set again, at most once in a while for
 * everybody. The step returns what this returns; read_keys() follows. STEP_NEXT when it is too
 * early for another fetch.
 */
enum step_result upstream_refetch_keys(struct flow *flow);

/* What is kept of a provider here (upstream/kept.h). Accepts NULL. */
struct metadata;
void metadata_free(struct metadata *metadata);

#endif
