/* The server's side: see tls.h. */
#include <openssl/err.h>
#include <openssl/evp.h>
#include <string.h>

#include "tls/private.h"

/* --- The context */

static bool load_own(struct tls_context *context, const struct tls_server_settings *settings, struct error *err)
{
    if (settings->certificate.n == 0)
        return tls_use_self_signed(context, settings->host_name, err);
    return tls_load_certificates(context, settings->certificate, settings->privatekey, err);
}

static bool set_up(struct tls_context *context, const struct tls_server_settings *settings, struct error *err)
{
    return (settings->require_ciphers.n == 0 || tls_set_ciphers(context, settings->require_ciphers, err)) &&
           tls_set_dh(context, settings->dhparam, settings->dh_max_bits, err) &&
           tls_set_curves(context, settings->eccurve, err) && load_own(context, settings, err) &&
           (!settings->verifies ||
            tls_load_authorities(context, settings->verify_certificates, settings->crl, true, err));
}

/* --- The client's first message */

/* The host name in a server_name extension (RFC 6066 section 3); STR_NULL: none, or malformed. */
static struct str parse_server_name(struct arena *arena, const unsigned char *p, size_t n)
{
    enum { HOST_NAME = 0, HEAD = 5 };
    size_t length;

    if (n < HEAD || ((size_t)p[0] << 8 | p[1]) != n - 2 || p[2] != HOST_NAME)
        return STR_NULL;
    length = (size_t)p[3] << 8 | p[4];
    if (length == 0 || length > n - HEAD || memchr(p + HEAD, 0, length) != NULL)
        return STR_NULL;
    return str_copy_n(arena, (const char *)p + HEAD, length, true);
}

static bool extension(SSL *ssl, unsigned type, const unsigned char **p, size_t *n)
{
    return SSL_client_hello_get0_ext(ssl, type, p, n) == 1;
}

static void note_tickets(struct tls_connection *c)
{
    const unsigned char *p;
    size_t n;

    if (extension(c->ssl, TLSEXT_TYPE_session_ticket, &p, &n)) {
        c->ticket_wanted = true;
        c->ticket_offered = n > 0;
    }
    c->ticket_wanted = c->ticket_wanted || extension(c->ssl, TLSEXT_TYPE_psk_kex_modes, &p, &n);
    c->ticket_offered = c->ticket_offered || extension(c->ssl, TLSEXT_TYPE_psk, &p, &n);
}

/* A session may be resumed only where the same certificates and the same demands on the client's are in force:
 * OpenSSL compares this identity (RFC 8446 section 4.6.1; CVE-2025-23419 is what happens otherwise). */
static void identify_session(struct tls_connection *c)
{
    struct buffer all = BUFFER_IN(c->arena);
    unsigned char digest[32];
    size_t n = 0;

    buffer_printf(&all, "%d", (int)c->server.verify);
    buffer_add_n(&all, (const char *)c->context->policy, sizeof c->context->policy);
    EVP_Q_digest(NULL, "SHA256", NULL, all.s, all.n, digest, &n);
    SSL_set_session_id_context(c->ssl, digest, sizeof digest);
}

/* Goes on with another context. */
static void change_context(struct tls_connection *c, struct tls_context *context)
{
    tls_context_keep(context);
    SSL_set_SSL_CTX(c->ssl, context->ssl_ctx);
    tls_context_free(c->context);
    c->context = context;
}

/* Runs before OpenSSL makes anything of the message: what the name decides is in force for all of it, the
 * resumption of a session too. */
static int look_at_hello(SSL *ssl, int *alert, void *ctx)
{
    struct tls_connection *c = tls_connection_of(ssl);
    struct tls_context *context = NULL;
    const unsigned char *p;
    size_t n;

    (void)alert;
    (void)ctx;
    note_tickets(c);
    if (extension(ssl, TLSEXT_TYPE_server_name, &p, &n))
        c->facts.sni = parse_server_name(c->arena, p, n);
    if (!str_is_null(c->facts.sni) && c->server.server_name != NULL)
        context = c->server.server_name(c->server.ctx, c->facts.sni);
    if (context != NULL)
        change_context(c, context);
    identify_session(c);
    return SSL_CLIENT_HELLO_SUCCESS;
}

