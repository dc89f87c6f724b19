/* The table of lookup types: those built in, and those that are loaded as modules when a configuration first
 * names them. A new type is a file, a row in types.h, and a line in scripts/switches.mk. */
#include "lookups/types.h"

#include <stddef.h>
#include <stdio.h>

#include "build_config.h"

struct row {
    const char *name;
    const struct lookup_type *type; /* NULL: in a module */
    const char *module;
};

/* lookup_types.inc is made from the switches of Local/Makefile: a line LOOKUP_TYPE_BUILTIN(type) or
 * LOOKUP_TYPE_MODULE(type, module) for each type, in the order of -bV. */
#define LOOKUP_TYPE_BUILTIN(name_) {#name_, &lookup_##name_, NULL},
#define LOOKUP_TYPE_MODULE(name_, module_) {#name_, NULL, #module_},
static const struct row rows[] = {
#include "lookup_types.inc"
    {NULL, NULL, NULL},
};

/* Types of Exim that a style may name although this build has not got them. */
static const char *const known[] = {
    "cdb",          "dbm",    "dbmjz",  "dbmnz", "dnsdb",   "dsearch", "ibase",  "iplsearch", "json",
    "ldap",         "ldapdn", "ldapm",  "lmdb",  "lsearch", "mysql",   "nis",    "nis0",      "nisplus",
    "nwildlsearch", "oracle", "passwd", "pgsql", "redis",   "spf",     "sqlite", "whoson",    "wildlsearch",
};

enum { FILE_NAME = 80 };

static void name_file(char file[FILE_NAME], const struct row *row)
{
    snprintf(file, FILE_NAME, "lookup_%s", row->module);
}

static const struct lookup_type *load(const struct row *row, struct error *err)
{
    char file[FILE_NAME];
    struct error why = {.arena = err ? err->arena : NULL};
    const struct lookup_module *module;

    name_file(file, row);
    module = module_load(MODULE_DIRECTORY, file, LOOKUP_MODULE_SYMBOL, err ? &why : NULL);
    for (size_t i = 0; module && module->types[i]; i++)
        if (str_is(str_of(row->name), module->types[i]->name))
            return module->types[i];
    if (module)
        error_set(err, "cannot load lookup type \"%s\": the module has other types in it", row->name);
    else
        error_set(err, "cannot load lookup type \"%s\": %.*s", row->name, STR_ARG(why.text));
    return NULL;
}

const struct lookup_type *lookup_type_find(struct str name, struct error *err)
{
    for (const struct row *row = rows; row->name; row++)
        if (str_is(name, row->name))
            return row->type ? row->type : load(row, err);
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (str_is(name, known[i])) {
            error_set(err, "lookup type \"%s\" is known to Exim but not supported by gatepost", known[i]);
            return NULL;
        }
    error_set(err, "unknown lookup type \"%.*s\"", STR_ARG(name));
    return NULL;
}

const struct lookup_type *lookup_type_mapped(struct str name)
{
    char file[FILE_NAME];

    for (const struct row *row = rows; row->name; row++) {
        if (!str_is(name, row->name))
            continue;
        if (row->type)
            return row->type;
        name_file(file, row);
        return module_is_mapped(MODULE_DIRECTORY, file) ? load(row, NULL) : NULL;
    }
    return NULL;
}

void lookup_type_each_unsupported(void (*each)(void *ctx, const char *name), void *ctx)
{
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        const struct row *row = rows;

        while (row->name && !str_is(str_of(known[i]), row->name))
            row++;
        if (!row->name)
            each(ctx, known[i]);
    }
}

void lookup_type_each(void (*each)(void *ctx, const char *name, const char *module), void *ctx)
{
    for (const struct row *row = rows; row->name; row++)
        each(ctx, row->name, row->module);
}
