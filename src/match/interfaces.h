/* Which addresses and hosts are this one: for @[] items, for MX records that point here. */
#ifndef MATCH_INTERFACES_H
#define MATCH_INTERFACES_H

#include <stdbool.h>

#include "base/hosts.h"
#include "base/ip.h"

struct scope;

/* Whether the address is one of this host's: of its interfaces, or of those that the option
 * local_interfaces leaves, or of extra_local_interfaces (manual, chapter 13). */
bool is_local_interface(const struct scope *scope, const struct ip *ip);

/* Whether the host is this one: by its address as above, or because its name is in hosts_treat_as_local. For struct
 * host_request; scope is a struct scope. */
bool is_local_host(void *scope, const struct host *host);

#endif
