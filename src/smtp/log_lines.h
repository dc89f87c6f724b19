/* How log lines name the peer and tell of the session (manual, chapter 53). Private to src/smtp. */
#ifndef SMTP_LOG_LINES_H
#define SMTP_LOG_LINES_H

#include "smtp/state.h"

/* "name (helo) [address]:port I=[address]:port U=ident": the parts that are known and selected. tagged:
 * with "H=" in front of the host, as in lines that have other such tags; a local caller is then
 * "U=login", else just the login. In the scratch arena. */
struct str smtp_host_and_ident(struct smtp_session *s, bool tagged);

/* "SMTP connection from ..." for lines about the connection as such; with the next where it is selected. */
struct str smtp_connection_name(struct smtp_session *s);

/* " Ci=identifier" of a connection to the daemon, if selected, else nothing. */
void smtp_log_connection_id(struct smtp_session *s, struct buffer *line);

/* " A=authenticator:id" for an authenticated session, else nothing. */
void smtp_log_authenticated(struct smtp_session *s, struct buffer *line);

/* " X=cipher CV=yes DN="..." SNI=name" of an encrypted session, as far as they are selected, else nothing. */
void smtp_log_tls(struct smtp_session *s, struct buffer *line);

/* " C=EHLO,MAIL": the latest commands; nothing when there were none. */
void smtp_log_history(struct smtp_session *s, struct buffer *line);

/* The same list as $smtp_command_history has it. */
struct str smtp_history(struct smtp_session *s);

/* " D=3s": how long something has lasted that began then (monotonic milliseconds); with milliseconds when
 * the log has them. */
void smtp_log_duration(struct smtp_session *s, struct buffer *line, const char *tag, int64_t begun_ms);

/* A transaction that does not come to its end (selector smtp_incomplete_transaction). */
void smtp_log_incomplete(struct smtp_session *s, const char *why);

/* A message that cannot be kept: the disk is full, or what else the error number says. */
void smtp_log_abandoned(struct smtp_session *s, int error);

/* The session's end: "SMTP connection from ... closed by QUIT" (selector smtp_connection). */
void smtp_log_closed(struct smtp_session *s, const char *how);

/* A session without any MAIL command (selector smtp_no_mail). */
void smtp_log_no_mail(struct smtp_session *s);

#endif
