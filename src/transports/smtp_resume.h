/* Resuming TLS sessions (option tls_resumption_hosts; manual, 43.17): what a server gave for that is kept in the hints
 * store, under its name and port and what host_name_extract finds in its response to EHLO. Private to
 * src/transports. */
#ifndef TRANSPORTS_SMTP_RESUME_H
#define TRANSPORTS_SMTP_RESUME_H

#include "transports/smtp_remote.h"

/* What to begin TLS with: STR_NULL: nothing is known. Secret. */
struct str smtp_resume_session(struct remote *r);

/* Keeps the session of an encrypted connection for the next; ask when the server has answered something on it. */
void smtp_resume_keep(struct remote *r);

#endif
