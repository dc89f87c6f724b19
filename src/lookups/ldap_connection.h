/* Connections to LDAP servers, which are kept and used again (manual, 9.17). Inside the ldap types only. */
#ifndef LOOKUPS_LDAP_CONNECTION_H
#define LOOKUPS_LDAP_CONNECTION_H

#include <ldap.h>

#include "lookups/ldap_query.h"
#include "lookups/lookup.h"

/* Where a server is. */
struct ldap_server {
    struct str host; /* or the path of a socket; STR_NULL: the library's default */
    int port;
    bool ldaps;
    bool socket;
};

/* The connections of a process. */
struct ldap_connections;
struct ldap_connections *ldap_connections_new(void);
void ldap_connections_free(struct ldap_connections *all);

/* Why there is no connection. */
enum ldap_outcome {
    LDAP_CONNECTED,
    LDAP_REFUSED, /* the user or the password is wrong */
    LDAP_FAILED,  /* err says what happened; another server may do better */
};

/* A connection to the server on which the query's user has authenticated: one that is kept, or a new one. *kept:
 * which of them, if not NULL. */
enum ldap_outcome ldap_connect_to(struct ldap_connections *all, const struct ldap_server *server,
                                  const struct ldap_query *query, LDAP **ldap, bool *kept, struct error *err);

/* Closes a connection that turned out to be of no use. */
void ldap_disconnect(struct ldap_connections *all, LDAP *ldap);

/* What it takes to wait for a step on the network. NULL: for as long as it takes. */
struct timeval;
struct timeval *ldap_patience(const struct ldap_query *query, struct timeval *buffer);

#endif
