/* A session with a server, from the connection to the point where messages can be sent, for deliveries and for
 * callouts alike. Private to src/transports. */
#ifndef TRANSPORTS_SMTP_REMOTE_H
#define TRANSPORTS_SMTP_REMOTE_H

#include "auths/auth.h"
#include "transports/smtp_client.h"
#include "transports/smtp_options.h"
#include "transports/transport.h"

/* Early pipelining: see smtp_early.h. */
enum { EARLY_PHASES = 2 }; /* in the clear, and encrypted */
struct remote_early {
    bool barred;      /* not this time; set by the caller, or with .outdated */
    bool watched;     /* hosts_pipe_connect */
    bool known;       /* .hello is what the hints store has */
    struct str hello[EARLY_PHASES]; /* responses to EHLO; STR_NULL: none yet */
    bool banner_due;
    bool used;        /* the latest EHLO was sent ahead, and the server still takes that */
    bool outdated;    /* the failure is that the server is not what it was */
};

struct remote {
    /* Set by the caller. */
    const struct config *config;
    const struct transport_instance *transport;
    const struct smtp_config *options;
    struct scope *scope;         /* ->address is there; $host and its kin are set in it */
    const struct mail_host *host;
    int port;
    bool lmtp, smtps;
    bool verifying;              /* for a callout */
    bool in_clear;               /* TLS has been tried in vain: without it */
    int connect_timeout, command_timeout; /* seconds */

    /* Found out. */
    struct arena *arena;         /* of the session */
    struct arena *results;       /* of what outlives it: texts in recipients */
    struct remote_early early;
    struct smtp_client client;   /* ->failure says what went wrong */
    struct str helo;             /* what we call ourselves */
    struct str hello;            /* the first response to EHLO, in the clear; STR_NULL: none */
    bool resumption;             /* tls_resumption_hosts */
    bool esmtp;
    bool tls_required;           /* hosts_require_tls */
    struct scope_tls tls;        /* .active: the connection is encrypted */
    const struct auth_instance *auth; /* that succeeded; NULL: not authenticated */
    struct str authenticated_id; /* client_set_id; STR_NULL: none */
    unsigned messages;           /* sent so far */
    char protocol_start[16];     /* PS=: a letter for each command that came before MAIL; the first of them */
    bool unreset;                /* a transaction was begun and not finished: RSET comes before the next */
    bool quiet;                  /* the failure is about the configuration here, or was logged: no line about the host */
};

/* Puts host and port into the scope ($host ...), and what is known of TLS. */
void remote_enter(struct remote *r);
void remote_leave(struct remote *r);

/* Whether the host is in a list that only makes things better: one that cannot be evaluated counts as if the host
 * was not in it, as in Exim. */
bool remote_host_in(struct remote *r, const struct list *list);

/* The same for a list that says what must be: one that cannot be evaluated is a failure. */
bool remote_host_must(struct remote *r, const struct list *list, const char *option, bool *yes);

/* Expands an option of the transport. A forced failure gives STR_NULL. False: r->client.failure. */
bool remote_expand(struct remote *r, const struct template *t, const char *option, struct str *value);

/* Connects and gets as far as the first MAIL: banner, EHLO, STARTTLS, AUTH. False: r->client.failure; the connection
 * is closed. What is sent ahead (r->early) may turn out to be wrong only later. */
bool remote_open(struct remote *r);

/* The same; where something was sent ahead in vain, once more without that; where TLS cannot be negotiated and does not
 * have to be, once more without it, which is logged. */
bool remote_open_any(struct remote *r);

/* Says good-bye and closes. */
void remote_close(struct remote *r);

/* --- Parts of that */

/* Notes a command for PS= (log selector protocol_detail): e, EHLO or LHLO; h, HELO; s, STARTTLS; a, AUTH
 * (smtp_setup.c). */
void remote_note_command(struct remote *r, char letter);

/* Reads the banner (smtp_setup.c). */
bool remote_read_banner(struct remote *r);

/* Reads the response to EHLO or LHLO: what is offered (smtp_setup.c). */
bool remote_read_hello(struct remote *r);

/* Negotiates TLS on the connection (smtp_tls.c). */
bool remote_start_tls(struct remote *r);

/* Authenticates as the lists hosts_require_auth and hosts_try_auth have it (smtp_auth.c). */
bool remote_authenticate(struct remote *r);

/* "H=name [address]", with the port where the log selector wants it. */
struct str remote_host_text(struct arena *arena, const struct mail_host *host, int port);

#endif
