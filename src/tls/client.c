/* The client's side: see tls.h. */
#include <openssl/err.h>

#include "tls/private.h"

/* The server asks for a certificate; there may be one. */
static int note_request(SSL *ssl, void *ctx)
{
    (void)ctx;
    tls_connection_of(ssl)->own_asked_for = true;
    return 1;
}

/* A ticket has come (RFC 8446 section 4.6.1: any number of them, behind the handshake). Returns whether the
 * session is kept. */
static int note_session(SSL *ssl, SSL_SESSION *session)
{
    struct tls_connection *c = tls_connection_of(ssl);

    c->ticket_issued = true;
    if (!c->client.resumption)
        return 0;
    SSL_SESSION_free(c->session);
    c->session = session;
    return 1;
}

struct tls_context *tls_client_context_new(const struct tls_client_settings *settings, struct error *err)
{
    struct tls_context *context = tls_context_new(TLS_client_method(), settings->openssl_options, err);

    if (context == NULL)
        return NULL;
    context->alpn = tls_alpn_wire(context->arena, settings->alpn);
    SSL_CTX_set_cert_cb(context->ssl_ctx, note_request, NULL);
    SSL_CTX_set_session_cache_mode(context->ssl_ctx, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(context->ssl_ctx, note_session);
    tls_check_ocsp(context);
    if ((settings->require_ciphers.n == 0 || tls_set_ciphers(context, settings->require_ciphers, err)) &&
        (settings->certificate.n == 0 ||
         tls_load_certificates(context, settings->certificate, settings->privatekey, err)) &&
        tls_load_authorities(context, settings->verify_certificates, settings->crl, false, err))
        return context;
    tls_context_free(context);
    return NULL;
}

/* --- One connection */

static struct str keep(struct tls_connection *c, struct str v)
{
    return str_copy(c->arena, v);
}

static void offer_session(struct tls_connection *c)
{
    const unsigned char *p = (const unsigned char *)c->client.session.s;
    SSL_SESSION *session;

    if (!c->client.resumption) {
        SSL_set_options(c->ssl, SSL_OP_NO_TICKET);
        c->client.session = STR_NULL;
        return;
    }
    SSL_clear_options(c->ssl, SSL_OP_NO_TICKET);
    if (c->client.session.n == 0)
        return;
    session = d2i_SSL_SESSION(NULL, &p, (long)c->client.session.n);
    if (session == NULL || SSL_set_session(c->ssl, session) != 1)
        c->client.session = STR_NULL;
    SSL_SESSION_free(session);
}

static void prepare(struct tls_connection *c, const struct tls_client_request *request)
{
    c->client = *request;
    c->client.sni = keep(c, request->sni);
    c->client.verify_name = keep(c, request->verify_name);
    c->client.session = keep(c, request->session);
    SSL_set_connect_state(c->ssl);
    if (request->sni.n > 0)
        SSL_set_tlsext_host_name(c->ssl, c->client.sni.s);
    if (c->context->alpn.n > 0)
        SSL_set_alpn_protos(c->ssl, (const unsigned char *)c->context->alpn.s, (unsigned)c->context->alpn.n);
    if (request->request_ocsp || request->require_ocsp) {
        SSL_set_tlsext_status_type(c->ssl, TLSEXT_STATUSTYPE_ocsp);
        c->facts.ocsp = 1;
    }
    tls_set_verify(c, request->verify);
    offer_session(c);
}

/* tls_dh_min_bits. */
static bool group_is_large(struct tls_connection *c, struct error *err)
{
    EVP_PKEY *key = NULL;
    int bits = 0;

    if (SSL_get_peer_tmp_key(c->ssl, &key) == 1 && EVP_PKEY_is_a(key, "DH"))
        bits = EVP_PKEY_get_bits(key);
    EVP_PKEY_free(key);
    ERR_clear_error();
    return bits == 0 || bits >= c->client.dh_min_bits ||
           error_set(err, "(SSL_connect): the server's Diffie-Hellman group has %d bits, fewer than tls_dh_min_bits", bits);
}

/* RFC 7301: the server took one of the names. */
static bool alpn_is_agreed(struct tls_connection *c, struct error *err)
{
    const unsigned char *name;
    unsigned n = 0;

    SSL_get0_alpn_selected(c->ssl, &name, &n);
    return n > 0 || error_set(err, "(ALPN not negotiated)");
}

struct tls_connection *tls_connect(struct tls_context *context, struct channel *below,
                                   const struct tls_client_request *request, int64_t deadline,
                                   struct error *err)
{
    struct tls_connection *c = tls_connection_new(context, TLS_CLIENT, below, err);

    if (c == NULL)
        return NULL;
    prepare(c, request);
    if (!tls_handshake(c, deadline, err))
        return NULL;
    if (!group_is_large(c, err) || (request->require_alpn && !alpn_is_agreed(c, err))) {
        tls_close(c, deadline);
        return NULL;
    }
    tls_learn_facts(c);
    return c;
}

bool tls_session(const struct tls_connection *c, struct arena *arena, struct str *session)
{
    int n = c->session == NULL || SSL_SESSION_is_resumable(c->session) != 1 ? 0 : i2d_SSL_SESSION(c->session, NULL);
    unsigned char *p;

    *session = STR_NULL;
    if (n <= 0)
        return false;
    p = arena_alloc(arena, (size_t)n + 1);
    *session = (struct str){(const char *)p, (size_t)n, 0};
    return i2d_SSL_SESSION(c->session, &p) == n;
}
