/* AUTH= on MAIL: see mailauth.h. */
#include "smtp/mailauth.h"

#include "base/ascii.h"
#include "base/truth.h"
#include "base/xtext.h"
#include "smtp/log_lines.h"
#include "smtp/policy.h"
#include "smtp/reply.h"

/* Octets that could make a second line of a log entry, a header or a spool file are refused, however well
 * they are encoded. */
static bool has_controls(struct str v)
{
    for (size_t i = 0; i < v.n; i++)
        if (ascii_is_control(v.s[i]))
            return true;
    return false;
}

/* The authenticator's server_mail_auth_condition. */
static bool condition_holds(struct smtp_session *s)
{
    const struct auth_instance *auth = s->authenticator;
    struct error err = ERROR_IN(s->scratch);
    struct str value;

    if (!auth || !auth->server_mail_auth_condition)
        return true;
    switch (expand(&s->scope, auth->server_mail_auth_condition, s->scratch, &value, &err)) {
    case EXPAND_OK:
        return truth_of(value) != TRUTH_NO;
    case EXPAND_FORCED:
        return false;
    case EXPAND_FAILED:
    case EXPAND_DEFER:
        break;
    }
    log_write(LOG_MAIN | LOG_PANIC, "failed to expand condition \"%.*s\" for %.*s authenticator: %.*s",
              STR_ARG(template_source(auth->server_mail_auth_condition)), STR_ARG(auth->instance.name),
              STR_ARG(err.text));
    return false;
}

static void ignore(struct smtp_session *s, struct str value, struct str why)
{
    struct buffer line = BUFFER_IN(s->scratch);

    buffer_add_cstr(&line, "ignoring AUTH=");
    buffer_add(&line, value);
    buffer_add_cstr(&line, " from ");
    buffer_add(&line, smtp_host_and_ident(s, true));
    buffer_add_cstr(&line, " (");
    buffer_add(&line, why);
    buffer_add_char(&line, ')');
    log_write_str(LOG_MAIN, buffer_str(&line));
    s->message.authenticated_sender = STR_NULL;
}

/* Whose condition it was that did not hold. */
static struct str condition_failed(struct smtp_session *s)
{
    struct str text = STR("server_mail_auth_condition failed"), id = s->connection.authenticated_id;

    if (str_is_empty(id))
        return text;
    return str_join3(s->scratch, text, STR(": authenticated ID=\""), str_join(s->scratch, id, STR("\"")));
}

/* Why the value is not accepted; STR_NULL: it is. *answered: it was deferred, and MAIL with it. */
static struct str objection(struct smtp_session *s, bool *answered)
{
    struct acl_outcome outcome;

    *answered = false;
    if (s->options->acl_smtp_mailauth) {
        switch (smtp_policy_run(s, ACL_WHERE_MAILAUTH, STR_NULL, &outcome)) {
        case ACL_ACCEPT:
            break;
        case ACL_DENY:
            return STR("rejected by ACL");
        default:
            if (outcome.result != ACL_DEFER)
                outcome.result = ACL_ERROR; /* drop and discard are not for this ACL */
            smtp_policy_refuse(s, ACL_WHERE_MAILAUTH, s->argument, &outcome);
            *answered = true;
            return STR_NULL;
        }
    } else if (str_is_empty(s->connection.host_authenticated)) {
        return STR("client not authenticated");
    }
    return condition_holds(s) ? STR_NULL : condition_failed(s);
}

bool smtp_mailauth(struct smtp_session *s, struct str value)
{
    struct str sender, why;
    bool answered;

    if (str_is(value, "<>"))
        return true;
    if (str_is_null(value) || !xtext_decode(s->transaction_arena, value, &sender) || has_controls(sender)) {
        smtp_fault(s, SMTP_SYNTAX, 501, STR_NULL, STR("invalid data for AUTH"));
        return false;
    }
    if (str_is_empty(sender))
        return true;
    s->message.authenticated_sender = str_taint(sender);
    why = objection(s, &answered);
    if (!str_is_null(why))
        ignore(s, value, why);
    return !answered;
}
