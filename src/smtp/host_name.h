/* The name of the calling host (manual, 14: host_lookup), and whether its HELO name is its own. */
#ifndef SMTP_HOST_NAME_H
#define SMTP_HOST_NAME_H

#include <stdbool.h>

#include "base/str.h"
#include "expand/scope.h"

/* Looks up scope->connection's name unless that was done, and sets $sender_host_name or
 * $host_lookup_failed. Without DNS, the hosts file is all there is to look in. */
void smtp_find_host_name(struct scope *scope);

/* Whether host_lookup_order lets the hosts file be looked in: its "byaddr". */
bool smtp_hosts_file_used(struct str host_lookup_order);

/* Whether the hosts file gives the name that address. */
bool smtp_host_has_address(struct str name, struct str address);

#endif
