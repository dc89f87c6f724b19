/* Who calls, for modes that run on standard input: the login behind the process and what -oM says. */
#ifndef MAIN_CALLER_H
#define MAIN_CALLER_H

#include <stdbool.h>

#include "base/error.h"
#include "base/str.h"
#include "expand/scope.h"
#include "main/startup.h"

/* Reads "address", "address.port" or "[address]:port". full: IPv6 addresses get the form that Exim gives them
 * in test sessions, with all their digits. False: it is none. *port is 0 when there is none. */
bool caller_address(struct arena *arena, struct str text, bool full, struct str *address, int *port);

/* Sets program->caller_login and ->caller_name: what -F says, or the password file, as gecos_pattern and gecos_name want
 * it; for a user who is not in it, unknown_login and unknown_username. False: neither tells who the caller is, which is
 * logged. */
bool caller_identify(struct program *program);

/* Fills a connection with the caller's facts: -oMa -oMi -oMs -oMt -oMaa -oMai as cl has them, and for a local caller
 * (no -oMa, no test) the login name as ident and authenticated id. False: err names a bad address. */
bool caller_describe(const struct program *program, const struct command_line *cl,
                     struct scope_connection *connection, struct error *err);

#endif
