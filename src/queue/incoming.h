/* Putting a message into the queue: the functions behind struct mail_services. */
#ifndef QUEUE_INCOMING_H
#define QUEUE_INCOMING_H

#include "mail/services.h"
#include "queue/spool.h"

struct incoming_setup {
    struct spool spool;
    struct str primary_hostname;
    int host_number;
    struct str login; /* who messages come from: this process, or the Exim user */
    unsigned uid, gid;
    bool message_logs; /* option message_logs */
};

/* See struct mail_services. */
struct mail_incoming *incoming_begin(const struct incoming_setup *setup, struct mail_message *message,
                                     struct error *err);
bool incoming_write(struct mail_incoming *incoming, const char *octets, size_t n);
bool incoming_commit(struct mail_incoming *incoming, struct error *err);
void incoming_abandon(struct mail_incoming *incoming);

/* Appends a line, the time in front, to the log of a message that is in the queue. */
void incoming_note(const struct incoming_setup *setup, const struct mail_message *message, struct str text);

#endif
