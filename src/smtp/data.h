/* DATA and BDAT, and what happens when a message is there. Private to src/smtp. */
#ifndef SMTP_DATA_H
#define SMTP_DATA_H

#include "smtp/message.h"

/* A message has arrived: judges it and replies. chunk: octets of the last BDAT; -1: it came by DATA. Ends the
 * transaction. */
void smtp_message_arrived(struct smtp_session *s, const struct message *m, int64_t chunk);

/* Reads the message of DATA and has it judged. */
void smtp_read_data(struct smtp_session *s);

/* The limits that options set for the message at hand. */
struct message_limits smtp_message_limits(struct smtp_session *s);

#endif
