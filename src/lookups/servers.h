/* The lists of servers that query types ask one after the other (manual, 9.22 and 9.23). */
#ifndef LOOKUPS_SERVERS_H
#define LOOKUPS_SERVERS_H

#include "lookups/lookup.h"

/* Takes the servers off a request: those of the style's option `servers=`, or of `servers=LIST;` in front of
 * its query; without either those of the main option, whose name and value these are. *query is what is
 * left. database names the type in messages ("Redis"). False: there are none, or the query has no semicolon
 * behind its list, or the list is tainted; err says so. */
bool servers_of_request(const struct lookup_request *request, const char *database, const char *option,
                        struct str value, struct str *servers, struct str *query, struct error *err);

/* One item of the list, with the parameters behind its slashes. An item without any stands for the one of
 * the main option that has the same host. False: there is none. */
bool servers_complete(struct arena *arena, struct str item, struct str value, struct str *server);

/* The length of the host at the start of a server's parameters, up to the slash behind it; a socket's name
 * in parentheses may have slashes in it. */
size_t servers_host_length(struct str server);

#endif
