/* The router interface (manual, chapters 15 to 22): one driver per file ending in one const struct, one table.
 * Preconditions and the other generic options belong to the code around the drivers (route.c), never to a
 * driver. */
#ifndef ROUTERS_ROUTER_H
#define ROUTERS_ROUTER_H

#include <stdbool.h>

#include "base/driver.h"
#include "base/error.h"
#include "base/option.h"
#include "base/str.h"
#include "expand/scope.h"
#include "mail/recipient.h"

struct config;
struct main_options;
struct routing;
struct router_instance;

/* What a router says to an address. */
enum router_verdict {
    ROUTER_ACCEPT,   /* it goes to a transport, or its children replace it */
    ROUTER_DECLINE,  /* the next router, unless no_more */
    ROUTER_PASS,     /* the next router, or pass_router, whatever no_more says */
    ROUTER_FAIL,     /* it cannot be delivered: recipient->message */
    ROUTER_DEFER,    /* not now: recipient->message */
    ROUTER_REROUTE,  /* its domain was changed: begin again with the child */
    ROUTER_DISCARD,  /* :blackhole: */
    ROUTER_ERROR,    /* the configuration is at fault: deferred, panic log */
};

struct router_driver {
    struct driver_info info;
    /* Some drivers must not have a transport, others must, but for routers that only verify. */
    enum { ROUTER_TRANSPORT_OPTIONAL, ROUTER_TRANSPORT_REQUIRED, ROUTER_TRANSPORT_NONE } transport;
    bool logs_as_local; /* the default of log_as_local */
    bool (*init)(struct router_instance *router, struct error *err); /* may be NULL */
    /* Routes r->recipient, whose preconditions hold. Children go to routing_add_child(). */
    enum router_verdict (*route)(struct routing *r, const struct router_instance *router);
};

/* The table of drivers and the section as the configuration reader sees it. struct router_instance, the
 * generic options of a stanza (manual, chapter 15), is in routers/generic.h. */
const struct router_driver *router_driver_find(struct str name, struct error *err);
void router_driver_each(void (*each)(void *ctx, const char *name, bool module), void *ctx);
extern const struct driver_class router_class;

/* --- Routing one address (route.c) */

enum routing_purpose {
    ROUTING_DELIVERY,
    ROUTING_VERIFY_RECIPIENT, /* skips no_verify and no_verify_recipient, takes verify_only */
    ROUTING_VERIFY_SENDER,
    ROUTING_EXPN,
    ROUTING_TEST,             /* -bt: skips no_address_test */
};

struct routing {
    const struct config *config;
    const struct driver_instance *routers, *transports; /* of the configuration */
    enum routing_purpose purpose;
    struct scope *scope;             /* ->address is set for each recipient */
    struct arena *arena;             /* what is found lives here */
    struct mail_recipient *recipient; /* at hand */
    struct mail_recipient **children; /* where generated addresses are hung in, and copies of addresses that an
                                       * `unseen` router accepted: they go on from the router behind it */
    bool in_queue_run;                /* for dnslookup's and retry's decisions */
};

/* How routing an address ended; recipient->message and error say why where it went wrong. */
enum routing_result {
    ROUTED,          /* recipient->transport is set; or its children are in *children, and it is done */
    ROUTED_DISCARDED,
    ROUTED_FAIL,
    ROUTED_DEFER,
    ROUTED_PANIC,    /* deferred; the panic log has it */
};

/* Routes r->recipient through the routers, from its start_router on. What it leaves in *children is for the
 * caller to route in turn. */
enum routing_result route_recipient(struct routing *r);

/* For drivers: a generated address. */
struct mail_recipient *routing_add_child(struct routing *r, struct str address, enum mail_target target);

#endif
