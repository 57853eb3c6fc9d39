#include "net/tls.h"

#include <arpa/inet.h>
#include <openssl/x509v3.h>

SSL_CTX *tls_client_context(struct arena *arena, const char *ca_file, const char **why_r)
{
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());

    *why_r = NULL;
    if (context == NULL || SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) != 1 ||
        (ca_file != NULL ? SSL_CTX_load_verify_locations(context, ca_file, NULL)
                         : SSL_CTX_set_default_verify_paths(context)) != 1) {
        SSL_CTX_free(context);
        *why_r = arena_printf(arena, "%s: no certificates can be read from it",
                              ca_file != NULL ? ca_file : "the system's store of certificates")
                     .at;
        return NULL;
    }
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
    return context;
}

bool tls_expect_host(SSL *ssl, const char *host)
{
    unsigned char bytes[16];
    bool is_ip = inet_pton(AF_INET, host, bytes) == 1 || inet_pton(AF_INET6, host, bytes) == 1;

    if (is_ip)
        return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host) == 1;
    SSL_set_hostflags(ssl,
                      X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
    /* What SSL_set_tlsext_host_name() is, without its cast. */
    return SSL_ctrl(ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
                    (void *)(uintptr_t)host) == 1 &&
           SSL_set1_host(ssl, host) == 1;
}
