/*
 * TLS settings, in one place: TLS 1.2 with forward secrecy and AEAD only, and TLS 1.3; no
 * renegotiation, no compression, no early data, tickets whose keys are renewed every six hours (RFC
 * 9325). ALPN names http/1.1 and nothing else.
 */
#ifndef CARDEA_NET_TLS_H
#define CARDEA_NET_TLS_H

#include "base/arena.h"

#include <openssl/ssl.h>

/* Who a listener is: certificate chain and key as PEM, and the files they are from, for messages.
 */
struct tls_identity {
    struct slice certificate;
    struct slice key;
    const char *certificate_file;
    const char *key_file;
};

/* Reads both files. NULL, or a sentence with the file's name (in the arena). */
const char *tls_identity_read(struct arena *arena, const char *certificate_file,
                              const char *key_file, struct tls_identity *identity_r);

/*
 * For our listeners. `client_certificates`: ask for one without verifying it against any authority
 * (RFC 8705, 2.2; whoever uses it checks it). NULL and a sentence with the file's name in `*why_r`
 * (in the arena).
 */
SSL_CTX *tls_server_context_of(struct arena *arena, const struct tls_identity *identity,
                               bool client_certificates, const char **why_r);

/* Both of the above. */
SSL_CTX *tls_server_context(struct arena *arena, const char *certificate_file, const char *key_file,
                            bool client_certificates, const char **why_r);

/* For connections we make ourselves (Redis): peer and name verified. `ca_file` may be NULL: the
 * system's. */
SSL_CTX *tls_client_context(struct arena *arena, const char *ca_file, const char **why_r);

/* Prepares one client connection: SNI and the name that the certificate must have among its
 * alternative names; a common name says nothing. `host` may be an IP address. */
bool tls_expect_host(SSL *ssl, const char *host);
/* The same but SNI for all connections of a context, where another library makes them. */
bool tls_expect_host_always(SSL_CTX *context, const char *host);

#endif
