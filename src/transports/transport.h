/* The transport interface (manual, chapters 24 to 30): one driver per file ending in one const struct, one
 * table. A transport takes a message and a list of recipients that are to go the same way, and leaves in each
 * recipient how it went. It neither reads nor writes the spool, and it decides nothing about retrying. */
#ifndef TRANSPORTS_TRANSPORT_H
#define TRANSPORTS_TRANSPORT_H

#include <stdbool.h>

#include "base/driver.h"
#include "base/error.h"
#include "base/option.h"
#include "base/str.h"
#include "expand/scope.h"
#include "mail/message.h"
#include "mail/recipient.h"

struct config;
struct buffer;
struct rewrite_rules;
struct delivery;
struct transport_instance;

struct transport_driver {
    struct driver_info info; /* name, private options, their size */
    bool local;              /* runs as the recipient's user; else over the network, as the Exim user */
    /* Checks the private options of a stanza. May be NULL. */
    bool (*init)(struct transport_instance *transport, struct error *err);
    /* Delivers; every recipient's result is set. */
    void (*deliver)(struct delivery *delivery);
    void (*version_report)(struct buffer *out); /* may be NULL */
    /* The hosts at which the delivery's message may wait for a connection that another message has made; NULL: none.
     * The function may be NULL. */
    struct mail_host *(*hosts)(struct delivery *delivery);
};

/* One stanza of `begin transports`: the generic options (manual, chapter 24). */
struct transport_instance {
    struct driver_instance instance; /* name, place, driver, private options */
    bool body_only, headers_only;
    bool delivery_date_add, envelope_to_add, return_path_add;
    bool disable_logging;
    bool initgroups;
    bool rcpt_include_affixes;
    struct option_bool retry_use_local_part; /* .value holds: what was set, else whether the driver is local */
    const struct template *debug_print, *event_action;
    const struct template *headers_add, *headers_remove;
    struct str headers_rewrite;
    const struct rewrite_rules *rewrite_rules; /* the same, compiled; NULL: none */
    struct option_account user, group; /* a fixed user who was named brings his group along */
    const struct template *home_directory, *current_directory;
    const struct template *max_parallel;
    const struct template *message_size_limit;
    const struct template *return_path;
    const struct template *shadow_condition;
    struct str shadow_transport;
    struct str transport_filter;
    int transport_filter_timeout; /* seconds */
};

/* What retry data of a host are kept under (manual, 32.2). */
struct delivery_retry {
    int port;             /* that is connected to */
    bool without_address; /* by the host's name alone (retry_include_ip_address is false) */
    bool message;         /* the failure concerns this message at this host: 4xx to MAIL, DATA or the end of data */
};

/* What a transport may ask of the queue that runs it. */
struct delivery_host {
    /* May this host be tried now? Sets host->status, ->expired, ->first_failed, ->last_try from retry data about
     * the host, and about this message at it. */
    void (*retry_state)(struct delivery *delivery, struct mail_host *host, const struct delivery_retry *retry);
    /* Remembers that a host failed. error: 0 where an SMTP response alone says why, in the text. */
    void (*note_host)(struct delivery *delivery, const struct mail_host *host, const struct delivery_retry *retry,
                      int error, int more_error, struct str text);
    /* A host works: forgets that it failed, and that this message did there. */
    void (*forget_host)(struct delivery *delivery, const struct mail_host *host, const struct delivery_retry *retry);
    /* Another message that waits for that host and may go on the same connection, taken off the list of those
     * that wait: its id; STR_NULL: none. */
    struct str (*next_message)(struct delivery *delivery, const struct mail_host *host);
    /* Remembers that the message waits for all of these hosts. */
    void (*wait_for)(struct delivery *delivery, const struct mail_host *hosts);
};

/* A connection that a delivery has left open for another message to the same host. It belongs to the process:
 * whoever forks keeps it on one side only, and forgets it on the other by closing descriptors. */
struct held_connection;

/* One run of a transport. */
struct delivery {
    const struct config *config;
    const struct transport_instance *transport;
    struct mail_message *message;
    struct mail_recipient *recipients; /* linked by next */
    struct scope *scope;               /* the message's; ->address is that of the first recipient */
    const struct delivery_host *host;
    void *host_ctx;
    struct arena *arena;
    int64_t deadline;
    bool first_delivery;               /* of this message; $message_age and retry_state know what that means */
    struct held_connection *held;      /* in: left open by the delivery before; out: to be handed to the delivery of
                                        * next_message, or to transport_release(). NULL: none */
    struct str next_message;           /* out, with held: the message whose turn it is on it */
};

/* Ends a connection that nobody goes on with. NULL is allowed. */
void transport_release(struct held_connection *held);

/* The table of drivers and the section as the configuration reader sees it. */
const struct transport_driver *transport_driver_find(struct str name, struct error *err);
extern const char *const transport_drivers_known[]; /* all that Exim has; NULL-terminated */
void transport_driver_each(void (*each)(void *ctx, const char *name, bool module), void *ctx);
extern const struct driver_class transport_class;

/* The instance of that name, or NULL. */
const struct transport_instance *transport_find(const struct driver_instance *first, struct str name);

#endif
