/* Who calls, for modes that run on standard input: the login behind the process and what -oM says. */
#ifndef MAIN_CALLER_H
#define MAIN_CALLER_H

#include <stdbool.h>

#include "base/error.h"
#include "base/str.h"
#include "config/config.h"
#include "expand/scope.h"
#include "main/command_line.h"

/* Reads "address", "address.port" or "[address]:port". full: IPv6 addresses get the form that Exim gives them
 * in test sessions, with all their digits. False: it is none. *port is 0 when there is none. */
bool caller_address(struct arena *arena, struct str text, bool full, struct str *address, int *port);

/* Fills a connection with the caller's facts: -oMa -oMi -oMs -oMt -oMaa -oMai, and for a local caller
 * (no -oMa, no test) the login name as ident and authenticated id. False: err names a bad address. */
bool caller_describe(struct arena *arena, const struct command_line *cl, struct scope_connection *connection,
                     struct error *err);

/* The caller's name in the password file, as gecos_pattern and gecos_name want it; empty: none. */
struct str caller_full_name(struct arena *arena, const struct config *config, const struct scope_process *process);

/* The caller's login name, or its user id in digits. */
struct str caller_login(struct arena *arena);

#endif
