/* Verifying the peer's certificate. */
#include <openssl/x509v3.h>

#include "base/ip.h"
#include "tls/private.h"

static void report(struct tls_connection *c, struct str text)
{
    void (*tell)(void *ctx, struct str text) = c->side == TLS_SERVER ? c->server.verify_error
                                                                      : c->client.verify_error;
    void *ctx = c->side == TLS_SERVER ? c->server.ctx : c->client.ctx;

    if (tell != NULL)
        tell(ctx, text);
}

static struct str subject(struct tls_connection *c, X509 *certificate)
{
    return certificate == NULL ? STR("") : tls_name_text(c->arena, X509_get_subject_name(certificate));
}

/* Does the certificate bear the name? Wildcards stand for one whole label, the first of three or more. */
static bool bears_name(X509 *certificate, struct str name)
{
    struct ip ip;

    if (ip_parse(name, &ip))
        return X509_check_ip_asc(certificate, name.s, 0) == 1;
    return X509_check_host(certificate, name.s, name.n, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS, NULL) == 1;
}

static bool name_is_wrong(struct tls_connection *c, X509 *certificate)
{
    struct str name = c->client.verify_name;

    if (c->side != TLS_CLIENT || name.n == 0 || certificate == NULL || bears_name(certificate, name))
        return false;
    report(c, str_printf(c->arena, "SSL verify error: certificate name mismatch: DN=\"%.*s\" H=\"%.*s\"",
                         STR_ARG(subject(c, certificate)), STR_ARG(name)));
    return true;
}

/* The host may refuse a certificate that is good. */
static bool is_refused(struct tls_connection *c, int depth, X509 *certificate)
{
    struct str (*refuse)(void *ctx, int depth, struct str pem) = c->side == TLS_SERVER ? c->server.refuse
                                                                                     : c->client.refuse;
    void *ctx = c->side == TLS_SERVER ? c->server.ctx : c->client.ctx;
    struct str why;

    if (refuse == NULL || certificate == NULL)
        return false;
    why = refuse(ctx, depth, str_taint(tls_certificate_pem(c->arena, certificate)));
    if (str_is_empty(why))
        return false;
    report(c, str_printf(c->arena, "SSL verify denied by event-action: depth=%d cert=%.*s: %.*s", depth,
                         STR_ARG(subject(c, certificate)), STR_ARG(why)));
    return true;
}

/* OpenSSL calls it for each certificate of the chain, and for each fault. */
static int verify_callback(int good, X509_STORE_CTX *store)
{
    SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
    struct tls_connection *c = tls_connection_of(ssl);
    enum tls_verify verify = c->side == TLS_SERVER ? c->server.verify : c->client.verify;
    int depth = X509_STORE_CTX_get_error_depth(store), error = X509_STORE_CTX_get_error(store);
    X509 *certificate = X509_STORE_CTX_get_current_cert(store);

    if (good != 1) {
        report(c, str_printf(c->arena, "SSL verify error: depth=%d error=%s cert=%.*s", depth,
                             X509_verify_cert_error_string(error), STR_ARG(subject(c, certificate))));
    } else if (depth == 0 && name_is_wrong(c, certificate)) {
        X509_STORE_CTX_set_error(store, X509_V_ERR_HOSTNAME_MISMATCH);
        good = 0;
    } else if (is_refused(c, depth, certificate)) {
        X509_STORE_CTX_set_error(store, X509_V_ERR_APPLICATION_VERIFICATION);
        good = 0;
    }
    if (good == 1)
        return 1;
    c->verify_failed = true;
    return verify == TLS_VERIFY_TRY;
}

void tls_set_verify(struct tls_connection *c, enum tls_verify verify)
{
    int mode = verify == TLS_VERIFY_NONE  ? SSL_VERIFY_NONE
               : verify == TLS_VERIFY_TRY ? SSL_VERIFY_PEER
                                          : SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT;

    /* A client's library looks at certificates even so: nobody wants to know. */
    SSL_set_verify(c->ssl, mode, verify == TLS_VERIFY_NONE ? NULL : verify_callback);
}
