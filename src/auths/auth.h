/* The driver interface: what an authenticator is and what it may ask. A driver never talks to the
 * SMTP peer: it is a step function over an exchange. Bytes in, bytes out, a verdict; whoever hosts it
 * (SMTP reader, smtp transport, a test, a fuzzer) moves the bytes, does base64, enforces line limits
 * and deadlines and handles "*". */
#ifndef AUTHS_AUTH_H
#define AUTHS_AUTH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "base/driver.h"
#include "base/error.h"
#include "base/module.h"
#include "base/str.h"

enum { AUTH_VARS = 4, AUTH_NUMBERS = 9 };

struct auth_exchange;
struct channel;

enum auth_verdict {
    AUTH_MORE,       /* x->out goes to the peer; call again with its answer in x->in */
    AUTH_OK,         /* the peer is who it says; generic conditions still apply */
    AUTH_FAIL,       /* wrong credentials */
    AUTH_DEFER,      /* could not be checked now; x->message says why */
    AUTH_CANCELLED,  /* client side: an expansion was forced to fail, or the server's data is bad */
    AUTH_BAD_DATA,   /* the peer's data cannot be parsed */
    AUTH_UNEXPECTED, /* data where none is allowed; client side: the server asks for more than there is */
};

/* How an expansion asked of the host ended. */
enum auth_expand {
    AUTH_EXPAND_OK,
    AUTH_EXPAND_FORCED, /* `fail` */
    AUTH_EXPAND_FAILED, /* an error; x->message is its text */
    AUTH_EXPAND_DEFER,  /* a lookup could not be done now; x->message is its text */
};

/* What a driver may know of the connection. */
struct auth_peer {
    struct str host_name; /* ours: primary_hostname */
    struct str remote_name; /* client side: the server's name; STR_NULL on the server side */
    struct str remote_address, local_address;
    int remote_port, local_port;
    bool tls, tls_certificate_verified;
    struct str tls_cipher;
    int tls_bits;
    struct str tls_peer_name; /* common name or SAN of the verified client certificate, or STR_NULL */
};

/* The only window to the world. */
struct auth_host {
    enum auth_expand (*expand)(struct auth_exchange *x, const struct template *t, struct str *value);
    bool (*peer)(struct auth_exchange *x, struct auth_peer *peer);
    bool (*channel_binding)(struct auth_exchange *x, const char *type, struct str *data);
    /* Server side: whether this client has been offered the mechanism, too. NULL: it has not. */
    bool (*offered)(struct auth_exchange *x, struct str mechanism);
    /* TLS, as a client, over a driver's own connection to a service; host: its name. The channel lives as long as
     * the exchange; `below` must do so too. NULL: x->message says why. The member may be NULL: there is no TLS. */
    struct channel *(*tls)(struct auth_exchange *x, struct channel *below, struct str host, int64_t deadline);
    void (*debug)(struct auth_exchange *x, const char *format, ...) __attribute__((format(printf, 2, 3)));
    void (*log)(struct auth_exchange *x, const char *format, ...) __attribute__((format(printf, 2, 3)));
    /* The same for the reject log. */
    void (*log_reject)(struct auth_exchange *x, const char *format, ...) __attribute__((format(printf, 2, 3)));
};

struct auth_instance;

struct auth_driver {
    struct driver_info info; /* name, private options, their size */
    /* Checks the options and sets ->server, ->client of the instance. */
    bool (*init)(struct auth_instance *instance, struct error *err);
    enum auth_verdict (*server)(struct auth_exchange *x); /* one step; NULL: no server side */
    enum auth_verdict (*client)(struct auth_exchange *x); /* one step; NULL: no client side */
    void (*end)(struct auth_exchange *x);                 /* frees what x->state holds outside the arena; may be NULL */
    void (*version_report)(struct buffer *out);           /* may be NULL */
    bool by_tls; /* no mechanism of AUTH: the server runs it, one step, when TLS has verified the client */
};

