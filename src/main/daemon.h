/* -bd: the daemon. A master binds the ports and keeps a pool of workers forked ahead of need. */
#ifndef MAIN_DAEMON_H
#define MAIN_DAEMON_H

#include "main/startup.h"

/* Runs the daemon; *program is replaced when SIGHUP loads the configuration again. Returns the exit code
 * of this process: of the parent when the daemon has gone into the background. */
int daemon_mode(struct program **program);

#endif
