/* When addresses and hosts may be tried again (manual, chapter 32). Private to src/queue. */
#ifndef QUEUE_RETRY_H
#define QUEUE_RETRY_H

#include "queue/job.h"

/* Whether the address may be routed now; else its result says why not. */
bool retry_may_route(struct job *job, struct mail_recipient *recipient);

/* Routing or a local delivery came to an end: what is remembered of earlier failures goes. */
void retry_routed(struct job *job, const struct mail_recipient *recipient);
void retry_delivered(struct job *job, const struct mail_recipient *recipient);

/* Whether a local delivery may be tried now; else the recipients' results say why not. */
bool retry_may_deliver(struct job *job, struct mail_recipient *recipients);

/* At the end of an attempt: remembers when a deferred recipient is to be tried again. True: it has been tried for
 * as long as the rules allow. */
bool retry_note(struct job *job, struct mail_recipient *recipient);

/* What transports ask about hosts; host_ctx is the job. */
extern const struct delivery_host retry_delivery_host;

/* In the process of a remote delivery, when its transport has come back: whether all hosts that failed have been
 * tried for as long as the rules allow. */
bool retry_hosts_expired(const struct job *job);

#endif
