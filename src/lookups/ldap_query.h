/* Reading LDAP queries (manual, 9.15 and 9.18): parameters, then a URL. Inside the ldap types only. */
#ifndef LOOKUPS_LDAP_QUERY_H
#define LOOKUPS_LDAP_QUERY_H

#include <stdbool.h>

#include "base/error.h"
#include "base/str.h"

struct ldap_query {
    struct str user, password; /* STR_NULL: not given; the user without its URL quoting */
    struct str servers;        /* STR_NULL: not given */
    int size;                  /* entries; 0: as many as there are */
    int time, nettime;         /* seconds for the search, and for each step on the network; 0: no limit */
    int dereference;           /* LDAP_DEREF_...; -1: not given */
    bool referrals;            /* are followed */
    struct str url;
    bool ldaps, ldapi;         /* what the URL begins with, when it is not ldap */
};

/* Takes a query apart. Strings live in the arena. False: err says what is wrong with it. */
bool ldap_query_read(struct arena *arena, struct str text, struct ldap_query *query, struct error *err);

/* ${quote_ldap:...} for values in filters, ${quote_ldap_dn:...} for those in distinguished names: LDAP's own quoting,
 * then that of URLs (manual, 9.16). STR_NULL: no such option. */
struct str ldap_quote(struct arena *arena, struct str text, struct str option);

#endif
