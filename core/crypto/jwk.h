/*
 * Keys (RFC 7517, 7518, 8037): RSA, EC P-256, P-384 and P-521, Ed25519, and secrets (oct).
 *
 * Keys from strangers are judged before any arithmetic: RSA moduli of 2048 to 8192 bits, odd, with
 * an odd public exponent from 65537 (3 is refused) to below 2^33, curve points on their curve and
 * canonical, no private members in a public set.
 */
#ifndef CARDEA_CRYPTO_JWK_H
#define CARDEA_CRYPTO_JWK_H

#include "base/json.h"

#include <openssl/evp.h>

enum jws_alg {
    ALG_NONE, /* no algorithm: never valid, what an unknown name reads as */
    ALG_RS256,
    ALG_RS384,
    ALG_RS512,
    ALG_PS256,
    ALG_PS384,
    ALG_PS512,
    ALG_ES256,
    ALG_ES384,
    ALG_ES512,
    ALG_EDDSA,
    ALG_HS256,
    ALG_HS384,
    ALG_HS512,
    ALG_COUNT
};

/* "ES256"; "none" for ALG_NONE. */
const char *jws_alg_name(enum jws_alg alg);
/* By exact name; ALG_NONE when unknown (and for "none"). */
enum jws_alg jws_alg_read(struct slice name);

/* A set of algorithms, as bits 1 << alg. */
typedef uint32_t jws_algs;
jws_algs jws_algs_read(struct slice words);

/*
 * Contexts of OpenSSL that jws.c makes when they are first needed and keeps, one per use and
 * algorithm: making one costs 3 microseconds, an eighth of an ES256 signature.
 */
struct jwk_contexts {
    EVP_PKEY_CTX *sign[ALG_COUNT];
    EVP_PKEY_CTX *verify[ALG_COUNT];
};

/*
 * A copy of the struct shares all that the original has; release one of the two. Whoever signs
 * RS384 or PS256 with an RSA key of ours sets `alg` in a copy.
 */
struct jwk {
    struct slice kid; /* may be absent in a foreign set */
    enum jws_alg alg; /* ALG_NONE: an RSA key whose set does not say */
    char kty;         /* 'R'SA, 'E'C, 'O'KP, 's'ecret */
    bool is_private;  /* can sign; true for a secret */
    EVP_PKEY *key;    /* NULL for a secret */
    struct slice secret;
    struct jwk_contexts *contexts; /* NULL for a secret */
};

struct jwk_set {
    struct jwk *keys;
    size_t count;
};

enum {
    JWK_SET_MAX = 64, /* the first ones; more in one set are ignored, with a word in the log */
    JWK_KID_MAX = 256,
    JWK_SECRET_MIN = 32, /* of an oct key (RFC 7518, 3.2); configured secrets may be shorter */
    JWK_SECRET_MAX = 1024,
    JWK_PEM_MAX = 32 * 1024
};

/* A new private key. RSA has 2048 bits and takes a tenth of a second or more. kid is the thumbprint
 * (RFC 7638). False when the library fails, and for the HS algorithms, whose keys are
 * random_token()s. */
bool jwk_generate(struct arena *arena, enum jws_alg alg, struct jwk *key_r);
/* An HS256 key of these bytes, without a kid. It has nothing to be released. */
struct jwk jwk_secret(struct slice secret);
/* A private key from PEM (PKCS#8 or traditional, not encrypted); its algorithm from its kind (RS256
 * for RSA), its kid the thumbprint. The two halves are checked to belong together. NULL or a
 * sentence. */
const char *jwk_read_pem(struct arena *arena, struct slice pem, struct jwk *key_r);
/* The private key as PEM (PKCS#8, not encrypted), in the arena: for the kit's own. Absent when
 * there is none. */
struct slice jwk_write_pem(struct arena *arena, const struct jwk *key);
/* base64url of the SHA-256 of the first certificate in a PEM text ("x5t#S256", RFC 7515, 4.1.8),
 * absent when there is none or when it is not that of `key`. */
struct slice jwk_pem_certificate(struct arena *arena, struct slice pem, const struct jwk *key);
/* Accepts a zeroed struct. */
void jwk_release(struct jwk *key);

/*
 * One key of a foreign set or of our own; `private_allowed` for our own sealed records, and only
 * then oct keys. NULL when good, else a static sentence. kid and secret are copied into the arena.
 * What our own records say about a private key is believed: they were sealed.
 */
const char *jwk_read(struct arena *arena, const json_t *json, bool private_allowed,
                     struct jwk *key_r);
/* {"keys": [...]} of strangers: keys that cannot be used (unknown kinds, "use": "enc", broken) are
 * left out; an error only when it is no key set at all or has private members (any oct key is one).
 */
const char *jwk_set_read(struct arena *arena, const json_t *json, struct jwk_set *set_r);
void jwk_set_release(struct jwk_set *set);

/* New references. The public form has kid, alg and use; NULL for a secret, which has none. */
json_t *jwk_public(const struct jwk *key);
/* NULL when the key is not private. */
json_t *jwk_private(const struct jwk *key);
/* RFC 7638, base64url of SHA-256. Absent for a secret: it would be a hash of it. */
struct slice jwk_thumbprint(struct arena *arena, const struct jwk *key);

#endif
