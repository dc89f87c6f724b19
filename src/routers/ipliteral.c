/* The ipliteral router (manual, chapter 18): addresses whose domain is an IP address in brackets. */
#include "routers/router.h"

extern const struct router_driver router_driver_ipliteral;
const struct router_driver router_driver_ipliteral = {
    .info = {.name = "ipliteral"},
    .transport = ROUTER_TRANSPORT_REQUIRED,
};
