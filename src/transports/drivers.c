/* The table of transport drivers. */
#include "transports/transport.h"

/* Made from the switches of Local/Makefile: a line TRANSPORT_DRIVER(name) for each driver. */
#define TRANSPORT_DRIVER(name_) extern const struct transport_driver transport_driver_##name_;
#include "transport_drivers.inc"
#undef TRANSPORT_DRIVER

#define TRANSPORT_DRIVER(name_) &transport_driver_##name_,
static const struct transport_driver *const drivers[] = {
#include "transport_drivers.inc"
    NULL,
};

/* Drivers of Exim that a stanza may name although this build has not got them. */
const char *const transport_drivers_known[] = {"appendfile", "autoreply", "lmtp", "pipe", "queuefile", "smtp", NULL};

const struct transport_driver *transport_driver_find(struct str name, struct error *err)
{
    for (const struct transport_driver *const *driver = drivers; *driver; driver++)
        if (str_is(name, (*driver)->info.name))
            return *driver;
    for (const char *const *known = transport_drivers_known; *known; known++)
        if (str_is(name, *known)) {
            error_set(err, "cannot find transport driver \"%s\": it is known to Exim but not in this build of gatepost",
                      *known);
            return NULL;
        }
    error_set(err, "cannot find transport driver \"%.*s\"", STR_ARG(name));
    return NULL;
}

void transport_driver_each(void (*each)(void *ctx, const char *name, bool module), void *ctx)
{
    for (const struct transport_driver *const *driver = drivers; *driver; driver++)
        each(ctx, (*driver)->info.name, false);
}
