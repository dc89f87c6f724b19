/* One message on a session: MAIL, RCPT, and DATA or BDAT (RFC 5321, 2033, 3030). Private to src/transports. */
#ifndef TRANSPORTS_SMTP_TRANSACTION_H
#define TRANSPORTS_SMTP_TRANSACTION_H

#include "transports/smtp_utf8.h"

enum transaction_end {
    TRANSACTION_DONE,    /* each recipient has a result; another transaction may follow */
    TRANSACTION_REFUSED, /* this message cannot be sent to this host now: r->client.failure; recipients without an
                          * answer of their own are still pending */
    TRANSACTION_BROKEN,  /* the same, because of the connection: so no other message can be, either */
};

struct transaction {
    struct remote *r;
    struct delivery *delivery;
    struct mail_recipient **recipients; /* all pending */
    size_t n;
    struct timeval started;             /* when the delivery began */

    /* Private. */
    struct str return_path;
    enum utf8_way utf8;
    bool *accepted;                     /* for each recipient */
    size_t accepted_count;
    struct str mail;                    /* the command */
    struct str authenticated_sender;    /* in it, as AUTH=; empty: none */
    int64_t octets;                     /* of the message, as log lines have it */
    bool pipelining, chunking, prdr, dsn;
    bool together;                      /* all recipients, or none (mua_wrapper) */
};

/* Sends the delivery's message to the recipients. `reusable` in the end: the session may go on. */
enum transaction_end transaction_run(struct transaction *t, bool *reusable);

/* The address as RCPT has it: affixes that a router took off are left out, unless rcpt_include_affixes says
 * otherwise. */
struct str transaction_rcpt_address(struct arena *arena, const struct transport_instance *transport,
                                    const struct mail_recipient *recipient);

/* Notes from which address and port of ours a recipient was sent to the host. */
void transaction_interface(struct mail_recipient *recipient, const struct remote *r);

/* Sets what a host made of a recipient. */
void transaction_result(struct mail_recipient *recipient, enum mail_result result, const struct remote *r,
                        const struct client_failure *failure);

#endif
