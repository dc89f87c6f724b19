/* Bounces, warnings of delay and delivery reports (manual, chapter 50; RFC 3461, RFC 3464). Private to src/queue. */
#ifndef QUEUE_BOUNCE_H
#define QUEUE_BOUNCE_H

#include "queue/job.h"

/* Tells an address that deliveries have failed; they are linked by next, the latest first. False: it could not be
 * told, which is logged. */
bool bounce_send(struct job *job, struct str to, const struct mail_recipient *failed);

/* Tells the sender that deliveries have succeeded, as they asked for. */
void bounce_report_success(struct job *job);

/* Tells that the message is still here, if it is time for that. */
void bounce_warn(struct job *job);

#endif