/* The name was seen already; that it was understood is to be said in the answer (RFC 6066 section 3). */
static int acknowledge_name(SSL *ssl, int *alert, void *ctx)
{
    (void)alert;
    (void)ctx;
    return str_is_null(tls_connection_of(ssl)->facts.sni) ? SSL_TLSEXT_ERR_NOACK : SSL_TLSEXT_ERR_OK;
}

/* --- ALPN (RFC 7301; manual, 14: tls_alpn) */

static bool is_acceptable(struct str wire, const unsigned char *name, size_t n)
{
    const unsigned char *p = (const unsigned char *)wire.s, *end = p + wire.n;

    for (; p < end; p += 1 + *p)
        if (*p == n && memcmp(p + 1, name, n) == 0)
            return true;
    return false;
}

/* A client that offers anything but one name of ours has come to the wrong place. */
static int choose_protocol(SSL *ssl, const unsigned char **out, unsigned char *out_n, const unsigned char *in,
                           unsigned in_n, void *ctx)
{
    struct tls_connection *c = tls_connection_of(ssl);

    (void)ctx;
    if (c->context->alpn.n == 0)
        return SSL_TLSEXT_ERR_NOACK;
    if (in_n > 1 && in[0] == in_n - 1 && is_acceptable(c->context->alpn, in + 1, in[0])) {
        *out = in + 1;
        *out_n = in[0];
        c->alpn_agreed = true;
        return SSL_TLSEXT_ERR_OK;
    }
    c->refusal = STR("(SSL_accept): the client's ALPN names are not acceptable");
    return SSL_TLSEXT_ERR_ALERT_FATAL;
}

struct tls_context *tls_server_context_new(const struct tls_server_settings *settings, struct error *err)
{
    struct tls_context *context = tls_context_new(TLS_server_method(), settings->openssl_options, err);

    if (context == NULL)
        return NULL;
    context->alpn = tls_alpn_wire(context->arena, settings->alpn);
    SSL_CTX_set_client_hello_cb(context->ssl_ctx, look_at_hello, NULL);
    SSL_CTX_set_tlsext_servername_callback(context->ssl_ctx, acknowledge_name);
    SSL_CTX_set_alpn_select_cb(context->ssl_ctx, choose_protocol, NULL);
    SSL_CTX_set_session_cache_mode(context->ssl_ctx, SSL_SESS_CACHE_OFF);
    tls_use_ticket_keys(context);
    if (set_up(context, settings, err)) {
        tls_load_ocsp(context, settings->ocsp_file);
        return context;
    }
    tls_context_free(context);
    return NULL;
}

/* --- One connection */

struct tls_connection *tls_accept(struct tls_context *context, struct channel *below,
                                  const struct tls_server_request *request, int64_t deadline,
                                  struct error *err)
{
    struct tls_connection *c = tls_connection_new(context, TLS_SERVER, below, err);

    if (c == NULL)
        return NULL;
    c->server = *request;
    SSL_set_accept_state(c->ssl);
    tls_set_verify(c, request->verify);
    if (request->keys == NULL) {
        SSL_set_options(c->ssl, SSL_OP_NO_TICKET);
        SSL_set_num_tickets(c->ssl, 0); /* or TLS 1.3 issues tickets that stand for a cache */
    } else {
        SSL_clear_options(c->ssl, SSL_OP_NO_TICKET);
        SSL_set_num_tickets(c->ssl, 1);
    }
    if (!tls_handshake(c, deadline, err))
        return NULL;
    if (request->require_alpn && !c->alpn_agreed) {
        error_set(err, "(ALPN not negotiated)");
        tls_close(c, deadline);
        return NULL;
    }
    tls_learn_facts(c);
    return c;
}
