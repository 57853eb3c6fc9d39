/*
 * The two spellings of an ECDSA signature: r and s side by side at full width, as JWS has it (RFC
 * 7518, 3.4), and the ASN.1 of X9.62 that OpenSSL speaks.
 */
#ifndef CARDEA_CRYPTO_ECDSA_H
#define CARDEA_CRYPTO_ECDSA_H

#include "base/slice.h"

enum {
    ECDSA_SIZE_MAX = 66, /* of a coordinate, P-521 */
    ECDSA_DER_MAX = 144
};

/*
 * `size` is that of a coordinate. Writes the ASN.1 and returns its length; 0 when `raw` is not
 * exactly two coordinates long or one of the numbers is zero. That they are below the order of the
 * curve is for the verification to see.
 */
size_t ecdsa_to_der(struct slice raw, size_t size, unsigned char der[ECDSA_DER_MAX]);

/* The other way, for what OpenSSL has just written: 2 * size bytes. False when it is no such
 * ASN.1, byte for byte. */
bool ecdsa_from_der(struct slice der, size_t size, unsigned char *raw);

#endif
