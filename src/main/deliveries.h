/* Starting deliveries. A daemon's workers have given up root, which local deliveries may need; so they tell the
 * master, which starts a process for each message, and for queue runs that ETRN asks for. */
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

/* Tells the master of an argument of ETRN. serialize: its run waits until that of the same argument before it is over.
 * False: errno. */
bool deliveries_ask_run(int fd, struct str argument, bool serialize);

/* What the master does with what it is told. */
struct delivery_starter {
    void (*deliver)(void *ctx, const struct delivery_request *request);
    void (*run)(void *ctx, struct str argument, bool serialize);
    void *ctx;
};

/* In the master: reads all that workers have told. */
void deliveries_read(int fd, const struct delivery_starter *starter);

#endif
