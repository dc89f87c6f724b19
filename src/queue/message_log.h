/* The log of a message in msglog (manual, chapter 53: per-message logs). */
#ifndef QUEUE_MESSAGE_LOG_H
#define QUEUE_MESSAGE_LOG_H

#include "queue/spool.h"

/* Appends a line, after the time; what cannot be written there is of no importance. */
void message_log_add(const struct spool *spool, struct str queue, struct str id, char sub, struct str text);

#endif
