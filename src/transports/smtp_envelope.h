/* The commands MAIL and RCPT with their parameters (RFC 1870, 3461, 4954, 6531). Private to src/transports. */
#ifndef TRANSPORTS_SMTP_ENVELOPE_H
#define TRANSPORTS_SMTP_ENVELOPE_H

#include "transports/smtp_transaction.h"
#include "transports/write.h"

/* Makes t->mail. False: t->r->client.failure. */
bool transaction_mail_command(struct transaction *t);

/* Makes the command for a recipient, and what log lines show of it. The recipient gets to know the address that was
 * sent. False: it cannot be sent; *why. */
bool transaction_rcpt_command(struct transaction *t, struct mail_recipient *recipient, struct str *shown,
                              struct str *command, struct client_failure *why);

#endif
