/* The names of the calling host (manual, 14: host_lookup; 10.14). */
#ifndef SMTP_HOST_NAME_H
#define SMTP_HOST_NAME_H

#include "expand/scope.h"

/* Looks up the names of scope->connection's peer unless they are known or known to be unknown: $sender_host_name,
 * its aliases and $sender_host_dnssec, or $host_lookup_failed, $host_lookup_deferred and why. A name counts when a
 * forward lookup leads back to the address. */
void smtp_find_host_name(struct scope *scope);

#endif
