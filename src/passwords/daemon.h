/* One question to a password daemon that listens on a UNIX socket, and its answer. Inside src/passwords only. */
#ifndef PASSWORDS_DAEMON_H
#define PASSWORDS_DAEMON_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/str.h"

struct daemon {
    const char *name, *socket;          /* "saslauthd", and the path */
    size_t answer_limit;                /* octets; what comes behind them is not read */
    bool (*complete)(struct str answer); /* whether nothing more will come; NULL: it closes when it is done */
};

/* Connects, sends the question and reads the answer, which lives in the arena, all within the time that
 * password_settings() gives. False: err says why. */
bool daemon_ask(const struct daemon *daemon, struct arena *arena, struct str question, struct str *answer,
                struct error *err);

#endif
