/* Starting deliveries. A daemon's workers have given up root, which local deliveries may need; so they tell the
 * master, which starts a process for each message. */
#ifndef MAIN_DELIVERIES_H
#define MAIN_DELIVERIES_H

#include "main/startup.h"
#include "queue/queue.h"

/* The queue of a program. */
struct queue queue_of(struct program *program);

/* The master's end and the workers' end of the pipe. False: errno. */
bool deliveries_open(int ends[2]);

/* Tells the master of a message: queue, id and remote of the request. False: it cannot be told now; the message is
 * left to the next queue run. */
bool deliveries_ask(int fd, const struct delivery_request *request);

/* In the master: calls start for every message that workers have told of. */
void deliveries_read(int fd, void (*start)(void *ctx, const struct delivery_request *request), void *ctx);

#endif
