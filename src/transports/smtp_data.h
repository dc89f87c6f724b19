/* The message itself and the replies to it (RFC 5321 section 4.1.1.4, RFC 3030, RFC 2033 section 4.2). Private to
 * src/transports. */
#ifndef TRANSPORTS_SMTP_DATA_H
#define TRANSPORTS_SMTP_DATA_H

#include "transports/smtp_transaction.h"
#include "transports/write.h"

/* Gets ready to write the message. False: t->r->client.failure. */
bool transaction_data_prepare(struct transaction *t, struct message_writer *writer);

/* Sends the message and reads the replies: results of those who were accepted. */
enum transaction_end transaction_data(struct transaction *t, struct message_writer *writer);

#endif
