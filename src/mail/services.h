/* What the SMTP reader and ACLs ask of routing and of the queue. Those live in rooms that may use the SMTP
 * reader's, not the other way round: src/main puts the table together and hands it to every session. */
#ifndef MAIL_SERVICES_H
#define MAIL_SERVICES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/str.h"
#include "expand/scope.h"

/* --- Verifying addresses (manual, 44.33 and following) */

enum mail_verify_result { VERIFY_OK, VERIFY_FAIL, VERIFY_DEFER };

/* The options behind `verify = sender`, `recipient`, `header_sender`. */
struct mail_verify_options {
    bool callout, callout_random, callout_no_cache, callout_postmaster, callout_hold;
    bool use_sender, use_postmaster, full_postmaster;
    struct str mailfrom, postmaster_mailfrom; /* STR_NULL: not given */
    int connect_timeout, timeout, maxwait;    /* seconds; 0: the default */
    bool defer_ok, callout_defer_ok;
    bool no_details;
    bool success_on_redirect;
};

struct mail_handling;

struct mail_verify {
    struct str address;
    bool sender;            /* a sender's (verify_sender, $verify_mode S), not a recipient's */
    struct mail_verify_options options;
    const struct mail_handling *handling; /* what controls have said so far; NULL: nothing */
    /* The answer, in the scope's arena: texts for the client and the log (STR_NULL: none), and where the
     * failure came from: "route", "mail", "recipient", "postmaster", "qualify" ($recipient_verify_failure), which
     * are constants. */
    struct str user_message, log_message;
    struct str failure;
    struct str rewritten;   /* the address after rewriting; STR_NULL: not rewritten */
    struct str address_data; /* of the router that accepted */
    bool one_child;         /* it was redirected to exactly one address, which was verified too */
};

/* --- Taking messages over */

enum mail_deliver_result {
    MAIL_DELIVER_DONE,
    MAIL_DELIVER_OVERLOADED, /* it waits, because the load is high (queue_only_load) */
    MAIL_DELIVER_FAILED,     /* with mua_wrapper: it was not delivered, and is no more */
};

struct mail_message;
struct mail_incoming; /* a message that is being written */

struct mail_services {
    /* Verifies request->address in the scope of the session. */
    enum mail_verify_result (*verify)(void *ctx, struct scope *scope, struct mail_verify *request);

    /* EXPN: calls each for every line of the answer. False: err has the text of the 550 or 4xx. */
    bool (*expand)(void *ctx, struct scope *scope, struct str address, void (*each)(void *each_ctx, struct str line),
                   void *each_ctx, bool *defer, struct error *err);

    /* Taking a message over, in this order: begin, any number of writes (octets of the body, line endings
     * LF), then commit or abandon. begin fills in the message's id. After commit has returned true the
     * message is safe: its files are on disk. False: err says why, for the log; the answer is temporary.
     * started: deliver after the answer was sent. */
    struct mail_incoming *(*begin)(void *ctx, struct mail_message *message, struct error *err);
    bool (*write)(struct mail_incoming *incoming, const char *octets, size_t n);
    bool (*commit)(struct mail_incoming *incoming, struct error *err);
    void (*abandon)(struct mail_incoming *incoming);
    /* Writes the line about its arrival to the message's own log. May be NULL. */
    void (*note)(void *ctx, const struct mail_message *message, struct str text);
    /* Begins the delivery of a message that was committed, unless it has to wait. Called after the client has
     * its answer. */
    enum mail_deliver_result (*deliver)(void *ctx, const struct mail_message *message);

    /* ETRN: begins a queue run for the argument, "#" and a part of recipients' addresses, and does not wait for it.
     * lock: of the argument (smtp/etrn_lock.h), which the run has until its end; -1: it needs none. False: err says why.
     * May be NULL. */
    bool (*run_queue)(void *ctx, struct str argument, int lock, struct error *err);

    void *ctx;
};

#endif
