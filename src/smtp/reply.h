/* Replies (RFC 5321 section 4.2), and the count of a peer's errors. Private to src/smtp. */
#ifndef SMTP_REPLY_H
#define SMTP_REPLY_H

#include "smtp/state.h"

/* One line, code and all, without its ending. */
void smtp_reply(struct smtp_session *s, const char *format, ...) __attribute__((format(printf, 2, 3)));
void smtp_reply_str(struct smtp_session *s, struct str line);

/* A text of one or more lines behind a code. final: the last line ends the reply, else it is continued. */
void smtp_respond(struct smtp_session *s, struct str code, struct str text, bool final);

/* A text that an administrator wrote with `message =`: it may begin with a code of its own (manual,
 * 44.21) and is folded where it is long. The code's first digit must be that of fallback, else the panic
 * log says so and fallback is used. */
void smtp_respond_message(struct smtp_session *s, const char *fallback, struct str text);

/* The lines that such a text gives: long ones folded, and the first alone where an ACL has set
 * `control = no_multiline_responses`. */
struct str smtp_message_lines(struct smtp_session *s, struct str text);

/* Splits off the code ("521 " or "521 5.7.1 ") that a message begins with, if its first digit is one of the
 * digits (NULL: that of the fallback). Returns whether there was a right one; *code is the code or the
 * fallback; *text what follows. */
bool smtp_message_code(struct smtp_session *s, const char *fallback, const char *digits, struct str message,
                       struct str *code, struct str *text);

/* Sends what is waiting. */
void smtp_flush(struct smtp_session *s);

enum smtp_fault { SMTP_SYNTAX, SMTP_PROTOCOL };

/* A command that is wrong: replies "code [data: ]message", logs it (selectors smtp_syntax_error and
 * smtp_protocol_error), raises smtp:fail:... and ends the session when there are too many. data: STR_NULL
 * or what of the command is wrong. */
void smtp_fault(struct smtp_session *s, enum smtp_fault kind, int code, struct str data, struct str message);

/* Its log line alone. */
void smtp_log_fault(struct smtp_session *s, enum smtp_fault kind, struct str message);

/* The same as smtp_fault() for a command that has been answered and logged in its own way: only counts. */
void smtp_count_fault(struct smtp_session *s);

/* Ends a session that does not end with QUIT: runs the not-QUIT ACL, once, with the reason in
 * $smtp_notquit_reason, and replies with code and the ACL's message or else text. code NULL: no reply. */
void smtp_notquit(struct smtp_session *s, const char *reason, const char *code, struct str text);

#endif
