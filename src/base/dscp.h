/* The DSCP field of outgoing packets (RFC 2474): its names, and setting it for a socket. */
#ifndef BASE_DSCP_H
#define BASE_DSCP_H

#include <stdbool.h>

#include "base/str.h"

/* Reads a name such as "ef", or a number from 0 to 63 (decimal, octal or hexadecimal), into the octet that it is
 * the upper six bits of. False: it is neither. */
bool dscp_parse(struct str text, int *tos);

/* Sets it for what a connected socket of IPv4 or IPv6 sends; anything else is left as it is. */
void dscp_set(int fd, int tos);

/* The names in alphabetical order; NULL after the last. */
const char *dscp_name(unsigned i);

#endif
