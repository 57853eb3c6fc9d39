/*
 * Signed tokens (RFC 7515, 7519, 8725), compact form only.
 *
 * Verification is told what is acceptable before it looks: the algorithms are pinned by the caller,
 * the key comes from a set that the caller trusts. Header keys (jku, jwk, x5u, x5c) are never
 * followed, "crit" and "b64" are refused, so is "none" in every spelling.
 */
#ifndef CARDEA_CRYPTO_JWS_H
#define CARDEA_CRYPTO_JWS_H

#include "crypto/jwk.h"

enum {
    JWS_MAX = 64 * 1024,     /* bytes of a whole token, read or written; a long profile fits */
    JWS_SIGNATURE_MAX = 1024 /* RSA of 8192 bits */
};

/* A token taken apart but not yet believed. */
struct jws {
    enum jws_alg alg;
    struct slice alg_name; /* as written, for messages */
    struct slice kid;      /* absent when there is none; at most JWK_KID_MAX bytes, of any kind */
    struct slice typ;
    struct slice header;      /* decoded JSON; a DPoP proof has its key in there (RFC 9449, 4.2) */
    struct slice signed_part; /* what the signature is over */
    struct slice payload;     /* decoded, never empty */
    struct slice signature;   /* decoded, never empty */
};

/* Takes apart. NULL when well-formed, else a static sentence. Slices lie in the arena or in
 * `token`. An algorithm we do not know is well-formed; jws_verify() refuses it. */
const char *jws_read(struct arena *arena, struct slice token, struct jws *jws_r);

enum jws_verdict {
    JWS_GOOD,
    JWS_BAD_ALGORITHM, /* not pinned, or not what the key is for */
    JWS_UNKNOWN_KEY,   /* no key of the set has that kid (or, without kid, fits the algorithm) */
    JWS_BAD_SIGNATURE
};

/*
 * Verifies with the key that `kid` names; without kid, with every key that fits the algorithm (RFC
 * 7515, D). At most four are tried either way. A secret (jwk_secret()) has no kid and stands for
 * whatever kid its holder has written; other keys without kid are not used when the token names
 * one.
 */
enum jws_verdict jws_verify(const struct jws *jws, const struct jwk_set *keys, jws_algs pinned);

/* The verdict as a sentence, for the log. */
const char *jws_verdict_text(enum jws_verdict verdict);

/*
 * Signs: header {"alg", "kid", "typ"}, then the payload, into one compact text in the arena. `typ`
 * may be NULL. Absent when the library fails, when the key cannot sign and when the token would be
 * longer than JWS_MAX.
 */
struct slice jws_sign(struct arena *arena, const struct jwk *key, const char *typ,
                      struct slice payload);

/*
 * The same with further members of the header: an object of which "kid" and "typ" stand for those
 * that jws_sign() writes. Absent, too, when it has "alg", "crit" or "b64": those are not for a
 * caller to say.
 */
struct slice jws_sign_with(struct arena *arena, const struct jwk *key, const json_t *members,
                           struct slice payload);

/* The bare signature over a text, by the key's own algorithm; its length, 0 when the key cannot
 * sign. */
size_t jws_signature(const struct jwk *key, struct slice text,
                     unsigned char signature[JWS_SIGNATURE_MAX]);

/* Left half of the hash that belongs to the algorithm, base64url: at_hash, c_hash (OIDC
 * Core, 3.1.3.6). Absent for an algorithm that has none. */
struct slice jws_half_hash(struct arena *arena, enum jws_alg alg, struct slice text);

#endif
