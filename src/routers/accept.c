/* The accept router (manual, chapter 16): takes every address that gets past its preconditions. */
#include "routers/routing.h"

static enum router_verdict route(struct routing *r, const struct router_instance *router)
{
    (void)router;
    return routing_accept(r, NULL, NULL);
}

extern const struct router_driver router_driver_accept;
const struct router_driver router_driver_accept = {
    .info = {.name = "accept"},
    .transport = ROUTER_TRANSPORT_REQUIRED,
    .logs_as_local = true,
    .route = route,
};
