#include "tests/support/certificates.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

static void must(int good, const char *what)
{
    if (good)
        return;
    fprintf(stderr, "certificates: %s\n", what);
    abort();
}

static void add_extension(X509 *certificate, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX context;

    X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);

    must(extension != NULL && X509_add_ext(certificate, extension, -1), value);
    X509_EXTENSION_free(extension);
}

/* `issuer` NULL: signed by itself, an authority. */
static X509 *make(const char *name, const char *names, long ends_in, EVP_PKEY *key, X509 *issuer,
                  EVP_PKEY *issuer_key)
{
    static long serial = 1;
    X509 *certificate = X509_new();
    X509_NAME *subject = X509_get_subject_name(certificate);

    must(X509_set_version(certificate, X509_VERSION_3), "version");
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), serial++);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -86400);
    X509_gmtime_adj(X509_getm_notAfter(certificate), ends_in);
    must(X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, (const unsigned char *)name, -1,
                                    -1, 0),
         name);
    X509_set_issuer_name(certificate, issuer != NULL ? X509_get_subject_name(issuer) : subject);
    X509_set_pubkey(certificate, key);
    if (issuer == NULL)
        add_extension(certificate, certificate, NID_basic_constraints, "critical,CA:TRUE");
    if (names != NULL)
        add_extension(certificate, issuer, NID_subject_alt_name, names);
    must(X509_sign(certificate, issuer != NULL ? issuer_key : key, EVP_sha256()) > 0, "signature");
    return certificate;
}

static void save(const char *folder, const char *file, X509 *certificate, EVP_PKEY *key)
{
    char path[256];

    snprintf(path, sizeof(path), "%s/%s.pem", folder, file);
    FILE *out = fopen(path, "we");

    must(out != NULL && PEM_write_X509(out, certificate) &&
             PEM_write_PrivateKey(out, key, NULL, NULL, 0, NULL, NULL),
         path);
    fclose(out);
}

static void make_signed(const char *folder, const char *file, const char *name, const char *names,
                        long ends_in, X509 *authority, EVP_PKEY *authority_key)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *certificate = make(name, names, ends_in, key, authority, authority_key);

    save(folder, file, certificate, key);
    X509_free(certificate);
    EVP_PKEY_free(key);
}

void make_certificates(const char *folder)
{
    static const char here[] = "DNS:localhost,IP:127.0.0.1";
    const long day = 86400;
    EVP_PKEY *key = EVP_EC_gen("P-256");
    EVP_PKEY *unknown_key = EVP_EC_gen("P-256");
    X509 *authority = make("Test authority", NULL, day, key, NULL, NULL);
    X509 *unknown = make("Unknown authority", NULL, day, unknown_key, NULL, NULL);

    save(folder, "ca", authority, key);
    make_signed(folder, "good", "here", here, day, authority, key);
    make_signed(folder, "other-name", "there", "DNS:other.example", day, authority, key);
    make_signed(folder, "common-name", "localhost", NULL, day, authority, key);
    make_signed(folder, "expired", "here", here, -3600, authority, key);
    make_signed(folder, "stranger", "here", here, day, unknown, unknown_key);
    X509_free(authority);
    X509_free(unknown);
    EVP_PKEY_free(key);
    EVP_PKEY_free(unknown_key);
}