/* One stanza of `begin authenticators`. */
struct auth_instance {
    struct driver_instance instance; /* name, place, driver, private options */
    struct str public_name;
    const struct template *server_condition, *server_set_id, *server_debug_print, *server_advertise_condition;
    const struct template *server_mail_auth_condition;
    const struct template *client_condition, *client_set_id;
    bool server, client; /* set by init */
};

struct auth_exchange {
    const struct auth_instance *auth;
    const struct auth_host *host;
    void *host_ctx;          /* the host's own */
    struct arena *arena;     /* ARENA_SECRET: wiped when the exchange ends */
    struct str in;           /* decoded bytes from the peer; STR_NULL: it sent none */
    bool in_undecodable;     /* client side: the server's challenge was no base64; in is STR_NULL */
    struct str out;          /* bytes for the peer after AUTH_MORE; client side: STR_NULL at the first step
                              * means that nothing goes with the AUTH command */
    bool out_is_text;        /* out goes as plain text, not base64 (spa's "NTLM supported") */
    struct str vars[AUTH_VARS];         /* $auth1 ... */
    struct str numbers[AUTH_NUMBERS];   /* $1 ..., for drivers that keep the old names */
    unsigned count;          /* strings received so far, stored or not (auth_exchange_add) */
    unsigned steps;          /* steps done before this one */
    bool unfinished;         /* client side: the server has yet to prove something, so that its success now is none */
    struct str message;      /* text for AUTH_DEFER and the log */
    bool message_for_peer;   /* the text is shown to the peer too */
    struct str set_id;       /* server side, once decided: server_set_id; STR_NULL: unset or not expandable */
    void *state;             /* the driver's own, in the arena */
    int64_t deadline;        /* for what the driver waits for itself; DEADLINE_NONE: none */
};

/* Remembers a string that the peer sent as the next $authN and $N; one that has no variable left is
 * counted only. */
void auth_exchange_add(struct auth_exchange *x, struct str value);

/* Server side, for drivers whose library takes what a client says for a string: whether a NUL in x->in would cut it
 * off, so that "alice\0x" were alice. Mechanisms whose messages are all text have none (RFC 4505, RFC 5802 and so on);
 * PLAIN has, and libraries know that. mechanism: its name, in any case. */
bool auth_exchange_has_nul(const struct auth_exchange *x, struct str mechanism);

/* A driver's answer when an expansion did not give a value on the server side: forced failure fails,
 * anything else is temporary (manual, chapter 33). */
enum auth_verdict auth_expand_verdict(enum auth_expand status);

/* Expands on the client side. False: *verdict is what comes of it: after a forced failure the next
 * authenticator is tried, anything else puts the delivery off (manual, 33.4). */
bool auth_expand_client(struct auth_exchange *x, const struct template *t, struct str *value,
                        enum auth_verdict *verdict);

/* The table of drivers (auths/drivers.c). find loads a module where the build says so; mapped does not, and is NULL
 * for what is in a module that nobody has loaded. */
const struct auth_driver *auth_driver_find(struct str name, struct error *err);
const struct auth_driver *auth_driver_mapped(struct str name);
extern const char *const auth_drivers_known[]; /* all that Exim has; NULL-terminated */
void auth_driver_each(void (*each)(void *ctx, const char *name, bool module), void *ctx);

/* What the configuration reader needs to read `begin authenticators`. */
extern const struct driver_class auth_class;

/* What a loadable module exports under the name AUTH_MODULE_SYMBOL. */
#define AUTH_MODULE_SYMBOL "gatepost_auth_module"
struct auth_module {
    struct module_head head;
    const struct auth_driver *driver;
};

/* Behind a driver struct: exports it when the file is built as a module. */
#ifdef GATEPOST_MODULE
#define AUTH_DRIVER_EXPORT(driver_) \
    __attribute__((visibility("default"))) extern const struct auth_module gatepost_auth_module; \
    const struct auth_module gatepost_auth_module = {{MODULE_BUILD}, &(driver_)};
#else
#define AUTH_DRIVER_EXPORT(driver_)
#endif

#endif
