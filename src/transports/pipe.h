/* The parts of the pipe transport. Private to src/transports. */
#ifndef TRANSPORTS_PIPE_H
#define TRANSPORTS_PIPE_H

#include "transports/local_message.h"
#include "transports/pipe_options.h"

/* One delivery to a command. */
struct pipe_run {
    struct delivery *delivery;
    const struct pipe_config *config;
    struct local_message message;
    char **argv, **envp;
    struct buffer output; /* of the command, no more than max_output */
};

enum pipe_end {
    PIPE_EXITED,  /* code: its status */
    PIPE_KILLED,  /* code: the signal */
    PIPE_TIMEOUT,
    PIPE_FAILED,  /* it could not be run: err */
};

/* pipe_command.c: works out what is to be run, and in which environment. False: err says why not, and *result
 * what becomes of the recipients. */
bool pipe_command(struct pipe_run *run, enum mail_result *result, struct error *err);

/* pipe_run.c: runs it with the message as its input. */
enum pipe_end pipe_execute(struct pipe_run *run, int *code, struct error *err);

#endif
