/* TLS on OpenSSL (manual, chapter 43; RFC 3207, 8446, 5246): contexts of servers and clients, connections,
 * and what is known about a connection once it is encrypted.
 *
 * A context holds what many connections share: certificates and keys, trusted authorities, ciphers. Making
 * one reads files; a connection reads none. Contexts are counted: each tls_context_keep() needs one
 * tls_context_free(). A connection keeps its own.
 *
 * Every string is an option's value after expansion; STR_NULL and the empty string: not set. Errors are
 * texts as Exim logs them behind "TLS error on connection from HOST " or "TLS session: ": "(SSL_accept):
 * error:0A0000C1:SSL routines::no shared cipher". */
#ifndef TLS_TLS_H
#define TLS_TLS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/str.h"
#include "base/stream.h"

struct tls_context;
struct tls_connection;
struct tls_ticket_keys;

/* --- Clients: the smtp transport */

/* Options of the smtp transport that make a context. */
struct tls_client_settings {
    struct str certificate;         /* tls_certificate: a list of PEM files, chains behind the leaf */
    struct str privatekey;          /* tls_privatekey: a list of the same length; not set: in the same files */
    struct str verify_certificates; /* tls_verify_certificates: "system", a file, or a hashed directory */
    struct str crl;                 /* tls_crl: a file, or a hashed directory */
    struct str require_ciphers;     /* tls_require_ciphers: for TLS 1.2 and older */
    struct str openssl_options;     /* the main option openssl_options */
    struct str alpn;                /* tls_alpn: a list of names to offer */
};

/* NULL: err says why ("(SSL_CTX_load_verify_locations(file=...)): ..."). */
struct tls_context *tls_client_context_new(const struct tls_client_settings *settings, struct error *err);

enum tls_verify {
    TLS_VERIFY_NONE,
    TLS_VERIFY_TRY,      /* facts.certificate_verified tells */
    TLS_VERIFY_REQUIRED, /* the handshake fails unless it succeeds */
};

/* What is asked of one connection. */
struct tls_client_request {
    struct str sni;             /* tls_sni: sent as it is */
    enum tls_verify verify;     /* tls_verify_hosts, tls_try_verify_hosts */
    struct str verify_name;     /* the name that the certificate has to bear; STR_NULL: any will do */
    bool request_ocsp;          /* hosts_request_ocsp: ask for a stapled status */
    bool require_ocsp;          /* hosts_require_ocsp: fail without a good one; asks for one, too */
    bool require_alpn;          /* hosts_require_alpn */
    int dh_min_bits;            /* tls_dh_min_bits: a smaller group fails; 0: any */
    bool resumption;            /* tls_resumption_hosts: offer `session`, have tickets issued */
    struct str session;         /* of tls_session() of an earlier connection to the same place; STR_NULL: none */
    /* A certificate does not verify: the text for the log, behind "[address] ". May be NULL. */
    void (*verify_error)(void *ctx, struct str text);
    /* A certificate of the chain has verified (PEM; depth 0 is the peer's own; the event tls:cert): why it is refused
     * nonetheless, or the empty string. May be NULL. */
    struct str (*refuse)(void *ctx, int depth, struct str pem);
    void *ctx;
};

/* Negotiates as the client over the channel below, which must outlive the connection (it stays the caller's,
 * and so does its descriptor). Nothing may be left unread in a stream on it: that would be plaintext injected
 * behind the answer to STARTTLS (stream_switch() drops it). NULL: the handshake failed, or the deadline has
 * passed; err says why, and the channel is of no use any more. */
struct tls_connection *tls_connect(struct tls_context *context, struct channel *below,
                                   const struct tls_client_request *request, int64_t deadline,
                                   struct error *err);

/* The session, serialised, for a later connection to resume; copied into the arena and secret. TLS 1.3 servers
 * send tickets behind the handshake: ask when the server has answered something. False: there is none. */
bool tls_session(const struct tls_connection *connection, struct arena *arena, struct str *session);

/* --- Servers */

/* Main options that make a context. */
struct tls_server_settings {
    struct str certificate;         /* tls_certificate: a list; not set: a self-signed one is made */
    struct str privatekey;          /* tls_privatekey */
    struct str verify_certificates; /* tls_verify_certificates; looked at where `verify` below says so */
    struct str crl;                 /* tls_crl */
    struct str require_ciphers;     /* tls_require_ciphers */
    struct str openssl_options;     /* openssl_options */
    struct str dhparam;             /* tls_dhparam: a file, a name, "none" */
    int dh_max_bits;                /* tls_dh_max_bits */
    struct str eccurve;             /* tls_eccurve: a list, or "auto"; empty: no curves */
    struct str ocsp_file;           /* tls_ocsp_file: a list that goes with the certificates */
    struct str alpn;                /* tls_alpn: a list of names that are taken */
    struct str host_name;           /* of the self-signed certificate */
    bool verifies;                  /* clients may be asked for certificates: read what verifies them */
};

