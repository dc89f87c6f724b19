/* The queue: everything that works on its messages gets one of these. */
#ifndef QUEUE_QUEUE_H
#define QUEUE_QUEUE_H

#include "config/config.h"
#include "expand/scope.h"
#include "hints/hints.h"
#include "mail/retry_rules.h"
#include "queue/incoming.h"
#include "queue/spool.h"
#include "transports/transport.h"

struct queue {
    const struct config *config;
    const struct main_options *options;
    const struct scope_process *process;
    const struct scope_services *services;
    const struct retry_rules *retry;
    struct hints *hints;           /* NULL: nothing is remembered */
    struct incoming_setup incoming; /* for messages that are made here: the Exim user's */
    struct spool spool;
    /* Gets the scope of a delivery ready for what the services need besides, such as ACLs in expansions. */
    void (*begin_scope)(const struct queue *queue, struct scope *scope);
    void *begin_scope_ctx;
};

/* What becomes of recipients on other machines. */
enum remote_deliveries {
    REMOTE_NOW,
    REMOTE_SUPPRESSED, /* -ql */
    REMOTE_QUEUED,     /* -odqs, or a file of queue_only_file that stands for it: they wait for a queue run */
    REMOTE_ROUTED,     /* control = queue/first_pass_route: the same */
    REMOTE_NOTED,      /* the first pass of -qq: only which hosts they wait for is noted */
};

/* How a delivery is asked for. */
struct delivery_request {
    struct str queue;    /* its name; empty: the default */
    struct str id;
    bool in_queue_run;
    bool forced;         /* retry times do not count: -M, -qf */
    bool force_frozen;   /* a frozen message is thawed: -M, -qff */
    bool first_only;     /* only if nobody has tried yet: -qi */
    enum remote_deliveries remote;
    bool fast_ramp;      /* with REMOTE_NOTED: when enough messages wait for a host, that they are sent begins */
    bool dont_deliver;   /* -N */
    bool give_up;        /* -Mg: what is not delivered fails */
    struct str who;      /* ... because of whom */
    struct held_connection *held; /* left open by the delivery of another message to the same host; or NULL */
    const struct transport_instance *held_transport;
    int run_fd;          /* whoever closes it last lets the queue run go on; 0: none */
};

/* Makes one attempt at delivering a message, in this process, which may be privileged; with
 * deliver_drop_privilege it becomes the Exim user's for good. False: it could not be tried, which is logged unless
 * the message is simply not there; or, with mua_wrapper, it was not delivered, and is no more. */
bool queue_deliver(const struct queue *queue, const struct delivery_request *request);

/* Starts a process for it. wait: until it has ended; in a queue run, until those have, too, that go on with other
 * messages on its connections. False: there is no process; or, with mua_wrapper and wait,
 * the message was not delivered. */
bool queue_deliver_in_process(const struct queue *queue, const struct delivery_request *request, bool wait);

#endif
