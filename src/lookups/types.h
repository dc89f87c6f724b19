/* The lookup types of the table, one file each. */
#ifndef LOOKUPS_TYPES_H
#define LOOKUPS_TYPES_H

#include "lookups/lookup.h"

extern const struct lookup_type lookup_lsearch;
extern const struct lookup_type lookup_wildlsearch;
extern const struct lookup_type lookup_nwildlsearch;
extern const struct lookup_type lookup_iplsearch;
extern const struct lookup_type lookup_cdb;
extern const struct lookup_type lookup_dbm;
extern const struct lookup_type lookup_dbmjz;
extern const struct lookup_type lookup_dbmnz;
extern const struct lookup_type lookup_dnsdb;
extern const struct lookup_type lookup_dsearch;
extern const struct lookup_type lookup_json;
extern const struct lookup_type lookup_ldap;
extern const struct lookup_type lookup_ldapdn;
extern const struct lookup_type lookup_ldapm;
extern const struct lookup_type lookup_passwd;
extern const struct lookup_type lookup_redis;
extern const struct lookup_type lookup_sqlite;

#endif
