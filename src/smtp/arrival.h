/* What a message leaves in the log when it is taken. Private to src/smtp. */
#ifndef SMTP_ARRIVAL_H
#define SMTP_ARRIVAL_H

#include "smtp/message.h"

/* The "<=" line, and then the delivery begins. For messages that come without SMTP. False: with mua_wrapper, it was
 * not delivered, and is no more. */
bool smtp_take_submission(struct smtp_session *s, const struct message *m);

/* Logs why a message that has arrived is none to take (m->problem). */
void smtp_log_problem(struct smtp_session *s, const struct message *m);

#endif
