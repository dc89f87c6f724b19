/* A run of the smtp transport (manual, chapter 30): hosts in turn, and sessions with them. Private to
 * src/transports. */
#ifndef TRANSPORTS_SMTP_DELIVERY_H
#define TRANSPORTS_SMTP_DELIVERY_H

#include "transports/smtp_hosts.h"
#include "transports/smtp_remote.h"

/* A session that may be left open for another message. */
struct held_connection {
    struct arena *arena; /* of the session */
    struct remote remote;
    struct mail_host host;
};

struct smtp_run {
    struct delivery *delivery;
    const struct smtp_config *options;
    struct timeval started;
    int port;              /* of hosts without one of their own */
    int max_rcpt;          /* recipients of a transaction at most; 0: any number */
    bool permanent;        /* the last host that was tried refused for good */
    bool early_barred;     /* a server was not what it had been: nothing is sent ahead any more */
    bool unwelcome;        /* a host refused this message for now: nothing will be better when the host is up */
    struct held_connection *session; /* at hand; NULL: none */
};

/* The driver's function. */
void smtp_deliver(struct delivery *delivery);

/* Sends the message to those who are pending, at the host. Their results are set, or they stay pending, with what
 * went wrong in them. False: it was not tried, because there may be one connection to it only, and there is. */
bool smtp_try_host(struct smtp_run *run, struct mail_host *host);

/* Recipients that have no result yet: the first, and the next behind one. */
struct mail_recipient *smtp_first_pending(const struct delivery *delivery);
struct mail_recipient *smtp_next_pending(const struct mail_recipient *recipient);

/* What retry data of the host are kept under. */
struct delivery_retry smtp_retry(const struct smtp_run *run, const struct mail_host *host, bool message);

#endif
