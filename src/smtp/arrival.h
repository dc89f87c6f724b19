/* What a message leaves in the log when it is taken. Private to src/smtp. */
#ifndef SMTP_ARRIVAL_H
#define SMTP_ARRIVAL_H

#include "smtp/message.h"

/* The "<=" line, and then the delivery begins. For messages that come without SMTP. False: with mua_wrapper, it was
 * not delivered, and is no more. */
bool smtp_take_submission(struct smtp_session *s, const struct message *m);

/* Logs that acl_not_smtp has rejected a message, and what the sender is told of it. */
struct acl_outcome;
void smtp_log_rejected(struct smtp_session *s, const struct acl_outcome *outcome);
struct str smtp_rejection_text(const struct acl_outcome *outcome);

/* Logs why a message that has arrived is none to take (m->problem). */
void smtp_log_problem(struct smtp_session *s, const struct message *m);

#endif
