/* Per-recipient responses to the message's data (draft-hall-prdr; manual, 44.9). Private to src/smtp. */
#ifndef SMTP_PRDR_H
#define SMTP_PRDR_H

#include "smtp/state.h"

/* Runs the PRDR ACL for every recipient, and replies for it, if the client asked for that and there are several.
 * What ACLs refuse is no recipient any more. s->transaction.prdr_verdict is then the reply that comes last, if
 * nothing else is to be said. False: no recipient is left, and that reply has been given. */
bool smtp_prdr(struct smtp_session *s);

#endif
