/* The SMTP reader (RFC 5321; manual, chapters 44 and 49): one session with one peer, from the greeting
 * to the end of the connection. Used alike by a daemon's worker, by -bs and by -bh. */
#ifndef SMTP_SESSION_H
#define SMTP_SESSION_H

#include <stdbool.h>

#include "acl/acl.h"
#include "base/str.h"
#include "config/config.h"
#include "expand/scope.h"
#include "mail/services.h"
#include "smtp/batch.h"

/* What all sessions of a process share: a configuration, with everything in it that sessions would
 * otherwise have to parse again and again. */
struct smtp_settings {
    const struct config *config;
    const struct acl_set *acls;
    const struct scope_process *process;
    const struct scope_services *services;
    const struct mail_services *mail;     /* routing and the queue; NULL: nothing is taken over */
    const struct smtp_prepared *prepared; /* private to src/smtp */
};

/* Prepares the settings in the arena; the arguments must outlive them. What is wrong with a value that
 * Exim looks at only when a session needs it is reported then. */
struct smtp_settings *smtp_settings_new(struct arena *arena, const struct config *config,
                                        const struct acl_set *acls, const struct scope_process *process);

/* Whether any client is offered STARTTLS. */
bool smtp_settings_offer_tls(const struct smtp_settings *settings);

/* Reads certificates, keys and whatever else TLS needs ahead of sessions, where the configuration offers TLS and
 * none of its options depends on the session; else that is left to sessions. For a process that has rights that
 * sessions will not have; may be called again, when files have changed. False: err says what cannot be used, and
 * what was read before stays in use. */
bool smtp_settings_prepare_tls(const struct smtp_settings *settings, struct error *err);

/* Whether files that were read ahead have changed since, and which files these are. */
bool smtp_settings_tls_is_stale(const struct smtp_settings *settings);
void smtp_settings_tls_files(const struct smtp_settings *settings, void (*each)(void *ctx, const char *path),
                             void *ctx);

/* Before forking: the keys of session tickets go on to those of this hour. */
void smtp_settings_turn_keys(const struct smtp_settings *settings);

enum smtp_mode {
    SMTP_NETWORK, /* a daemon's connection */
    SMTP_LOCAL,   /* -bs: standard input and output */
    SMTP_TEST,    /* -bh: nothing is real; messages are discarded, nothing is delayed */
};

/* Who is at the other end. The strings must live until the session ends; STR_NULL where not known. */
struct smtp_peer {
    enum smtp_mode mode;
    int in_fd, out_fd;        /* stay the caller's: the session does not close them */
    struct str host_address;  /* IPv6 in full form for -bh and -bs; STR_NULL: a local caller */
    int host_port;            /* 0: not known */
    struct str interface_address;
    int interface_port;
    bool tls_on_connect;      /* TLS begins at once, without STARTTLS */
    int connection_count;     /* of the daemon, this one included; 0: no daemon */
    struct str host_name;     /* -oMs: no lookup is done then */
    struct str ident;         /* -oMt, or the login of a local caller */
    struct str authenticator; /* -oMaa: the session begins authenticated */
    struct str authenticated_id;     /* -oMai */
    struct str authenticated_sender; /* -oMas */
    struct str login;         /* SMTP_LOCAL: who called; makes the sender of an untrusted caller's messages */
    struct smtp_batch *batch; /* SMTP_LOCAL: -bS; NULL: a session with responses */
    struct str full_name;     /* ... and the name in the password file; empty: none */
    struct str reference;     /* -oMm: the id of the message that his messages are about; empty: none */
    bool trusted;             /* SMTP_LOCAL: the caller may set senders (manual, 5.2) */
};

enum smtp_end {
    SMTP_END_QUIT,
    SMTP_END_LOST,     /* the peer went without QUIT */
    SMTP_END_TIMEOUT,  /* it was silent for too long */
    SMTP_END_DROPPED,  /* we closed: an ACL's drop, too many unknown commands, lost synchronisation */
    SMTP_END_ERRORS,   /* we closed: too many syntax or protocol errors, or non-mail commands */
    SMTP_END_REFUSED,  /* no session: refused at the beginning */
    SMTP_END_FAILED,   /* the configuration did not allow a session: logged */
};

/* Runs a session to its end. Everything it allocates is gone when it returns. */
enum smtp_end smtp_session_run(const struct smtp_settings *settings, const struct smtp_peer *peer);

/* The exit code of -bh and -bs. */
int smtp_exit_code(enum smtp_mode mode, enum smtp_end end);

#endif
