/* ACLs in the session: running them, and turning what they say into replies and log lines.
 * Private to src/smtp. */
#ifndef SMTP_POLICY_H
#define SMTP_POLICY_H

#include "smtp/state.h"

/* What ACLs may ask of a session; the owner is the session. */
extern const struct acl_host smtp_acl_host;

/* Runs the ACL that an option sets for that place. recipient: the address that `recipients` and others
 * test, STR_NULL where there is none. */
enum acl_result smtp_policy_run(struct smtp_session *s, enum acl_where where, struct str recipient,
                                struct acl_outcome *outcome);

/* Refuses the command after an ACL's deny, defer, drop or error: reply and log line, and the end of the
 * session after drop. data: what follows the command's name in the log. Returns the reply's text without
 * its code. */
struct str smtp_policy_refuse(struct smtp_session *s, enum acl_where where, struct str data,
                              struct acl_outcome *outcome);

/* Replies to a command that was accepted: the ACL's message, or the code and the text. */
void smtp_policy_accept(struct smtp_session *s, const struct acl_outcome *outcome, const char *code,
                        struct str text);

/* Logs a recipient, or all of them, that an ACL discarded: "RCPT <x@y>: discarded by RCPT ACL: reason". */
void smtp_policy_log_discard(struct smtp_session *s, const char *acl, struct str reason);

/* Runs the not-QUIT ACL unless it has run; returns the message it gave, or STR_NULL. */
struct str smtp_policy_notquit(struct smtp_session *s, const char *reason);

#endif
