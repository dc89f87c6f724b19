/* Queue runs (manual, 5.2: -q, -R, -S). */
#ifndef QUEUE_RUNNER_H
#define QUEUE_RUNNER_H

#include "queue/queue.h"

struct queue_run {
    struct str queue;      /* its name; empty: the default */
    bool two_stage;        /* -qq */
    bool first_only;       /* -qi */
    bool forced;           /* -qf */
    bool force_frozen;     /* -qff */
    bool local_only;       /* -ql */
    bool dont_deliver;     /* -N */
    struct str first, last; /* only messages from that id on, and up to that; STR_NULL: all */
    /* -R and -S: only messages with such an undelivered recipient, or such a sender; STR_NULL: all. */
    struct str recipient, sender;
    bool recipient_is_regex, sender_is_regex;
};

/* Reads the letters behind -q into the run; *rest is what follows them: an interval, or nothing. False: there is
 * something else. */
bool queue_run_flags(struct queue_run *run, const char *letters, const char **rest);

/* Reads the letters behind -R and -S: r, f, ff. False: there are others. */
bool queue_run_selection_flags(struct queue_run *run, const char *letters, bool *is_regex);

/* Tries every message of the queue once, one after the other. */
void queue_run(const struct queue *queue, const struct queue_run *run);

#endif
