/* Internationalised mail on its way to a server (RFC 6531; manual, 60.1 and the option utf8_downconvert): whether
 * SMTPUTF8 is asked for, or addresses are turned into A-labels. Private to src/transports. */
#ifndef TRANSPORTS_SMTP_UTF8_H
#define TRANSPORTS_SMTP_UTF8_H

#include "mail/message.h"
#include "transports/smtp_remote.h"

enum utf8_way {
    UTF8_PLAIN,       /* nothing is done: the message is not an international one */
    UTF8_ASKED_FOR,   /* SMTPUTF8 with MAIL */
    UTF8_DOWNCONVERT, /* addresses become A-labels */
    UTF8_REFUSED,     /* the server cannot, and A-labels are not wanted */
};

/* What is done with an international message on this session. handling: what controls say; NULL: nothing. False:
 * r->client.failure. */
bool remote_utf8_way(struct remote *r, const struct mail_handling *handling, enum utf8_way *way);

/* The address as that way has it: itself, or in A-labels. False: it has no such form; err. */
bool utf8_address(struct arena *arena, enum utf8_way way, struct str address, struct str *sent, struct error *err);

/* ORCPT= as it may be sent that way (RFC 6533 section 3): what is not ASCII of an address of type utf-8 is escaped
 * where SMTPUTF8 was not asked for. STR_NULL: there is no form of it that could be sent. */
struct str utf8_orcpt(struct arena *arena, enum utf8_way way, struct str orcpt);

#endif
