/* Deliveries in processes of their own. Private to src/queue. */
#ifndef QUEUE_PROCESS_H
#define QUEUE_PROCESS_H

#include "queue/job.h"

/* A delivery under way. */
struct delivery_process {
    struct delivery_process *next;
    struct mail_recipient *first; /* linked by next */
    pid_t pid;
    int fd;               /* results come from here */
    struct buffer output; /* ... so far */
    struct timeval begun;
    bool claimed;         /* it counts for max_parallel */
};

/* Starts the delivery to these recipients, which go together, unless their transport has too many runs already. False:
 * there is no process; their results say so. */
bool delivery_process_start(struct job *job, struct mail_recipient *first, struct delivery_process *process);

/* Reads what there is, waiting for it. False: it has ended, and the recipients have their results. */
bool delivery_process_read(struct job *job, struct delivery_process *process);

/* --- user.c: what a delivery runs as */

struct delivery_user {
    uid_t uid;
    gid_t gid;
    bool initgroups;
};

/* Works out the user for the recipients' transport. False: err. */
bool delivery_user_find(struct job *job, const struct mail_recipient *first, struct delivery_user *user,
                        struct error *err);

/* Becomes that user for good, when this process is root's. False: err. */
bool delivery_user_become(const struct delivery_user *user, struct error *err);

/* Whether this process may deliver as somebody else. */
bool delivery_user_is_possible(const struct job *job, const struct mail_recipient *first,
                               const struct delivery_user *user, struct error *err);

/* --- run.c */

/* What a run of the transport gets to know. */
struct delivery delivery_of(struct job *job, const struct transport_instance *transport, struct mail_recipient *first);

/* In the process. Runs the transport, and its shadow; sets results. */
void delivery_run(struct job *job, struct mail_recipient *first, struct delivery *delivery);

#endif
