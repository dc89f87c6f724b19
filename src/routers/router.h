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
    ROUTER_DISCARD,  /* :blackhole: */
};

struct router_driver {
    struct driver_info info;
    /* Some drivers must not have a transport, others must, but for routers that only verify. */
    enum { ROUTER_TRANSPORT_OPTIONAL, ROUTER_TRANSPORT_REQUIRED, ROUTER_TRANSPORT_NONE } transport;
    bool logs_as_local; /* the default of log_as_local */
    bool (*init)(struct router_instance *router, struct error *err); /* may be NULL */
    /* Routes r->recipient, whose preconditions hold. See routing.h. */
    enum router_verdict (*route)(struct routing *r, const struct router_instance *router);
};

/* The table of drivers and the section as the configuration reader sees it. struct router_instance, the
 * generic options of a stanza (manual, chapter 15), is in routers/generic.h. */
const struct router_driver *router_driver_find(struct str name, struct error *err);
extern const char *const router_drivers_known[]; /* all that Exim has; NULL-terminated */
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
    struct scope *scope;              /* ->address must be there: it is filled in for each recipient */
    struct arena *arena;              /* what is found lives here */
    struct mail_recipient *recipient; /* at hand */
    struct mail_recipient *children;  /* addresses that routing generated, and copies of addresses that an `unseen`
                                       * router accepted, which go on from the router behind it: linked by next, for
                                       * the caller to take off */
    struct mail_message *message;     /* whose header lines rewriting changes; NULL: none */
    bool in_queue_run;
    bool full_verification;           /* ROUTING_VERIFY_...: a transport and hosts are wanted, for callouts */
    /* Sends a message of our own to an address: header lines, an empty line, the body. NULL: none are sent
     * (redirect's syntax_errors_to). */
    void (*send)(void *send_ctx, struct str address, struct str text);
    void *send_ctx;

    /* Private to src/routers. */
    const struct router_instance *router; /* at hand */
    struct routing_user {
        bool found;
        struct str home;
        uid_t uid;
        gid_t gid;
    } user; /* of check_local_user */
    struct str home; /* $home while the router runs */
};

/* How routing an address ended; recipient->message and error say why where it went wrong. */
enum routing_result {
    ROUTED,          /* recipient->transport is set, or its children have taken its place: see r->children */
    ROUTED_DISCARDED,
    ROUTED_FAIL,
    ROUTED_DEFER,
};

/* Routes r->recipient through the routers, from its start_router on. What it leaves in r->children is for the
 * caller to route in turn, or when it is a file, pipe or autoreply, to deliver: it has its transport already. */
enum routing_result route_recipient(struct routing *r);

#endif
