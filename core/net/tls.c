#include "net/tls.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/random.h"
#include "net/address.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

enum {
    TICKET_KEYS_SIZE = 80, /* name, MAC key and cipher key, as OpenSSL wants them in one piece */
    TICKET_KEYS_SECONDS = 6 * 3600,
    SESSION_SECONDS = 3600,
    PEM_MAX = 1024 * 1024
};

/* RFC 9325, 4.2; those of TLS 1.3 are all good. */
static const char ciphers[] = "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"
                              "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"
                              "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";
static char groups[] = "X25519:P-256:P-384"; /* OpenSSL's macro would cast a const away */

/* What OpenSSL saw first; the errors behind it say where it came by. */
static const char *library_reason(void)
{
    unsigned long error = ERR_peek_error();
    const char *reason =
        ERR_SYSTEM_ERROR(error) ? strerror(ERR_GET_REASON(error)) : ERR_reason_error_string(error);

    ERR_clear_error();
    return reason != NULL ? reason : "unknown reason";
}

static SSL_CTX *refuse(SSL_CTX *context, struct arena *arena, const char *what, const char *file,
                       const char **why_r)
{
    const char *colon = file != NULL ? ": " : "";

    *why_r =
        arena_printf(arena, "%s%s%s: %s", file != NULL ? file : "", colon, what, library_reason())
            .at;
    SSL_CTX_free(context);
    return NULL;
}

static bool set_common(SSL_CTX *context)
{
    SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                  SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_security_level(context, 2);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    return SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) == 1 &&
           SSL_CTX_set_cipher_list(context, ciphers) == 1 &&
           SSL_CTX_set1_groups_list(context, groups) == 1;
}

/* OpenSSL draws ticket keys once and never again. The number of the period they were
 * drawn in hangs on the context; who comes with an older ticket makes a full handshake. */
static int renew_ticket_keys(SSL *ssl, int *alert, void *argument)
{
    SSL_CTX *context = SSL_get_SSL_CTX(ssl);
    intptr_t period = (intptr_t)(clock_now() / TICKET_KEYS_SECONDS);
    unsigned char keys[TICKET_KEYS_SIZE];

    (void)alert;
    (void)argument;
    if ((intptr_t)SSL_CTX_get_app_data(context) == period)
        return SSL_CLIENT_HELLO_SUCCESS;
    random_bytes(keys, sizeof(keys));
    SSL_CTX_set_tlsext_ticket_keys(context, keys, sizeof(keys));
    SSL_CTX_set_app_data(context, (void *)period);
    mem_wipe(keys, sizeof(keys));
    return SSL_CLIENT_HELLO_SUCCESS;
}

