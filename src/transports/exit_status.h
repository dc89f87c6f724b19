/* What the exit status of a command may mean (sysexits.h). Private to src/transports. */
#ifndef TRANSPORTS_EXIT_STATUS_H
#define TRANSPORTS_EXIT_STATUS_H

#include "base/str.h"

/* " (could mean temporary error)", or nothing. */
struct str exit_status_meaning(struct arena *arena, int code);

#endif