/* NULL: err says why. */
struct tls_context *tls_server_context_new(const struct tls_server_settings *settings, struct error *err);

/* Session tickets of all workers are sealed with the same keys, a new one each hour; what was sealed with one
 * before the last cannot be opened by anybody any more. Made before the workers are forked. */
struct tls_ticket_keys *tls_ticket_keys_new(void);
void tls_ticket_keys_free(struct tls_ticket_keys *keys);

/* Goes on to the key of this hour: so that a process that only forks others has no older ones. */
void tls_ticket_keys_turn(struct tls_ticket_keys *keys);

/* What is asked of one connection. */
struct tls_server_request {
    enum tls_verify verify;       /* tls_verify_hosts, tls_try_verify_hosts */
    bool require_alpn;            /* hosts_require_alpn */
    struct tls_ticket_keys *keys; /* tls_resumption_hosts: sessions may be resumed; NULL: they may not */
    /* Called in the middle of the handshake with the client's SNI (tainted), when it sent one. Returns the
     * context to go on with: another one, which the connection keeps, or NULL for the one at hand. May be NULL. */
    struct tls_context *(*server_name)(void *ctx, struct str sni);
    void (*verify_error)(void *ctx, struct str text); /* as above */
    struct str (*refuse)(void *ctx, int depth, struct str pem); /* as above */
    void *ctx;
};

/* Negotiates as the server; as tls_connect(). */
struct tls_connection *tls_accept(struct tls_context *context, struct channel *below,
                                  const struct tls_server_request *request, int64_t deadline,
                                  struct error *err);

/* --- Contexts */

struct tls_context *tls_context_keep(struct tls_context *context);
void tls_context_free(struct tls_context *context); /* NULL is allowed */

/* Have files that the context was made of changed since, appeared or gone? */
bool tls_context_is_stale(const struct tls_context *context);

/* Calls each for every file and directory that the context was made of. */
void tls_context_files(const struct tls_context *context, void (*each)(void *ctx, const char *path), void *ctx);

/* --- Connections */

/* Bits of facts.resumption (manual, 43.17). */
enum {
    TLS_RESUME_SUPPORTED = 1,
    TLS_TICKET_WANTED = 2,   /* the client would take a ticket */
    TLS_SESSION_OFFERED = 4, /* it would go on with a session */
    TLS_TICKET_ISSUED = 8,
    TLS_RESUMED = 16,
};

/* What variables and log lines tell. The strings live as long as the connection. */
struct tls_facts {
    struct str cipher;     /* "TLS1.3:TLS_AES_256_GCM_SHA384:256" */
    struct str cipher_std; /* "TLS_AES_256_GCM_SHA384" */
    struct str version;    /* "TLS1.3" */
    int bits;
    struct str sni;        /* as sent; of a client tainted; STR_NULL: none */
    struct str peer_dn;    /* "/C=UK/CN=client": tainted; STR_NULL: no certificate */
    struct str peer_name;  /* the last CN of that name: tainted; STR_NULL: none */
    struct str peer_certificate; /* PEM, tainted; STR_NULL: none */
    struct str own_certificate;  /* PEM; STR_NULL: none was sent */
    bool certificate_verified;
    bool verify_tried;     /* ... or it was asked for, and did not verify */
    int ocsp;              /* 0 to 4, as $tls_in_ocsp has it (manual, 11.9) */
    int resumption;        /* bits, see above */
};
const struct tls_facts *tls_facts(const struct tls_connection *connection);

/* The encrypted channel: reads and writes with deadlines, as any. It ends (0) when the peer closes TLS or the
 * connection below ends. */
struct channel *tls_channel(struct tls_connection *connection);

/* Why the last read or write failed, for the log; STR_NULL: it did not. */
struct str tls_failure(const struct tls_connection *connection);

/* Data to bind an authentication to the connection, copied into the arena. type: "tls-exporter" (RFC 9266),
 * "tls-unique" (RFC 5929, TLS 1.2 and older with the extended master secret), "tls-server-end-point" (RFC 5929).
 * False: this connection has none of the type. */
bool tls_channel_binding(const struct tls_connection *connection, const char *type, struct arena *arena,
                         struct str *data);

/* Tells the peer that nothing follows (close_notify), without waiting for its answer, and frees the
 * connection. NULL is allowed. */
void tls_close(struct tls_connection *connection, int64_t deadline);

/* --- For the configuration reader */

/* Is the value of openssl_options well-formed? */
bool tls_openssl_options_check(struct str value, struct error *err);

#endif
