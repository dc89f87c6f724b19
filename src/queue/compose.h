/* Messages that the queue itself makes: bounces, warnings, reports, replies. Private to src/queue. */
#ifndef QUEUE_COMPOSE_H
#define QUEUE_COMPOSE_H

#include "queue/job.h"

struct composing {
    const struct queue *queue;
    struct scope *scope;           /* for options */
    struct arena *arena;
    struct mail_message *message;  /* sender, recipients and headers are set by the caller */
    struct buffer body;
    struct str reference;          /* id of the message that it is about: R= */
    bool failed;
    int run_fd;                    /* of the delivery request of that one */
};

/* Begins a message about that one. */
void compose_begin(struct composing *c, struct job *about);

void compose_header(struct composing *c, const char *name, struct str value);
void compose_recipient(struct composing *c, struct str address);

/* From: as dsn_from says. */
void compose_from(struct composing *c);

/* Puts it into the queue, with Received:, Message-ID: and Date:, logs its arrival and begins its delivery. False:
 * it is not there; err. */
bool compose_send(struct composing *c, struct error *err);

/* Sends a message that is a text: header lines, an empty line, the body; to those that To:, Cc: and Bcc: name, or to
 * the one address when it is given. False: err; a message for nobody is no error. */
bool compose_text(struct job *about, struct str text, struct str to, struct error *err);

#endif
