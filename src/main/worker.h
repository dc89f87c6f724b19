/* A worker: serves one connection at a time, and then the next, until it is told to stop. */
#ifndef MAIN_WORKER_H
#define MAIN_WORKER_H

#include "main/listen.h"
#include "main/scoreboard.h"
#include "main/startup.h"
#include "smtp/session.h"

/* What the master hands to each of its workers. */
struct worker_setup {
    const struct program *program;
    const struct smtp_settings *smtp;
    const struct listeners *listeners;
    struct scoreboard *board;
    unsigned generation; /* of the configuration */
    int wake_fd;         /* an eventfd: written when few workers are left idle */
};

/* Idle workers below which the master is woken to fork more. */
size_t worker_spare(const struct program *program);

/* Serves connections in this process, at the given place of the scoreboard. Returns the exit code: when
 * SIGTERM came (after the session at hand), when enough connections were served, or when too many
 * workers are idle. */
int worker_run(const struct worker_setup *setup, int place);

#endif
