/* OCSP stapling (RFC 6066 section 8): a server sends its authority's word that its certificate is still good. */
#include <openssl/err.h>
#include <openssl/ocsp.h>
#include <openssl/pem.h>
#include <time.h>

#include "base/log.h"
#include "base/strlist.h"
#include "tls/private.h"

/* Values of $tls_in_ocsp and $tls_out_ocsp (manual, 11.9). */
enum { OCSP_NOT_ASKED, OCSP_NO_ANSWER, OCSP_NOT_CHECKED, OCSP_BAD, OCSP_GOOD };

enum { CLOCK_SKEW = 300 /* seconds */ };

/* Is the answer about the certificate timely? It has to say until when. */
static bool is_timely(OCSP_SINGLERESP *single)
{
    ASN1_GENERALIZEDTIME *from = NULL, *until = NULL;

    OCSP_single_get0_status(single, NULL, NULL, &from, &until);
    return until != NULL && OCSP_check_validity(from, until, CLOCK_SKEW, -1) == 1;
}

/* --- Servers */

static OCSP_RESPONSE *read_pem(BIO *bio)
{
    unsigned char *der = NULL;
    const unsigned char *p;
    long n;
    OCSP_RESPONSE *response;

    if (PEM_bytes_read_bio(&der, &n, NULL, "OCSP RESPONSE", bio, NULL, NULL) != 1)
        return NULL;
    p = der;
    response = d2i_OCSP_RESPONSE(NULL, &p, n);
    OPENSSL_free(der);
    return response;
}

static OCSP_RESPONSE *read_response(const char *path, bool pem)
{
    BIO *bio = BIO_new_file(path, "rb");
    OCSP_RESPONSE *response = NULL;

    if (bio != NULL)
        response = pem ? read_pem(bio) : d2i_OCSP_RESPONSE_bio(bio, NULL);
    BIO_free(bio);
    return response;
}

/* The certificate of ours that the answer is about, by its serial number; NULL: none. */
static struct tls_own_certificate *certificate_of(struct tls_context *context, OCSP_SINGLERESP *single)
{
    ASN1_INTEGER *serial = NULL;

    OCSP_id_get0_info(NULL, NULL, NULL, &serial, (OCSP_CERTID *)OCSP_SINGLERESP_get0_id(single));
    for (size_t i = 0; i < context->own_count; i++)
        if (serial != NULL && ASN1_INTEGER_cmp(serial, X509_get0_serialNumber(context->own[i].x509)) == 0)
            return &context->own[i];
    return NULL;
}

/* Takes the response for the certificate that it is about. NULL, or why it is of no use. */
static const char *take_response(struct tls_context *context, OCSP_RESPONSE *response)
{
    OCSP_BASICRESP *basic = OCSP_response_status(response) == OCSP_RESPONSE_STATUS_SUCCESSFUL
                                ? OCSP_response_get1_basic(response)
                                : NULL;
    const char *why = basic == NULL ? "it is no answer" : "it is about none of the certificates";

    for (int i = 0; basic != NULL && i < OCSP_resp_count(basic); i++) {
        OCSP_SINGLERESP *single = OCSP_resp_get0(basic, i);
        struct tls_own_certificate *own = certificate_of(context, single);
        unsigned char *der = NULL;
        int n;

        if (own == NULL)
            continue;
        why = is_timely(single) ? NULL : "it is out of date, or has no time of next update";
        if (why == NULL && (n = i2d_OCSP_RESPONSE(response, &der)) > 0) {
            OCSP_single_get0_status(single, NULL, NULL, NULL, &own->ocsp_until);
            own->ocsp = str_copy_n(context->arena, (const char *)der, (size_t)n, 0);
            own->ocsp_until = ASN1_STRING_dup(own->ocsp_until);
            OPENSSL_free(der);
        }
        break;
    }
    OCSP_BASICRESP_free(basic);
    return why;
}

/* A response that is of no use is left out: the server goes on without (manual, 43.8). */
static void load_file(struct tls_context *context, struct str file, bool pem)
{
    OCSP_RESPONSE *response;
    const char *why = "it cannot be read";

    tls_context_uses_file(context, file);
    response = read_response(file.s, pem);
    if (response != NULL)
        why = take_response(context, response);
    if (why != NULL)
        log_write(LOG_MAIN, "TLS: OCSP response %.*s not used: %s", STR_ARG(file), why);
    OCSP_RESPONSE_free(response);
    ERR_clear_error();
}

