/*
 * PKCE (RFC 7636), S256 only: both for our clients and towards providers.
 */
#ifndef CARDEA_PROTOCOL_PKCE_H
#define CARDEA_PROTOCOL_PKCE_H

#include "base/arena.h"

/* A new verifier of 43 characters, and the challenge of a verifier. */
struct slice pkce_verifier(struct arena *arena);
struct slice pkce_challenge(struct arena *arena, struct slice verifier);

/* Is that a challenge: 43 characters of base64url? */
bool pkce_challenge_is_valid(struct slice challenge);

/* Does the verifier (43 to 128 unreserved characters) belong to the challenge? Constant time. */
bool pkce_matches(struct slice verifier, struct slice challenge);

#endif
