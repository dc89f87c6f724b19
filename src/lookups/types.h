/* The lookup types of the table, one file each. */
#ifndef LOOKUPS_TYPES_H
#define LOOKUPS_TYPES_H

#include "lookups/lookup.h"

extern const struct lookup_type lookup_lsearch;
extern const struct lookup_type lookup_wildlsearch;
extern const struct lookup_type lookup_nwildlsearch;
extern const struct lookup_type lookup_iplsearch;
extern const struct lookup_type lookup_dsearch;
extern const struct lookup_type lookup_passwd;

/* Whether Exim has a type of that name, built in here or not. */
bool lookup_type_known(struct str name);

#endif
