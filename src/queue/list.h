/* -bp: showing the queue (manual, 5.2). */
#ifndef QUEUE_LIST_H
#define QUEUE_LIST_H

#include <stdio.h>

#include "queue/queue.h"

struct queue_listing {
    struct str queue;     /* its name; empty: the default */
    bool unsorted;        /* -bpr */
    bool generated;       /* -bpa: addresses that deliveries went to as well */
    bool undelivered;     /* -bpu: only those that are still to be delivered to */
    bool ids_only;        /* -bpi: a line with the id for each message */
    char *const *ids;     /* NULL-terminated; none: all messages */
};

void queue_list(const struct queue *queue, const struct queue_listing *listing, FILE *out);

/* How many messages there are. */
size_t queue_count(const struct queue *queue, struct str name);

#endif
