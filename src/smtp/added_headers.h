/* Headers that ACLs add to a message (manual, 44.24: add_header). Private to src/smtp. */
#ifndef SMTP_ADDED_HEADERS_H
#define SMTP_ADDED_HEADERS_H

#include "mail/header.h"

/* Puts the added headers, complete lines, in their places between the others: behind all, unless they begin with
 * :at_start:, :after_received: (the first block of these), :at_start_rfc: (all Received: and Resent- headers that
 * come first) or :at_end:. Several for one of the first three places end up in reverse order. */
void added_headers_apply(struct mail_message *mail, struct str added);

/* Whether a header, with its newline, is among those already, for this place or another. */
bool added_headers_have(struct str added, struct str header);

#endif
