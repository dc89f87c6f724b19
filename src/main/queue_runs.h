/* The queue runs of a daemon (manual, 5.2: -q with an interval). */
#ifndef MAIN_QUEUE_RUNS_H
#define MAIN_QUEUE_RUNS_H

#include <sys/types.h>

#include "main/startup.h"
#include "queue/runner.h"

enum { QUEUE_RUNS_MOST = 64 };

struct queue_runs {
    struct queue_run run;
    int interval;               /* seconds; 0: no queue runs */
    int64_t due;                /* when the next one begins (monotonic milliseconds) */
    pid_t pids[QUEUE_RUNS_MOST]; /* of those under way */
    size_t n;
};

/* Takes over what the command line says; the first run is due at once. False: it is malformed. */
bool queue_runs_init(struct queue_runs *runs, const struct command_line *cl);

/* Whether one is due now; the next is then due an interval later. Not more than queue_run_max go on at once. */
bool queue_runs_due(struct queue_runs *runs, struct program *program);

/* One has begun; pid -1: it could not. */
void queue_runs_started(struct queue_runs *runs, pid_t pid);

/* Whether the process that has ended was one. */
bool queue_runs_ended(struct queue_runs *runs, pid_t pid);

#endif
