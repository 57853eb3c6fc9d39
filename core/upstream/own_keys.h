/*
 * The keys by which we sign at a provider: `keys` of its configuration, by name.
 */
#ifndef CARDEA_UPSTREAM_OWN_KEYS_H
#define CARDEA_UPSTREAM_OWN_KEYS_H

#include "crypto/jwk.h"
#include "plugin/provider.h"

struct own_keys;

/*
 * The key of that name, read once and kept. NULL, with a sentence in `*why_r` that goes on behind
 * the key's name ("is no private key in PEM"), when there is none. It has no kid: which one the
 * provider knows it by is for the description to say.
 */
const struct jwk *own_key(struct provider *provider, struct slice name, const char **why_r);

/* base64url of the SHA-256 of the certificate that stands beside the key ("x5t#S256", RFC 7515,
 * 4.1.8), or absent: some providers know a key by nothing else. */
struct slice own_key_certificate(struct provider *provider, struct slice name);

/* Accepts NULL. */
void own_keys_free(struct own_keys *keys);

#endif
