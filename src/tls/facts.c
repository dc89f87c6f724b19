/* What is known about a connection when the handshake is done. */
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "tls/private.h"

struct str tls_name_text(struct arena *arena, const X509_NAME *name)
{
    char *text = X509_NAME_oneline(name, NULL, 0);
    struct str copy = str_taint(str_copy(arena, str_of(text)));

    OPENSSL_free(text);
    return copy;
}

/* "TLS1.3", as Exim writes what OpenSSL calls TLSv1.3. */
static struct str version_text(struct arena *arena, const SSL *ssl)
{
    struct str name = str_of(SSL_get_version(ssl));

    if (!str_starts(name, "TLSv"))
        return name;
    name = str_join(arena, STR("TLS"), str_sub(arena, name, 4, name.n));
    return str_is(name, "TLS1") ? STR("TLS1.0") : name;
}

/* A name with a NUL in it is made to be taken for another one. */
static struct str common_name(struct arena *arena, const X509_NAME *name)
{
    struct str value = STR_NULL;
    unsigned char *utf8 = NULL;
    int at = -1, next, n;

    while ((next = X509_NAME_get_index_by_NID(name, NID_commonName, at)) >= 0)
        at = next;
    if (at < 0)
        return STR_NULL;
    n = ASN1_STRING_to_UTF8(&utf8, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at)));
    if (n > 0 && memchr(utf8, 0, (size_t)n) == NULL)
        value = str_copy_n(arena, (const char *)utf8, (size_t)n, true);
    OPENSSL_free(utf8);
    return value;
}

static void learn_peer(struct tls_connection *c)
{
    X509 *peer = SSL_get1_peer_certificate(c->ssl);
    enum tls_verify verify = c->side == TLS_SERVER ? c->server.verify : c->client.verify;

    c->facts.verify_tried = verify != TLS_VERIFY_NONE;
    if (peer == NULL)
        return;
    c->facts.peer_dn = tls_name_text(c->arena, X509_get_subject_name(peer));
    c->facts.peer_name = common_name(c->arena, X509_get_subject_name(peer));
    c->facts.peer_certificate = str_taint(tls_certificate_pem(c->arena, peer));
    c->facts.certificate_verified =
        c->facts.verify_tried && !c->verify_failed && SSL_get_verify_result(c->ssl) == X509_V_OK;
    X509_free(peer);
}

static void learn_own(struct tls_connection *c)
{
    const X509 *used = SSL_get_certificate(c->ssl);
    const struct tls_context *context = SSL_CTX_get_app_data(SSL_get_SSL_CTX(c->ssl));

    if (used == NULL || (c->side == TLS_CLIENT && !c->own_asked_for))
        return;
    for (size_t i = 0; i < context->own_count; i++)
        if (context->own[i].x509 == used)
            c->facts.own_certificate = context->own[i].pem;
}

static void learn_resumption(struct tls_connection *c)
{
    bool server = c->side == TLS_SERVER;
    bool wanted = server ? c->ticket_wanted : c->client.resumption;
    bool offered = server ? c->ticket_offered : c->client.session.n > 0;
    int *bits = &c->facts.resumption;

    *bits = TLS_RESUME_SUPPORTED;
    if (server ? c->server.keys == NULL : !c->client.resumption)
        return;
    *bits |= wanted ? TLS_TICKET_WANTED : 0;
    *bits |= offered ? TLS_SESSION_OFFERED : 0;
    *bits |= c->ticket_issued ? TLS_TICKET_ISSUED : 0;
    *bits |= SSL_session_reused(c->ssl) ? TLS_RESUMED : 0;
}

void tls_learn_facts(struct tls_connection *c)
{
    const SSL_CIPHER *cipher = SSL_get_current_cipher(c->ssl);
    const char *standard = SSL_CIPHER_standard_name(cipher);
    const char *sni = SSL_get_servername(c->ssl, TLSEXT_NAMETYPE_host_name);
    struct tls_facts *facts = &c->facts;

    facts->version = version_text(c->arena, c->ssl);
    facts->bits = SSL_CIPHER_get_bits(cipher, NULL);
    facts->cipher = str_printf(c->arena, "%.*s:%s:%d", STR_ARG(facts->version), SSL_CIPHER_get_name(cipher),
                               facts->bits);
    facts->cipher_std = str_of(standard == NULL ? "" : standard);
    if (c->side == TLS_CLIENT)
        facts->sni = c->client.sni;
    else if (sni != NULL)
        facts->sni = str_taint(str_copy(c->arena, str_of(sni)));
    learn_peer(c);
    learn_own(c);
    learn_resumption(c);
    ERR_clear_error();
}
