/* Connections to services on this machine and others: UNIX sockets and TCP, with a deadline. */
#ifndef BASE_CONNECT_H
#define BASE_CONNECT_H

#include <stdint.h>

#include "base/error.h"
#include "base/str.h"

/* Connects to the socket with that file name. A non-blocking descriptor, the caller's; -1: errno says why. */
int connect_unix(struct str path, int64_t deadline);

/* Connects to "host:port"; host may be a name, an address, an IPv6 address in brackets. All addresses of a name
 * are tried in turn. -1: err says why. */
int connect_inet(struct arena *arena, struct str name, int64_t deadline, struct error *err);

#endif
