/*
 * Whether a token was really signed by the provider: an ID token, a signed userinfo reply.
 *
 * The description's `id_token_algs` say by which algorithms (RS256 when it names none). Those with
 * a public key are judged by the provider's key set and by nothing else; HS256, only where it is
 * named, by the client secret and by nothing else: a public key is never a secret, and a secret
 * never comes from a key set.
 */
#ifndef CARDEA_UPSTREAM_SIGNATURE_H
#define CARDEA_UPSTREAM_SIGNATURE_H

#include "crypto/jws.h"
#include "upstream/login.h"

/* JWS_UNKNOWN_KEY, too, while no key set is known. */
enum jws_verdict upstream_verify(const struct provider *provider, const struct jws *jws);

/*
 * Rows around a signed text: the first two make sure that the key set is known where the token
 * needs one; the third fetches it again when no key fits, because keys may just have been rotated,
 * perhaps under the same name or without any. Absent text needs nothing.
 */
enum step_result signature_ask_for_keys(struct flow *flow, struct slice token);
enum step_result signature_read_keys(struct flow *flow, struct slice token);
enum step_result signature_look_for_key(struct flow *flow, struct slice token);

/*
 * The claims of a token whose signature is good, a new reference; NULL with a sentence (in the
 * flow's arena) in `*why_r`. What they say is for the caller to judge.
 */
json_t *signature_claims(struct flow *flow, struct slice token, struct jws *jws_r,
                         const char **why_r);

#endif
