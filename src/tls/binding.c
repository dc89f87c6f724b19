/* Channel bindings (RFC 5929, RFC 9266): data that both ends of this connection know, and nobody between them. */
#include <openssl/evp.h>
#include <string.h>

#include "base/secret.h"
#include "tls/private.h"

typedef bool binder(const struct tls_connection *c, struct arena *arena, struct str *data);

static bool exporter(const struct tls_connection *c, struct arena *arena, struct str *data)
{
    static const char label[] = "EXPORTER-Channel-Binding";
    unsigned char octets[32];

    /* RFC 9266 section 4.2: before TLS 1.3 it takes the extended master secret. */
    if (SSL_version(c->ssl) < TLS1_3_VERSION && SSL_get_extms_support(c->ssl) != 1)
        return false;
    if (SSL_export_keying_material(c->ssl, octets, sizeof octets, label, sizeof label - 1,
                                   (const unsigned char *)"", 0, 1) != 1)
        return false;
    *data = str_copy_n(arena, (const char *)octets, sizeof octets, 0);
    secret_wipe(octets, sizeof octets);
    return true;
}

/* The first Finished message of the handshake: the client's, but the server's when a session is resumed. */
static bool unique(const struct tls_connection *c, struct arena *arena, struct str *data)
{
    unsigned char octets[EVP_MAX_MD_SIZE];
    bool own_first = (c->side == TLS_CLIENT) != (SSL_session_reused(c->ssl) == 1);
    size_t n;

    if (SSL_version(c->ssl) >= TLS1_3_VERSION || SSL_get_extms_support(c->ssl) != 1)
        return false;
    n = own_first ? SSL_get_finished(c->ssl, octets, sizeof octets)
                  : SSL_get_peer_finished(c->ssl, octets, sizeof octets);
    if (n == 0 || n > sizeof octets)
        return false;
    *data = str_copy_n(arena, (const char *)octets, n, 0);
    return true;
}

/* The digest of the certificate's own signature, but SHA-256 in place of MD5 and SHA-1. */
static const EVP_MD *end_point_digest(const X509 *certificate)
{
    int digest;

    if (X509_get_signature_info((X509 *)certificate, &digest, NULL, NULL, NULL) != 1 || digest == NID_undef ||
        digest == NID_md5 || digest == NID_sha1)
        return EVP_sha256();
    return EVP_get_digestbynid(digest);
}

static bool server_end_point(const struct tls_connection *c, struct arena *arena, struct str *data)
{
    X509 *certificate = c->side == TLS_SERVER ? SSL_get_certificate(c->ssl) : SSL_get0_peer_certificate(c->ssl);
    unsigned char octets[EVP_MAX_MD_SIZE];
    const EVP_MD *md = certificate == NULL ? NULL : end_point_digest(certificate);
    unsigned n;

    if (md == NULL || X509_digest(certificate, md, octets, &n) != 1)
        return false;
    *data = str_copy_n(arena, (const char *)octets, n, 0);
    return true;
}

bool tls_channel_binding(const struct tls_connection *connection, const char *type, struct arena *arena,
                         struct str *data)
{
    static const struct {
        const char *type;
        binder *bind;
    } rows[] = {
        {"tls-exporter", exporter}, {"tls-unique", unique}, {"tls-server-end-point", server_end_point},
    };

    *data = STR_NULL;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (strcmp(type, rows[i].type) == 0)
            return rows[i].bind(connection, arena, data);
    return false;
}
