/* The IP addresses of this host, for @[] items. */
#ifndef MATCH_INTERFACES_H
#define MATCH_INTERFACES_H

#include <stdbool.h>

#include "base/ip.h"

struct scope;

/* Whether the address is one of this host's: of its interfaces, or of those that the option
 * local_interfaces leaves, or of extra_local_interfaces (manual, chapter 13). */
bool is_local_interface(const struct scope *scope, const struct ip *ip);

#endif
