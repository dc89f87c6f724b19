/* The certificate of a server that was given none (manual, 14: tls_certificate): encryption without
 * identification. Its key is of an elliptic curve, which takes no time to make. */
#include <openssl/evp.h>
#include <openssl/x509v3.h>

#include "base/secret.h"
#include "tls/private.h"

enum { DAYS = 3650, SECONDS_PER_DAY = 24 * 60 * 60 };

static bool set_name(X509 *certificate, struct str host_name)
{
    X509_NAME *name = X509_get_subject_name(certificate);
    struct {
        const char *field;
        struct str value;
    } parts[] = {{"O", STR("Gatepost")}, {"CN", host_name}};

    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        if (X509_NAME_add_entry_by_txt(name, parts[i].field, MBSTRING_UTF8,
                                       (const unsigned char *)parts[i].value.s, (int)parts[i].value.n, -1,
                                       0) != 1)
            return false;
    return X509_set_issuer_name(certificate, name) == 1;
}

static bool add_alternative_name(X509 *certificate, struct str host_name)
{
    char value[300];
    X509_EXTENSION *extension;
    bool good;

    snprintf(value, sizeof value, "DNS:%.*s", STR_ARG(host_name));
    extension = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, value);
    good = extension != NULL && X509_add_ext(certificate, extension, -1) == 1;
    X509_EXTENSION_free(extension);
    return good;
}

static bool describe(X509 *certificate, EVP_PKEY *key, struct str host_name)
{
    uint64_t serial;

    random_octets(&serial, sizeof serial);
    return X509_set_version(certificate, X509_VERSION_3) == 1 &&
           ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate), serial >> 1) == 1 &&
           X509_gmtime_adj(X509_getm_notBefore(certificate), 0) != NULL &&
           X509_gmtime_adj(X509_getm_notAfter(certificate), (long)DAYS * SECONDS_PER_DAY) != NULL &&
           set_name(certificate, host_name) && add_alternative_name(certificate, host_name) &&
           X509_set_pubkey(certificate, key) == 1 && X509_sign(certificate, key, EVP_sha256()) > 0;
}

bool tls_use_self_signed(struct tls_context *context, struct str host_name, struct error *err)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *certificate = X509_new();
    bool good = key != NULL && certificate != NULL && describe(certificate, key, host_name) &&
                SSL_CTX_use_certificate(context->ssl_ctx, certificate) == 1 &&
                SSL_CTX_use_PrivateKey(context->ssl_ctx, key) == 1;

    if (!good)
        tls_error(err, "self-signed certificate");
    X509_free(certificate);
    EVP_PKEY_free(key);
    return good && tls_note_certificates(context, err);
}
