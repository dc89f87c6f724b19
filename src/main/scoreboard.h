/* What the daemon's master and its workers know of each other: a table in shared memory with a place for
 * every worker. It counts connections for smtp_accept_max and smtp_accept_max_per_host. */
#ifndef MAIN_SCOREBOARD_H
#define MAIN_SCOREBOARD_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/ip.h"

struct scoreboard;

/* A scoreboard with `places` places, shared with the processes forked from here on. NULL: errno. */
struct scoreboard *scoreboard_new(size_t places);
void scoreboard_free(struct scoreboard *board);

/* Master: a free place for a worker of a generation, to be forked; -1: none. */
int scoreboard_reserve(struct scoreboard *board, unsigned generation);
/* Master: the worker there has this process id. */
void scoreboard_assign(struct scoreboard *board, int place, pid_t pid);
/* Master: the worker has gone. Returns its place, -1: not ours. */
int scoreboard_release(struct scoreboard *board, pid_t pid);
/* Master: workers of the generation that wait for a connection, and all workers. */
size_t scoreboard_idle(const struct scoreboard *board, unsigned generation);
size_t scoreboard_workers(const struct scoreboard *board);
/* Master: calls each for every worker's process id. */
void scoreboard_each(const struct scoreboard *board, void (*each)(void *ctx, pid_t pid), void *ctx);

/* Worker: serves a peer from here on (NULL: none); returns how many connections there are now, this one
 * included. */
size_t scoreboard_busy(struct scoreboard *board, int place, const struct ip *peer);
void scoreboard_done(struct scoreboard *board, int place);
/* Connections at the moment, and those from one address. */
size_t scoreboard_connections(const struct scoreboard *board);
size_t scoreboard_connections_from(const struct scoreboard *board, const struct ip *peer);

#endif
