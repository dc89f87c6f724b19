/* The table of router drivers. */
#include "routers/router.h"

#include <stdbool.h>
#include <stddef.h>

/* router_drivers.inc is made from the switches of Local/Makefile: a line ROUTER_DRIVER(name) for each driver. */
#define ROUTER_DRIVER(name_) extern const struct router_driver router_driver_##name_;
#include "router_drivers.inc"
#undef ROUTER_DRIVER

#define ROUTER_DRIVER(name_) &router_driver_##name_,
static const struct router_driver *const drivers[] = {
#include "router_drivers.inc"
    NULL,
};

/* Drivers of Exim that a stanza may name although this build has not got them. */
const char *const router_drivers_known[] = {
    "accept", "dnslookup", "ipliteral", "iplookup", "manualroute", "queryprogram", "redirect", NULL,
};

const struct router_driver *router_driver_find(struct str name, struct error *err)
{
    for (const struct router_driver *const *driver = drivers; *driver; driver++)
        if (str_is(name, (*driver)->info.name))
            return *driver;
    for (const char *const *known = router_drivers_known; *known; known++)
        if (str_is(name, *known)) {
            error_set(err, "cannot find router driver \"%s\": it is known to Exim but not in this build of gatepost",
                      *known);
            return NULL;
        }
    error_set(err, "cannot find router driver \"%.*s\"", STR_ARG(name));
    return NULL;
}

void router_driver_each(void (*each)(void *ctx, const char *name, bool module), void *ctx)
{
    for (const struct router_driver *const *driver = drivers; *driver; driver++)
        each(ctx, (*driver)->info.name, false);
}
