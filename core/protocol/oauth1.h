/*
 * Signed requests of OAuth 1.0a (RFC 5849, 3.4 and 3.5.1): how a request becomes the text that is
 * signed, by whom it may be signed, and the Authorization header that carries it all.
 *
 * Pure: time, nonces and whether they were seen before are the caller's. Secrets are never written
 * anywhere but into the signature (and, with PLAINTEXT, they are it).
 */
#ifndef CARDEA_PROTOCOL_OAUTH1_H
#define CARDEA_PROTOCOL_OAUTH1_H

#include "base/params.h"
#include "crypto/jwk.h"

enum oauth1_signature {
    OAUTH1_HMAC_SHA1, /* RFC 5849; the SHA-2 ones are what everybody made of it */
    OAUTH1_HMAC_SHA256,
    OAUTH1_HMAC_SHA512,
    OAUTH1_RSA_SHA1,
    OAUTH1_RSA_SHA256,
    OAUTH1_RSA_SHA512,
    OAUTH1_PLAINTEXT,
    OAUTH1_SIGNATURES
};

/* "HMAC-SHA1" */
const char *oauth1_signature_name(enum oauth1_signature method);
/* By exact name; OAUTH1_SIGNATURES when unknown. */
enum oauth1_signature oauth1_signature_read(struct slice name);
bool oauth1_signs_with_key(enum oauth1_signature method);

struct oauth1_request {
    struct slice method;
    struct slice url;          /* with its query; a fragment does not count */
    const struct params *form; /* a body of application/x-www-form-urlencoded; NULL: none */
};

/* Whose they are; absent ones are empty. `key` for the RSA methods, to sign private. */
struct oauth1_secrets {
    struct slice client;
    struct slice token;
    const struct jwk *key;
};

/* Base string URI (3.4.1.2): lower case, no default port, no query. Absent when it is no http URL.
 */
struct slice oauth1_base_uri(struct arena *arena, struct slice text);

/*
 * What is signed (3.4.1.1): the request with `protocol`, the parameters of the Authorization
 * header; its realm and oauth_signature do not count. Absent for a URL that is none, a query with a
 * broken escape, more than PARAMS_MAX parameters in the query, and a text of more than a megabyte.
 */
struct slice oauth1_base_string(struct arena *arena, const struct oauth1_request *request,
                                const struct params *protocol);

/* oauth_signature, before it is encoded. Absent when the key is missing or cannot sign. */
struct slice oauth1_sign(struct arena *arena, enum oauth1_signature method, struct slice base,
                         const struct oauth1_secrets *secrets);
/* In constant time where a secret is compared. */
bool oauth1_verify(struct arena *arena, enum oauth1_signature method, struct slice base,
                   const struct oauth1_secrets *secrets, struct slice signature);

/* The header's value (3.5.1). `realm` may be absent; control characters in it make all absent. */
struct slice oauth1_header(struct arena *arena, struct slice realm, const struct params *protocol);

/*
 * Reads one. `*present_r` says whether the scheme is OAuth at all. NULL, or a static sentence when
 * it is no such header: broken quotes or escapes, a parameter twice, more than PARAMS_MAX. The
 * realm is not among the parameters; absent when there is none.
 */
const char *oauth1_header_read(struct arena *arena, struct slice header, bool *present_r,
                               struct params *protocol_r, struct slice *realm_r);

#endif
