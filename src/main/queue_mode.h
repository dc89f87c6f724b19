/* Queue runs as the command line asks for them. */
#ifndef MAIN_QUEUE_MODE_H
#define MAIN_QUEUE_MODE_H

#include "main/command_line.h"
#include "queue/runner.h"

/* Reads -q, -R and -S into a run; *interval is how often it is to be repeated, in seconds, or 0: once. False:
 * something in them is malformed. */
bool queue_run_of(const struct command_line *cl, struct queue_run *run, int *interval);

#endif
