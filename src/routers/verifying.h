/* Verifying an address with the routers. Private to src/routers. */
#ifndef ROUTERS_VERIFYING_H
#define ROUTERS_VERIFYING_H

#include "routers/routing.h"

/* How an address did with the routers, followed to its end as long as there is one child only. */
struct verified {
    enum routing_result result;         /* ROUTED_DISCARDED counts as success */
    struct mail_recipient *recipient;   /* the one that decided: the address or its only child, grandchild ... */
    bool redirected;                    /* there were children */
    bool one_child;                     /* ... just one, which was verified in its place */
    bool fails_by_option;               /* fail_verify_...: a router accepted it for being refused */
};

/* Routes the address for r->purpose. r->recipient is set to what it is routed as. follow: children are verified
 * when there is just one. */
void verify_by_routing(struct routing *r, struct str address, bool follow, struct verified *verified);

/* Verifies an errors_to address for the routing at hand. False: it does not verify; *address is as rewritten. */
bool verify_errors_to(struct routing *r, struct str *address);

#endif
