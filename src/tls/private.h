/* What the files of src/tls share. */
#ifndef TLS_PRIVATE_H
#define TLS_PRIVATE_H

#include <openssl/ssl.h>
#include <sys/stat.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "tls/tls.h"

/* A file or directory that a context was made of, as it was then. */
struct tls_file {
    struct tls_file *next;
    const char *path;
    bool there;
    struct timespec modified;
    off_t size;
    ino_t inode;
};

/* A certificate that the context presents. */
struct tls_own_certificate {
    X509 *x509;          /* belongs to the SSL_CTX */
    struct str pem;
    struct str ocsp;     /* status to staple, DER; empty: none */
    ASN1_GENERALIZEDTIME *ocsp_until; /* when it goes out of date */
};

struct tls_context {
    unsigned uses;
    struct arena *arena;
    SSL_CTX *ssl_ctx;
    struct tls_file *files;
    struct tls_own_certificate *own;
    size_t own_count;
    struct str alpn;   /* names as RFC 7301 has them on the wire; empty: none */
    unsigned char policy[32]; /* digest of the settings: a session is resumed under the same ones only */
};

enum tls_side { TLS_SERVER, TLS_CLIENT };

struct tls_connection {
    struct channel channel; /* what tls_channel() gives */
    enum tls_side side;
    struct arena *arena;
    struct tls_context *context;
    struct channel *below;
    SSL *ssl;
    struct tls_facts facts;
    struct tls_server_request server;
    struct tls_client_request client;
    struct str failure;
    struct str refusal;     /* why a callback ended the handshake; STR_NULL: none did */
    int64_t deadline;       /* of the call at hand */
    bool timed_out;         /* it has passed */
    bool ended;             /* the channel below has come to its end */
    int below_error;        /* errno of the channel below */
    bool own_asked_for;     /* client: the server asked for a certificate */
    bool ticket_wanted, ticket_offered, ticket_issued; /* server: what the client's first message says, and we did */
    bool alpn_agreed;       /* server */
    bool verify_failed;     /* a certificate was looked at and is not good */
    bool broken;            /* nothing more can be sent */
    SSL_SESSION *session;   /* the newest that the server issued; NULL: none */
};

/* --- context.c */

/* A context with what both sides have in common, or NULL with err. */
struct tls_context *tls_context_new(const SSL_METHOD *method, struct str openssl_options, struct error *err);

/* Remembers the state of a file before it is read. */
void tls_context_uses_file(struct tls_context *context, struct str path);

/* tls_require_ciphers. */
bool tls_set_ciphers(struct tls_context *context, struct str ciphers, struct error *err);

/* A list of protocol names in the form that goes over the wire (RFC 7301). */
struct str tls_alpn_wire(struct arena *arena, struct str list);

/* Folds a setting into context->policy. */
void tls_context_add_policy(struct tls_context *context, struct str setting);

/* --- options.c */

/* Applies openssl_options to *mask, bits of SSL_OP_. */
bool tls_openssl_options_apply(struct str value, uint64_t *mask, struct error *err);

/* --- certificates.c */

/* Loads the certificates and keys of the lists. */
bool tls_load_certificates(struct tls_context *context, struct str certificates, struct str keys,
                           struct error *err);

/* Lists the certificates that the SSL_CTX has got in context->own. */
bool tls_note_certificates(struct tls_context *context, struct error *err);

/* Loads what verifies the peer's certificates: "system", a file or a directory; and revocation lists. */
bool tls_load_authorities(struct tls_context *context, struct str authorities, struct str crl,
                          bool announce, struct error *err);

/* The PEM form of a certificate, in the arena. */
struct str tls_certificate_pem(struct arena *arena, X509 *certificate);

/* --- self_signed.c */

/* Makes a key and a certificate for the host, and uses them. */
bool tls_use_self_signed(struct tls_context *context, struct str host_name, struct error *err);

/* --- dh.c */

/* tls_dhparam and tls_eccurve. */
bool tls_set_dh(struct tls_context *context, struct str dhparam, int max_bits, struct error *err);
bool tls_set_curves(struct tls_context *context, struct str eccurve, struct error *err);

/* --- ocsp.c */

/* Reads the files of tls_ocsp_file for the certificates in context->own, and has them stapled. Those of no use are
 * logged and left out. */
void tls_load_ocsp(struct tls_context *context, struct str files);

/* Has a client's context look at stapled statuses. */
void tls_check_ocsp(struct tls_context *context);

/* --- tickets.c */

/* Has session tickets sealed with the keys of the connection's request. */
void tls_use_ticket_keys(struct tls_context *context);

/* --- connection.c */

/* A connection that has yet to shake hands. NULL: err says why. */
struct tls_connection *tls_connection_new(struct tls_context *context, enum tls_side side,
                                          struct channel *below, struct error *err);
void tls_connection_free(struct tls_connection *connection);

/* Shakes hands. False: err says what went wrong; the connection is freed. */
bool tls_handshake(struct tls_connection *connection, int64_t deadline, struct error *err);

struct tls_connection *tls_connection_of(const SSL *ssl);

/* --- verify.c */

/* Has OpenSSL verify the peer's certificate. */
void tls_set_verify(struct tls_connection *connection, enum tls_verify verify);

/* --- facts.c */

/* Fills connection->facts after the handshake. */
void tls_learn_facts(struct tls_connection *connection);

/* A distinguished name as OpenSSL writes it in one line: "/C=UK/CN=name". Tainted. */
struct str tls_name_text(struct arena *arena, const X509_NAME *name);

/* --- error.c */

/* "(what): error:0A0000C1:SSL routines::no shared cipher" from OpenSSL's newest error, which is taken off with
 * all others. Returns false. */
bool tls_error(struct error *err, const char *what);
bool tls_error_file(struct error *err, const char *what, struct str file);

/* OpenSSL's newest error, or STR_NULL; all are taken off. */
struct str tls_newest_error(struct arena *arena);

#endif
