/* Three processes as in a shell's pipeline: one writes a message, one is a command, this one reads what that says. Private
 * to src/transports. */
#ifndef TRANSPORTS_PIPELINE_H
#define TRANSPORTS_PIPELINE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/error.h"

/* What is to be run. */
struct pipeline_work {
    /* In the command's process, with the pipes as its standard input, output and error output: becomes the command. */
    void (*become)(void *ctx);
    /* In the process that feeds it: writes the message. False: that failed; errno says why. A command that does not want
     * all of it (EPIPE) is no failure. */
    bool (*feed)(void *ctx, int fd);
    void *ctx;
    const char *purpose; /* for error texts: " for transport filter" */
};

struct pipeline {
    pid_t command, feeder;
    int out; /* what the command writes */
};

/* Starts both. False: err, and nothing runs. */
bool pipeline_start(const struct pipeline_work *work, struct pipeline *pipeline, struct error *err);

/* Writes all octets to a descriptor, which ctx points to. False: errno. */
bool pipeline_write(void *ctx, const char *octets, size_t n);

#endif
