/* Commands that take a few lines each: NOOP, RSET, QUIT, HELP. */
#include "smtp/log_lines.h"
#include "smtp/policy.h"
#include "smtp/reply.h"

void smtp_noop(struct smtp_session *s)
{
    smtp_reply(s, "250 OK");
}

void smtp_rset(struct smtp_session *s)
{
    smtp_log_incomplete(s, "RSET");
    smtp_transaction_reset(s);
    smtp_reply(s, "250 Reset OK");
}

/* The ACL can only word the reply: the code is 221 whatever its message says, and a verdict that is none of
 * an ACL for QUIT is logged (manual, 44.10). */
void smtp_quit(struct smtp_session *s)
{
    struct str text = str_join(s->scratch, s->connection.active_hostname, STR(" closing connection"));
    struct acl_outcome outcome;

    smtp_log_incomplete(s, "QUIT");
    if (smtp_policy_run(s, ACL_WHERE_QUIT, STR_NULL, &outcome) == ACL_ERROR)
        log_write(LOG_MAIN | LOG_PANIC, "ACL for QUIT returned ERROR: %.*s", STR_ARG(outcome.log_message));
    if (!str_is_empty(outcome.user_message))
        text = smtp_message_lines(s, outcome.user_message);
    smtp_respond(s, STR("221"), text, true);
    smtp_flush(s);
    smtp_log_closed(s, "QUIT");
    smtp_session_end(s, SMTP_END_QUIT);
}

void smtp_help(struct smtp_session *s)
{
    struct buffer b = BUFFER_IN(s->scratch);

    buffer_add_cstr(&b, "Commands supported:\nAUTH ");
    if (s->tls_advertised)
        buffer_add_cstr(&b, "STARTTLS ");
    buffer_add_cstr(&b, "HELO EHLO MAIL RCPT DATA BDAT NOOP QUIT RSET HELP");
    if (s->options->acl_smtp_etrn)
        buffer_add_cstr(&b, " ETRN");
    if (s->options->acl_smtp_expn)
        buffer_add_cstr(&b, " EXPN");
    if (s->options->acl_smtp_vrfy)
        buffer_add_cstr(&b, " VRFY");
    smtp_respond(s, STR("214"), buffer_str(&b), true);
}
