/*
 * The issuer's signing keys: one per algorithm of `signing.algorithms`, made on first start by
 * whoever comes first, kept sealed in the store under one record, shared by all workers and nodes.
 *
 * A worker loads them when it starts and looks again every half minute, so that a key that another
 * node has made is known everywhere. While the store has never answered there are none, and what
 * needs a signature is answered with 503.
 */
#ifndef CARDEA_ISSUER_KEYS_H
#define CARDEA_ISSUER_KEYS_H

#include "crypto/jwk.h"
#include "hub/hub.h"

struct signing;

/* Begins to load them; from then on they are looked after. */
struct signing *signing_new(struct hub *hub);
void signing_free(struct signing *signing);

bool signing_is_ready(const struct signing *signing);

/* Why the keys that the store has cannot be used (none of `secrets` opens them), so that somebody
 * has to look; NULL while nothing is known to be wrong. Valid until they are looked at again. */
const char *signing_failure(const struct signing *signing);

/* The key that signs with that algorithm, or NULL. */
const struct jwk *signing_key(const struct signing *signing, enum jws_alg alg);

/* All public keys, for verifying what we have signed ourselves. */
const struct jwk_set *signing_keys(const struct signing *signing);

/* The key set document and its ETag; empty while there are no keys. */
struct slice signing_document(const struct signing *signing);
struct slice signing_etag(const struct signing *signing);

#endif
