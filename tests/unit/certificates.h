/*
 * Certificates made on the spot, for suites that speak TLS: authorities and what they sign, in PEM
 * files of a folder that goes when the suite ends.
 */
#ifndef CARDEA_TESTS_CERTIFICATES_H
#define CARDEA_TESTS_CERTIFICATES_H

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <unistd.h>

struct certificate {
    X509 *x509;
    EVP_PKEY *key;
    char file[64];
    char key_file[64];
};

struct certificate_wish {
    const char *name;                 /* common name */
    const char *alternatives;         /* "DNS:localhost,IP:127.0.0.1"; may be NULL */
    const char *usage;                /* extended; NULL: any */
    long from, until;                 /* seconds from now; both 0: an hour around now */
    const struct certificate *issuer; /* NULL: self-signed */
    int authority;
};

static char certificates_folder[] = "/tmp/cardea-test-XXXXXX";

static inline void certificate_extend(struct certificate *certificate, X509 *issuer, int nid,
                                      const char *value)
{
    X509V3_CTX context;

    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, issuer, certificate->x509, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);

    if (extension == NULL)
        abort();
    X509_add_ext(certificate->x509, extension, -1);
    X509_EXTENSION_free(extension);
}

static inline FILE *certificate_open(char path[64], const char *name, const char *ending)
{
    if (strstr(certificates_folder, "XXXXXX") != NULL && mkdtemp(certificates_folder) == NULL)
        abort();
    snprintf(path, 64, "%s/%s.%s", certificates_folder, name, ending);
    FILE *file = fopen(path, "w");

    if (file == NULL)
        abort();
    return file;
}

static inline void certificate_write(struct certificate *certificate, const char *name)
{
    FILE *file = certificate_open(certificate->file, name, "crt");

    PEM_write_X509(file, certificate->x509);
    fclose(file);
    file = certificate_open(certificate->key_file, name, "key");
    PEM_write_PrivateKey(file, certificate->key, NULL, NULL, 0, NULL, NULL);
    fclose(file);
}

/* Freed with certificate_release(). `name` names the files and must be unique in a suite. */
static inline struct certificate certificate_make(const char *name,
                                                  const struct certificate_wish *wish)
{
    static long serial;
    struct certificate made = { .x509 = X509_new(), .key = EVP_EC_gen("P-256") };
    int soon = wish->from == 0 && wish->until == 0;
    X509_NAME *subject = X509_get_subject_name(made.x509);
    X509 *issuer = wish->issuer != NULL ? wish->issuer->x509 : made.x509;

    X509_set_version(made.x509, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(made.x509), ++serial);
    X509_gmtime_adj(X509_getm_notBefore(made.x509), soon ? -3600 : wish->from);
    X509_gmtime_adj(X509_getm_notAfter(made.x509), soon ? 3600 : wish->until);
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, (const unsigned char *)wish->name, -1,
                               -1, 0);
    X509_set_issuer_name(made.x509, X509_get_subject_name(issuer));
    X509_set_pubkey(made.x509, made.key);
    certificate_extend(&made, issuer, NID_basic_constraints,
                       wish->authority ? "critical,CA:TRUE" : "critical,CA:FALSE");
    if (wish->alternatives != NULL)
        certificate_extend(&made, issuer, NID_subject_alt_name, wish->alternatives);
    if (wish->usage != NULL)
        certificate_extend(&made, issuer, NID_ext_key_usage, wish->usage);
    X509_sign(made.x509, wish->issuer != NULL ? wish->issuer->key : made.key, EVP_sha256());
    certificate_write(&made, name);
    return made;
}

static inline void certificate_release(struct certificate *certificate)
{
    unlink(certificate->file);
    unlink(certificate->key_file);
    X509_free(certificate->x509);
    EVP_PKEY_free(certificate->key);
    rmdir(certificates_folder); /* when it was the last */
}

#endif
