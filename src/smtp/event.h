/* Events of the receiving side (manual, chapter 61). Private to src/smtp. */
#ifndef SMTP_EVENT_H
#define SMTP_EVENT_H

#include "smtp/state.h"

/* Raises an event: expands event_action with $event_name and $event_data. *result (may be NULL) gets what
 * it yields, in the scratch arena: empty when there is no event_action or it fails, which is logged. */
void smtp_event(struct smtp_session *s, struct str name, struct str data, struct str *result);

#endif
