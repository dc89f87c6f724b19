/* What is in the queue. */
#ifndef QUEUE_SCAN_H
#define QUEUE_SCAN_H

#include "queue/queue.h"

struct queue_ids {
    struct str *v;
    size_t n;
};

/* The ids of all messages of a queue (empty name: the default one), in the order of the directories. */
void queue_scan(const struct queue *queue, struct str name, struct arena *arena, struct queue_ids *ids);

/* In the order in which the messages came; or in no particular one. */
void queue_ids_sort(struct queue_ids *ids);
void queue_ids_shuffle(struct queue_ids *ids);

#endif
