/* What the configuration reader must know of drivers (authenticators, later routers and
 * transports): how to make an instance out of a stanza without knowing what the driver does. */
#ifndef BASE_DRIVER_H
#define BASE_DRIVER_H

#include "base/error.h"
#include "base/option.h"
#include "base/source.h"

/* The head of every driver struct (struct auth_driver begins with it). */
struct driver_info {
    const char *name; /* as `driver =` names it */
    const struct option *options;
    size_t option_count;
    size_t config_size; /* octets of the struct that the private options live in */
};

/* The head of every instance (struct auth_instance begins with it): one stanza. */
struct driver_instance {
    struct driver_instance *next; /* in the order of the file */
    struct str name;
    struct source_pos where; /* of the stanza's first line */
    const struct driver_info *driver;
    void *config; /* the private options: driver->config_size octets */
    struct arena *arena; /* of the configuration: for what init makes of the options */
};

/* One section of drivers. */
struct driver_class {
    const char *section;  /* "authenticators", as `begin` names it */
    const char *noun;     /* "authenticator", for error texts */
    size_t instance_size; /* octets of the struct that begins with struct driver_instance */
    const struct option *options; /* the generic options; offsets into the instance */
    size_t option_count;
    /* The driver of that name, loaded when it is a module. NULL: err says why. */
    const struct driver_info *(*find)(struct str name, struct error *err);
    /* Calls report for every driver that find() knows of; module: it would have to be loaded. May be NULL. */
    void (*each)(void (*report)(void *ctx, const char *name, bool module), void *ctx);
    /* The names of all drivers that Exim has, whether or not this build has them; NULL-terminated. */
    const char *const *known;
    /* All options are set: check them and get ready. */
    bool (*init)(struct driver_instance *instance, struct error *err);
    /* The whole section is read: checks that concern several instances. err->where stays empty. May be NULL. */
    bool (*check)(const struct driver_instance *first, struct error *err);
};

#endif