/* A client that insists on another protocol talks to the wrong server (RFC 9325, 3.7). */
static int choose_protocol(SSL *ssl, const unsigned char **out, unsigned char *out_len,
                           const unsigned char *in, unsigned in_len, void *argument)
{
    static const unsigned char ours[] = "\x08http/1.1";
    unsigned char *chosen;

    (void)ssl;
    (void)argument;
    if (SSL_select_next_proto(&chosen, out_len, ours, sizeof(ours) - 1, in, in_len) !=
        OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    *out = chosen;
    return SSL_TLSEXT_ERR_OK;
}

/* A key file that asks for a pass phrase must not ask it of the terminal. */
static int no_pass_phrase(char *text, int size, int writing, void *argument)
{
    (void)text;
    (void)size;
    (void)writing;
    (void)argument;
    return -1;
}

/* Whoever uses the certificate checks it (RFC 8705, 2.2): here only its key has been proven. */
static int accept_any_chain(X509_STORE_CTX *store, void *argument)
{
    (void)store;
    (void)argument;
    return 1;
}

const char *tls_identity_read(struct arena *arena, const char *certificate_file,
                              const char *key_file, struct tls_identity *identity_r)
{
    const char *names[] = { certificate_file, key_file };
    struct slice texts[2];

    for (int i = 0; i < 2; i++) {
        struct file file;
        const char *wrong = file_read(arena, names[i], PEM_MAX, &file);

        if (wrong != NULL)
            return arena_printf(arena, "%s %s", names[i], wrong).at;
        texts[i] = file.bytes;
    }
    *identity_r = (struct tls_identity){ texts[0], texts[1], certificate_file, key_file };
    return NULL;
}

/* The first certificate is ours, the others lead to an authority. */
static bool use_chain(SSL_CTX *context, BIO *pem)
{
    X509 *certificate = PEM_read_bio_X509_AUX(pem, NULL, no_pass_phrase, NULL);
    bool good = certificate != NULL && SSL_CTX_use_certificate(context, certificate) == 1;

    X509_free(certificate);
    while (good && (certificate = PEM_read_bio_X509(pem, NULL, no_pass_phrase, NULL)) != NULL) {
        good = SSL_CTX_add0_chain_cert(context, certificate) == 1;
        if (!good)
            X509_free(certificate);
    }
    /* It ends with "no start line", which is how OpenSSL says that there is nothing more. */
    if (good && ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE)
        ERR_clear_error();
    return good && ERR_peek_error() == 0;
}

static bool use_key(SSL_CTX *context, BIO *pem)
{
    EVP_PKEY *key = PEM_read_bio_PrivateKey(pem, NULL, no_pass_phrase, NULL);
    bool good = key != NULL && SSL_CTX_use_PrivateKey(context, key) == 1 &&
                SSL_CTX_check_private_key(context) == 1;

    EVP_PKEY_free(key);
    return good;
}

static bool use_pem(SSL_CTX *context, struct slice text, bool (*use)(SSL_CTX *context, BIO *pem))
{
    BIO *pem = BIO_new_mem_buf(text.at, (int)text.len);
    bool good = pem != NULL && use(context, pem);

    BIO_free(pem);
    return good;
}

SSL_CTX *tls_server_context_of(struct arena *arena, const struct tls_identity *identity,
                               bool client_certificates, const char **why_r)
{
    static const unsigned char session_context[] = "cardea";

    ERR_clear_error();
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());

    if (context == NULL || !set_common(context))
        return refuse(context, arena, "TLS cannot be set up", NULL, why_r);
    SSL_CTX_set_options(context, SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
    SSL_CTX_set_max_early_data(context, 0);
    SSL_CTX_set_timeout(context, SESSION_SECONDS);
    SSL_CTX_set_session_id_context(context, session_context, sizeof(session_context) - 1);
    SSL_CTX_set_client_hello_cb(context, renew_ticket_keys, NULL);
    SSL_CTX_set_alpn_select_cb(context, choose_protocol, NULL);
    if (client_certificates) {
        SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
        SSL_CTX_set_cert_verify_callback(context, accept_any_chain, NULL);
    }
    if (!use_pem(context, identity->certificate, use_chain))
        return refuse(context, arena, "no usable certificate", identity->certificate_file, why_r);
    if (!use_pem(context, identity->key, use_key))
        return refuse(context, arena, "no usable key for the certificate", identity->key_file,
                      why_r);
    return context;
}

SSL_CTX *tls_server_context(struct arena *arena, const char *certificate_file, const char *key_file,
                            bool client_certificates, const char **why_r)
{
    struct tls_identity identity = { 0 };

    *why_r = tls_identity_read(arena, certificate_file, key_file, &identity);
    return *why_r == NULL ? tls_server_context_of(arena, &identity, client_certificates, why_r)
                          : NULL;
}

SSL_CTX *tls_client_context(struct arena *arena, const char *ca_file, const char **why_r)
{
    ERR_clear_error();
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());

    if (context == NULL || !set_common(context))
        return refuse(context, arena, "TLS cannot be set up", NULL, why_r);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
    if (ca_file == NULL && SSL_CTX_set_default_verify_paths(context) != 1)
        return refuse(context, arena, "the system has no certificate authorities", NULL, why_r);
    if (ca_file != NULL && SSL_CTX_load_verify_file(context, ca_file) != 1)
        return refuse(context, arena, "no usable certificate authorities", ca_file, why_r);
    return context;
}

static bool is_ip(const char *host)
{
    struct address address;

    return address_read_ip(slice_of(host), &address);
}

static bool expect_name(X509_VERIFY_PARAM *param, const char *host)
{
    X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS |
                                               X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
    if (is_ip(host))
        return X509_VERIFY_PARAM_set1_ip_asc(param, host) == 1;
    return host[0] != '\0' && X509_VERIFY_PARAM_set1_host(param, host, 0) == 1;
}

bool tls_expect_host(SSL *ssl, const char *host)
{
    return expect_name(SSL_get0_param(ssl), host) &&
           (is_ip(host) || /* which SNI does not allow (RFC 6066, 3) */
            SSL_set_tlsext_host_name(ssl, (char *)(uintptr_t)host) == 1);
}

bool tls_expect_host_always(SSL_CTX *context, const char *host)
{
    return expect_name(SSL_CTX_get0_param(context), host);
}
