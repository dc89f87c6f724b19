/* One attempt at delivering one message. Private to src/queue. */
#ifndef QUEUE_JOB_H
#define QUEUE_JOB_H

#include <sys/time.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "mail/delivery_error.h"
#include "mail/message.h"
#include "mail/recipient.h"
#include "queue/queue.h"
#include "transports/transport.h"

/* A list that is added to at its end. */
struct recipient_list {
    struct mail_recipient *first, **last;
    size_t n;
};

void recipients_init(struct recipient_list *list);
void recipients_add(struct recipient_list *list, struct mail_recipient *recipient);

struct job {
    const struct queue *queue;
    const struct delivery_request *request;
    struct arena *arena; /* the message's, too */
    struct mail_message *message;
    char sub;            /* the subdirectory of a split spool that it is in */
    int64_t now;         /* seconds since 1970 */
    int journal_fd;      /* -1: not begun */

    struct scope scope;
    struct scope_message scope_message;
    struct scope_address scope_address;

    struct mail_recipient **all; /* everything to do, envelope and generated, in the order of appearance */
    struct recipient_list todo;  /* to be routed */
    struct recipient_list local, remote; /* to be delivered */
    struct recipient_list failed, deferred, succeeded;
    struct address_set seen;     /* what was routed: a second one of the same is a duplicate */
    unsigned hosts_failed, hosts_expired; /* in the process of a remote delivery: those that were noted */
    bool ramp;                   /* enough messages wait for one of its hosts (queue_fast_ramp) */
    bool freeze;                 /* the message is to be frozen after this attempt */
    struct str freeze_reason;
};

/* --- load.c */

enum job_load {
    JOB_LOADED,
    JOB_BUSY,   /* another process works on the message */
    JOB_GONE,
    JOB_BROKEN, /* the log says how */
};

/* Locks the message and reads it, for those who want to change it. */
enum job_load job_load(struct job *job);

/* Somebody asked for a message that is not there: a line in the main log. */
void job_log_gone(const struct job *job);

/* Shows the recipient to expansions; NULL: none. */
void job_show(struct job *job, const struct mail_recipient *recipient);

/* Shows the first of those who go in one run of a transport, without what is not the same for all of them (manual, 11.9:
 * $domain). */
void job_show_run(struct job *job, const struct mail_recipient *first);

/* The message's spool file, journal and log of its own. */
struct str job_path(const struct job *job, const char *kind, const char *suffix);

/* --- journal.c */

/* Notes on disk that a recipient is done with. Called as soon as it is true: what is not noted is delivered
 * again after a crash. */
bool journal_add(struct job *job, const struct mail_recipient *recipient);

/* Opens the journal so that processes forked from here can write to it, with room on the disk for all that are to be
 * delivered to: those in the lists of the job, and those that were taken off them. False: errno. */
bool journal_open(struct job *job, const struct mail_recipient *going);

/* Whether the message has a journal, left behind by a crash; takes over what it says. */
bool journal_replay(struct job *job);

/* --- routing_stage.c */

/* Routes what is in todo, and what comes of it, into the other lists. */
void job_route(struct job *job);

/* --- local.c, remote.c: delivers what is in the list, and calls job_settle() for each. */
void job_deliver_local(struct job *job);
void job_deliver_remote(struct job *job);

/* --- groups.c */

/* Takes the first recipient off the list, and with it those that can go in the same run of its transport. */
struct mail_recipient *group_take(struct job *job, struct recipient_list *list);

/* --- parallel.c */

/* Whether another run of the first recipient's transport may begin (max_parallel); else the results of all say why not.
 * *claimed: it is counted until parallel_release(). */
bool parallel_claim(struct job *job, struct mail_recipient *first, bool *claimed);
void parallel_release(struct job *job, const struct mail_recipient *first);

/* --- settle.c: what becomes of a recipient whose result is set: log, journal, retry data, lists. */

/* others: it is not the first one of its delivery ("->"). */
void job_settle(struct job *job, struct mail_recipient *recipient, bool others);

/* The event that tells of a recipient that has failed: the transport's, or the main section's where there is none. */
void job_raise_failure(struct job *job, const struct mail_recipient *recipient);

/* All of a run, linked by next. */
void job_settle_all(struct job *job, struct mail_recipient *first);

/* The recipient needs no further attention: neither does its parent when it was the last. */
void job_done(struct job *job, struct mail_recipient *recipient);

/* --- delivery_lines.c */

struct str delivery_line_success(struct job *job, const struct mail_recipient *r, bool others);
struct str delivery_line_failure(struct job *job, const struct mail_recipient *r);
struct str delivery_line_defer(struct job *job, const struct mail_recipient *r);

/* "=3m45s" for log lines, with milliseconds where the log has them. */
void delivery_add_interval(struct job *job, struct buffer *line, const char *tag, const struct timeval *interval);

/* --- finish.c: bounces, warnings, reports; then the message goes, or waits for the next attempt. */
void job_finish(struct job *job);

/* Raises an event of the main option event_action. */
void job_event(struct job *job, const char *name, struct str data);

/* The message is no more. */
void job_remove(struct job *job);

/* The same, with the log line that says so. */
void job_complete(struct job *job);

/* Puts a message that is frozen out of the way of queue runs, with move_frozen_messages (manual, 14). */
void job_move_frozen(struct job *job);

/* Writes its -H file anew. False: that failed, which is logged. */
bool job_update(struct job *job);

/* -ql, -qq, queue_smtp_domains: what would go to other machines, or some of it, waits. */
void job_put_off_remote(struct job *job);

/* --- together.c: mua_wrapper. Delivers to all recipients in one transaction, or to none. False: to none, which was
 * said on standard error. Either way the message is no more. */
bool job_deliver_together(struct job *job);

/* The line goes to the main log and to the message's own. */
void job_log(struct job *job, struct str line);

/* To the message's own log alone. */
void job_message_log(struct job *job, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
