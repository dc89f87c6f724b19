/* The table of authenticator drivers: those built in, and those that are loaded as modules when a
 * stanza first names them. */
#include "auths/auth.h"

#include <stdio.h>
#include <string.h>

#include "build_config.h"

/* auth_drivers.inc is made from the switches of Local/Makefile: a line AUTH_DRIVER_BUILTIN(name)
 * or AUTH_DRIVER_MODULE(name) for each driver. */
#define AUTH_DRIVER_BUILTIN(name_) extern const struct auth_driver auth_driver_##name_;
#define AUTH_DRIVER_MODULE(name_)
#include "auth_drivers.inc"
#undef AUTH_DRIVER_BUILTIN
#undef AUTH_DRIVER_MODULE

struct row {
    const char *name;
    const struct auth_driver *driver; /* NULL: in a module */
};

#define AUTH_DRIVER_BUILTIN(name_) {#name_, &auth_driver_##name_},
#define AUTH_DRIVER_MODULE(name_) {#name_, NULL},
static const struct row rows[] = {
#include "auth_drivers.inc"
    {NULL, NULL},
};

/* Drivers of Exim that a stanza may name although this build has not got them. */
const char *const auth_drivers_known[] = {
    "cram_md5", "cyrus_sasl", "dovecot", "external", "gsasl", "heimdal_gssapi", "plaintext", "spa", "tls", NULL,
};

enum { FILE_NAME = 80 };

static void name_file(char file[FILE_NAME], const char *name)
{
    snprintf(file, FILE_NAME, "auth_%s", name);
}

static const struct auth_driver *load(const char *name, struct error *err)
{
    char file[FILE_NAME];
    struct error why = {.arena = err ? err->arena : NULL};
    const struct auth_module *module;

    name_file(file, name);
    module = module_load(MODULE_DIRECTORY, file, AUTH_MODULE_SYMBOL, err ? &why : NULL);
    if (module && strcmp(module->driver->info.name, name) == 0)
        return module->driver;
    if (module)
        error_set(err, "cannot load authenticator driver \"%s\": the module has another driver in it", name);
    else
        error_set(err, "cannot load authenticator driver \"%s\": %.*s", name, STR_ARG(why.text));
    return NULL;
}

const struct auth_driver *auth_driver_find(struct str name, struct error *err)
{
    for (const struct row *row = rows; row->name; row++)
        if (str_is(name, row->name))
            return row->driver ? row->driver : load(row->name, err);
    for (const char *const *known = auth_drivers_known; *known; known++)
        if (str_is(name, *known)) {
            error_set(err, "cannot find authenticator driver \"%s\": it is known to Exim but not in this build of gatepost",
                      *known);
            return NULL;
        }
    error_set(err, "cannot find authenticator driver \"%.*s\"", STR_ARG(name));
    return NULL;
}

const struct auth_driver *auth_driver_mapped(struct str name)
{
    char file[FILE_NAME];

    for (const struct row *row = rows; row->name; row++) {
        if (!str_is(name, row->name))
            continue;
        if (row->driver)
            return row->driver;
        name_file(file, row->name);
        return module_is_mapped(MODULE_DIRECTORY, file) ? load(row->name, NULL) : NULL;
    }
    return NULL;
}

void auth_driver_each(void (*each)(void *ctx, const char *name, bool module), void *ctx)
{
    for (const struct row *row = rows; row->name; row++)
        each(ctx, row->name, !row->driver);
}
