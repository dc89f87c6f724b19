/* Processes that go on with what this one is at. */
#ifndef QUEUE_FORK_H
#define QUEUE_FORK_H

#include <sys/types.h>

#include "hints/hints.h"

/* What fork() does. Connections of lookups and the databases of hints (may be NULL) are closed before, for each of the
 * two processes to open its own when it needs them: on one connection, the answers to one would reach the other. */
pid_t queue_fork(struct hints *hints);

/* The same for a process that nobody waits for, and that has nothing of what a daemon or a session has set up. */
pid_t queue_fork_away(struct hints *hints);

#endif
