/* The table of lookup types. A new type is a file, a row here and in types.h, and a switch in
 * Local/Makefile. */
#include "lookups/types.h"

#include <stddef.h>

#include "build_config.h"

/* In the order of -bV: as the packaged Exim prints them. */
static const struct lookup_type *const types[] = {
#if LOOKUP_LSEARCH
    &lookup_lsearch, &lookup_wildlsearch, &lookup_nwildlsearch, &lookup_iplsearch,
#endif
#if LOOKUP_DSEARCH
    &lookup_dsearch,
#endif
#if LOOKUP_PASSWD
    &lookup_passwd,
#endif
    NULL,
};

/* Types of Exim that a style may name although this build has not got them. */
static const char *const known[] = {
    "cdb",          "dbm",    "dbmjz",  "dbmnz", "dnsdb",   "dsearch", "ibase",  "iplsearch", "json",
    "ldap",         "ldapdn", "ldapm",  "lmdb",  "lsearch", "mysql",   "nis",    "nis0",      "nisplus",
    "nwildlsearch", "oracle", "passwd", "pgsql", "redis",   "spf",     "sqlite", "whoson",    "wildlsearch",
};

const struct lookup_type *lookup_type_find(struct str name)
{
    for (const struct lookup_type *const *type = types; *type; type++)
        if (str_is(name, (*type)->name))
            return *type;
    return NULL;
}

bool lookup_type_known(struct str name)
{
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (str_is(name, known[i]))
            return true;
    return false;
}

void lookup_type_names(void (*each)(void *ctx, const struct lookup_type *type), void *ctx)
{
    for (const struct lookup_type *const *type = types; *type; type++)
        each(ctx, *type);
}
