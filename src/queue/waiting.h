/* Which messages wait for which host, so that they can go down a connection that is open (manual, 49.1). Private to
 * src/queue. */
#ifndef QUEUE_WAITING_H
#define QUEUE_WAITING_H

#include "queue/job.h"

/* Notes that the message waits for the host. Returns how many do now, or 0 if it was among them already. */
size_t waiting_add(struct job *job, const struct transport_instance *transport, const struct mail_host *host);

/* A message that waits for the host and is still in the queue, taken off the list; STR_NULL: none. */
struct str waiting_next(struct job *job, const struct transport_instance *transport, const struct mail_host *host);

#endif
