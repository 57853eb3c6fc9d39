#include "net/tls.h"

#include "store/redis_wire.h"

#include <event2/bufferevent_ssl.h>
#include <openssl/err.h>
#include <openssl/x509_vfy.h>
#include <unistd.h>

struct bufferevent *redis_tls_wrap(struct event_base *base, int fd, SSL_CTX *tls,
                                   const struct redis_address *address)
{
    struct bufferevent *connection = NULL;
    SSL *ssl = SSL_new(tls);

    if (ssl != NULL && tls_expect_host(ssl, address->place))
        connection = bufferevent_openssl_socket_new(base, fd, ssl, BUFFEREVENT_SSL_CONNECTING,
                                                    BEV_OPT_CLOSE_ON_FREE);
    if (connection == NULL) {
        SSL_free(ssl);
        close(fd);
    }
    ERR_clear_error();
    return connection;
}

void redis_tls_explain(struct bufferevent *connection, char *why, size_t size)
{
    unsigned long error = bufferevent_get_openssl_error(connection);
    long verified = SSL_get_verify_result(bufferevent_openssl_get_ssl(connection));
    const char *reason = error != 0 ? ERR_reason_error_string(error) : NULL;

    if (verified != X509_V_OK)
        snprintf(why, size, "its certificate: %s", X509_verify_cert_error_string(verified));
    else
        snprintf(why, size, "TLS: %s", reason != NULL ? reason : "the connection was closed");
    ERR_clear_error();
}