/* The client asks for a status: is there one for the certificate that it gets? */
static int staple(SSL *ssl, void *ctx)
{
    const struct tls_context *context = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));
    struct tls_connection *c = tls_connection_of(ssl);
    const X509 *used = SSL_get_certificate(ssl);

    (void)ctx;
    c->facts.ocsp = OCSP_NO_ANSWER;
    for (size_t i = 0; i < context->own_count; i++) {
        const struct tls_own_certificate *own = &context->own[i];
        unsigned char *copy;

        if (own->x509 != used || own->ocsp.n == 0 || ASN1_TIME_cmp_time_t(own->ocsp_until, time(NULL)) < 0)
            continue;
        copy = OPENSSL_memdup(own->ocsp.s, own->ocsp.n);
        if (copy == NULL)
            return SSL_TLSEXT_ERR_NOACK;
        SSL_set_tlsext_status_ocsp_resp(ssl, copy, (long)own->ocsp.n); /* the SSL frees it */
        c->facts.ocsp = OCSP_NOT_CHECKED;
        return SSL_TLSEXT_ERR_OK;
    }
    return SSL_TLSEXT_ERR_NOACK;
}

void tls_load_ocsp(struct tls_context *context, struct str files)
{
    struct strlist it;
    struct str file;
    bool pem = false;

    strlist_begin(&it, files, ':');
    while (strlist_next(&it, context->arena, &file)) {
        bool typed = str_starts(file, "PEM ") || str_starts(file, "DER ");

        if (typed) {
            pem = str_starts(file, "PEM ");
            file = str_trim(context->arena, str_sub(context->arena, file, 4, file.n));
        }
        load_file(context, file, pem);
    }
    SSL_CTX_set_tlsext_status_cb(context->ssl_ctx, staple);
}

/* --- Clients */

/* The part of the answer that is about the certificate, or NULL. */
static OCSP_SINGLERESP *find_single(OCSP_BASICRESP *basic, const X509 *certificate, const X509 *issuer)
{
    for (int i = 0; i < OCSP_resp_count(basic); i++) {
        OCSP_SINGLERESP *single = OCSP_resp_get0(basic, i);
        const OCSP_CERTID *id = OCSP_SINGLERESP_get0_id(single);
        ASN1_OBJECT *digest = NULL;
        OCSP_CERTID *own;
        bool same;

        OCSP_id_get0_info(NULL, &digest, NULL, NULL, (OCSP_CERTID *)id);
        own = OCSP_cert_to_id(digest == NULL ? NULL : EVP_get_digestbyobj(digest), certificate, issuer);
        same = own != NULL && OCSP_id_cmp(own, id) == 0;
        OCSP_CERTID_free(own);
        if (same)
            return single;
    }
    return NULL;
}

static bool is_good(SSL *ssl, OCSP_BASICRESP *basic)
{
    STACK_OF(X509) *chain = SSL_get0_verified_chain(ssl);
    X509_STORE *store = SSL_CTX_get_cert_store(SSL_get_SSL_CTX(ssl));
    OCSP_SINGLERESP *single;
    int last = chain == NULL ? -1 : sk_X509_num(chain) - 1;

    if (last < 0 || OCSP_basic_verify(basic, chain, store, 0) != 1)
        return false;
    single = find_single(basic, sk_X509_value(chain, 0), sk_X509_value(chain, last < 1 ? 0 : 1));
    return single != NULL && is_timely(single) &&
           OCSP_single_get0_status(single, NULL, NULL, NULL, NULL) == V_OCSP_CERTSTATUS_GOOD;
}

/* Looks at what the server stapled. Returns 1: go on, 0: fail. */
static int check_status(SSL *ssl, void *ctx)
{
    struct tls_connection *c = tls_connection_of(ssl);
    const unsigned char *der = NULL;
    long n = SSL_get_tlsext_status_ocsp_resp(ssl, &der);
    OCSP_RESPONSE *response = der == NULL ? NULL : d2i_OCSP_RESPONSE(NULL, &der, n);
    OCSP_BASICRESP *basic = response == NULL ? NULL : OCSP_response_get1_basic(response);

    (void)ctx;
    if (SSL_get_tlsext_status_ocsp_resp(ssl, &der) <= 0)
        c->facts.ocsp = OCSP_NO_ANSWER;
    else if (c->client.verify == TLS_VERIFY_NONE && basic != NULL)
        c->facts.ocsp = OCSP_NOT_CHECKED;
    else
        c->facts.ocsp = basic != NULL && is_good(ssl, basic) ? OCSP_GOOD : OCSP_BAD;
    OCSP_BASICRESP_free(basic);
    OCSP_RESPONSE_free(response);
    ERR_clear_error();
    if (!c->client.require_ocsp || c->facts.ocsp == OCSP_GOOD)
        return 1;
    c->refusal = c->facts.ocsp == OCSP_NO_ANSWER ? STR("(SSL_connect): no OCSP status was stapled")
                                                 : STR("(SSL_connect): the OCSP status is not good");
    return 0;
}

void tls_check_ocsp(struct tls_context *context)
{
    SSL_CTX_set_tlsext_status_cb(context->ssl_ctx, check_status);
}
