/* Which messages wait for which host, so that they can go down a connection that is open (manual, 49.1). Private to
 * src/queue. */
#ifndef QUEUE_WAITING_H
#define QUEUE_WAITING_H

#include "queue/job.h"

void waiting_add(struct job *job, const struct transport_instance *transport, const struct mail_host *host);

/* A message that waits for the host and is still in the queue, taken off the list; STR_NULL: none. */
struct str waiting_next(struct job *job, const struct transport_instance *transport, const struct mail_host *host);

#endif
