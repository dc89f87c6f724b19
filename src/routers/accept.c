/* The accept router (manual, chapter 16): takes every address that gets past its preconditions. */
#include "routers/router.h"

extern const struct router_driver router_driver_accept;
const struct router_driver router_driver_accept = {
    .info = {.name = "accept"},
    .transport = ROUTER_TRANSPORT_REQUIRED,
    .logs_as_local = true,
};
