/* The parts that bounces, warnings and reports consist of (RFC 3462, RFC 3464); of those about international messages
 * in the forms of RFC 6533. Private to src/queue. */
#ifndef QUEUE_DSN_PARTS_H
#define QUEUE_DSN_PARTS_H

#include "queue/compose.h"

struct dsn {
    struct job *job;
    struct composing c;
    struct str boundary;
    bool international; /* the message is */
};

/* Begins a report about the job's message to that address. auto_submitted: "auto-replied" or
 * "auto-generated". */
void dsn_begin(struct dsn *d, struct job *job, struct str to);

/* The header lines that make the message a report of several parts. */
void dsn_mime_headers(struct dsn *d);

/* References: as the message's Message-ID: says. */
void dsn_references(struct dsn *d);

void dsn_begin_text(struct dsn *d);

/* The part for programs: what it says of the message, then of one recipient after the other. */
void dsn_begin_status(struct dsn *d);
void dsn_add_status(struct dsn *d, const struct mail_recipient *r, const char *action, const char *status);
void dsn_add_remote(struct dsn *d, const struct mail_recipient *r);

/* The message itself, or its headers alone, and the end. */
void dsn_add_message(struct dsn *d, bool with_body);

/* An address for people: in UTF-8 where that may be, else with what is not ASCII escaped. */
struct str dsn_readable(const struct dsn *d, struct str address);

/* How an address is named: what it is, and where it comes from. */
void dsn_add_address(struct dsn *d, const struct mail_recipient *r, const char *indent);

/* Why it went wrong, in lines with four spaces in front. */
void dsn_add_error(struct buffer *b, const struct mail_recipient *r);

/* Why a recipient waits, as far as that is the sender's concern; else nothing. */
void dsn_add_reason(struct buffer *b, const struct mail_recipient *r);

#endif
