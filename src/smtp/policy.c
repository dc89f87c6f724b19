/* ACLs in the session: see policy.h. */
#include "smtp/policy.h"

#include <string.h>

#include "acl/control.h"
#include "base/dscp.h"
#include "smtp/added_headers.h"
#include "smtp/helo.h"
#include "smtp/fold.h"
#include "smtp/log_lines.h"
#include "smtp/pause.h"
#include "smtp/reply.h"

/* --- What ACLs ask */

static bool set_dscp(struct smtp_session *s, struct str value, struct error *err)
{
    int tos;

    if (s->peer->mode == SMTP_TEST)
        return true;
    if (!dscp_parse(value, &tos))
        return error_set(err, "unrecognised DSCP value in \"control=dscp/%.*s\"", STR_ARG(value));
    debug(DEBUG_acl, "set input DSCP to \"%.*s\"", STR_ARG(value));
    dscp_set(s->peer->in_fd, tos);
    return true;
}

static bool obey_control(void *owner, const struct acl_control *control, struct str parameter,
                         struct error *err)
{
    struct smtp_session *s = owner;

    switch (control->id) {
    case CONTROL_ALLOW_AUTH_UNADVERTISED:
        s->auth_unadvertised_allowed = true;
        return true;
    case CONTROL_DSCP:
        return set_dscp(s, parameter, err);
    case CONTROL_ENFORCE_SYNC:
    case CONTROL_NO_ENFORCE_SYNC:
        s->enforce_sync = control->id == CONTROL_ENFORCE_SYNC;
        return true;
    case CONTROL_FAKEDEFER:
    case CONTROL_FAKEREJECT:
        s->transaction.fake_code = control->id == CONTROL_FAKEDEFER ? 450 : 550;
        if (str_is_empty(parameter))
            parameter = STR("Your message has been rejected but is being kept for evaluation.\nIf it was a "
                            "legitimate message, it may still be delivered to the target recipient(s).");
        s->transaction.fake_reply = str_copy(s->transaction_arena, smtp_fold(s->scratch, parameter));
        return true;
    case CONTROL_NO_DELAY_FLUSH:
        s->delay_flush = false;
        return true;
    case CONTROL_NO_MULTILINE_RESPONSES:
        s->multiline_responses = false;
        return true;
    case CONTROL_NO_PIPELINING:
        s->pipelining_allowed = false;
        return true;
    default:
        return error_set(err, "control \"%s\" does not apply to an SMTP session", control->name);
    }
}

/* A header line is added once, however often it is asked for (manual, 44.24). */
static void add_header(void *owner, struct str header)
{
    struct smtp_session *s = owner;
    struct buffer *added = &s->transaction.added_headers;
    struct str line = str_join(s->scratch, header, STR("\n"));

    if (added_headers_have(buffer_str(added), line))
        return;
    buffer_add(added, line);
    s->message.headers_added = str_copy_n(s->transaction_arena, added->s, added->n - 1, added->tainted);
}

/* They go before the DATA ACLs run, or, when named there, after them (manual, 44.25). */
static void remove_header(void *owner, struct str names)
{
    struct smtp_session *s = owner;
    struct buffer *removed = &s->transaction.removed_headers;

    buffer_add_n(removed, names.s, strlen(names.s));
    buffer_add_char(removed, '\0');
    removed->tainted |= names.tainted;
}

static void delay(void *owner, int seconds)
{
    struct smtp_session *s = owner;

    if (s->delay_flush)
        smtp_flush(s);
    smtp_pause(s, (int64_t)seconds * 1000);
}

static void verify_helo(void *owner)
{
    struct smtp_session *s = owner;

    smtp_helo_verify(s);
}

static struct str log_prefix(void *owner, struct arena *arena)
{
    struct smtp_session *s = owner;

    return str_join(arena, smtp_host_and_ident(s, true), STR(" "));
}

const struct acl_host smtp_acl_host = {
    .control = obey_control,
    .add_header = add_header,
    .remove_header = remove_header,
    .delay = delay,
    .verify_helo = verify_helo,
    .log_prefix = log_prefix,
};

/* --- Running */

/* The options that name ACLs, and what it means when one is not set (manual, 44.14). */
static const struct {
    size_t offset;
    enum acl_result unset;
} options[ACL_WHERE_COUNT] = {
#define ROW(where, option, unset) [ACL_WHERE_##where] = {offsetof(struct main_options, option), unset}
    ROW(CONNECT, acl_smtp_connect, ACL_ACCEPT), ROW(HELO, acl_smtp_helo, ACL_ACCEPT),
    ROW(AUTH, acl_smtp_auth, ACL_ACCEPT),       ROW(MAIL, acl_smtp_mail, ACL_ACCEPT),
    ROW(RCPT, acl_smtp_rcpt, ACL_DENY),         ROW(PREDATA, acl_smtp_predata, ACL_ACCEPT),
    ROW(DATA, acl_smtp_data, ACL_ACCEPT),       ROW(VRFY, acl_smtp_vrfy, ACL_DENY),
    ROW(EXPN, acl_smtp_expn, ACL_DENY),         ROW(ETRN, acl_smtp_etrn, ACL_DENY),
    ROW(QUIT, acl_smtp_quit, ACL_ACCEPT),       ROW(NOTQUIT, acl_smtp_notquit, ACL_ACCEPT),
    ROW(MAILAUTH, acl_smtp_mailauth, ACL_ACCEPT), ROW(STARTTLS, acl_smtp_starttls, ACL_ACCEPT),
    ROW(PRDR, acl_smtp_data_prdr, ACL_ACCEPT),  ROW(NOTSMTP, acl_not_smtp, ACL_ACCEPT),
    ROW(NOTSMTP_START, acl_not_smtp_start, ACL_ACCEPT),
#undef ROW
};

/* The ACL of one of these options. */
static const struct template *spec_of(const struct smtp_session *s, enum acl_where where)
{
    return *(const struct template *const *)((const char *)s->options + options[where].offset);
}

enum acl_result smtp_policy_run(struct smtp_session *s, enum acl_where where, struct str recipient,
                                struct acl_outcome *outcome)
{
    struct acl_context *context = &s->acl_owner.context;
    const struct template *spec;

    if (s->peer->batch && where == ACL_WHERE_DATA) /* batches are no SMTP (manual, 49.11) */
        where = ACL_WHERE_NOTSMTP;
    spec = s->peer->batch && where != ACL_WHERE_NOTSMTP && where != ACL_WHERE_NOTSMTP_START ? NULL : spec_of(s, where);
    *outcome = (struct acl_outcome){
        .result = options[where].unset,
        .log_reject_target = LOG_MAIN | LOG_REJECT,
    };
    if (s->peer->batch && !spec)
        outcome->result = ACL_ACCEPT;
    if (!spec) {
        if (outcome->result != ACL_ACCEPT)
            debug(DEBUG_acl, "ACL is NULL: implicit DENY\n");
        return outcome->result;
    }
    s->connection.smtp_command_history = smtp_history(s);
    context->where = where;
    context->recipient = recipient;
    acl_run(context, spec, outcome);
    context->where = ACL_WHERE_UNKNOWN;
    context->recipient = STR_NULL;
    return outcome->result;
}

/* --- Refusing */

/* The code of a refusal without a code of its own. */
static const char *refusal_code(enum acl_where where)
{
    switch (where) {
    case ACL_WHERE_AUTH:
        return "503";
    case ACL_WHERE_ETRN:
        return "458";
    case ACL_WHERE_VRFY:
        return "252"; /* for clients that say VRFY before every RCPT (manual, 49.7) */
    default:
        return "550";
    }
}

/* Where and what was refused: `rejected RCPT <x@y>`. */
static void add_subject(struct buffer *line, enum acl_where where, struct str data)
{
    switch (where) {
    case ACL_WHERE_CONNECT:
        buffer_add_cstr(line, "connection in \"connect\" ACL");
        return;
    case ACL_WHERE_PREDATA:
        buffer_add_cstr(line, "DATA");
        return;
    case ACL_WHERE_DATA:
        buffer_add_cstr(line, "after DATA");
        return;
    default:
        buffer_add_cstr(line, acl_where_name(where));
        buffer_add_char(line, ' ');
        buffer_add(line, data);
    }
}

/* "H=... X=... F=<sender> A=plain:id " */
static void add_session(struct smtp_session *s, struct buffer *line, bool with_sender)
{
    buffer_add(line, smtp_host_and_ident(s, true));
    smtp_log_tls(s, line);
    if (with_sender) {
        buffer_add_cstr(line, " F=<");
        buffer_add(line, s->message.sender_address);
        buffer_add_char(line, '>');
        smtp_log_authenticated(s, line);
    }
}

static struct str first_line(struct arena *arena, struct str text)
{
    ptrdiff_t lf = str_find(text, '\n');

    return lf < 0 ? text : str_sub(arena, text, 0, (size_t)lf);
}

static void log_refusal(struct smtp_session *s, enum acl_where where, struct str data, bool temporary,
                        const struct acl_outcome *outcome)
{
    struct buffer line = BUFFER_IN(s->scratch);

    if (!outcome->log_reject_target)
        return;
    add_session(s, &line, where == ACL_WHERE_RCPT || where == ACL_WHERE_DATA);
    buffer_add_cstr(&line, temporary ? " temporarily rejected " : " rejected ");
    add_subject(&line, where, data);
    if (!str_is_empty(outcome->log_message)) {
        buffer_add_cstr(&line, ": ");
        buffer_add(&line, first_line(s->scratch, outcome->log_message));
    }
    log_write_more(outcome->log_reject_target, buffer_str(&line), s->transaction.reject_log);
}

static const char *what_failed(struct str failure)
{
    return str_is(failure, "mail")         ? "Callback setup failed while verifying"
           : str_is(failure, "postmaster") ? "Postmaster verification failed while checking"
                                           : "Verification failed for";
}

/* Why the sender could not be verified: once for a sender, in the log and, if it is for the client's eyes, in front
 * of the refusal (manual, 44.37). */
static void tell_of_sender(struct smtp_session *s, struct str code, const struct acl_outcome *outcome)
{
    struct acl_verified *failed = outcome->sender_failed;
    struct buffer line = BUFFER_IN(s->scratch);

    if (failed == NULL || failed->told || failed->no_details)
        return;
    failed->told = true;
    buffer_add(&line, smtp_host_and_ident(s, true));
    buffer_add_cstr(&line, failed->result == VERIFY_DEFER ? " sender verify defer for <" : " sender verify fail for <");
    buffer_add(&line, failed->address);
    buffer_add_char(&line, '>');
    if (!str_is_null(failed->message)) {
        buffer_add_cstr(&line, ": ");
        buffer_add(&line, failed->message);
    }
    if (log_selected(LOG_SEL_sender_verify_fail))
        log_write_str(LOG_MAIN, buffer_str(&line));
    if (failed->result == VERIFY_DEFER || str_is_null(failed->user_message))
        return;
    buffer_cut(&line, 0);
    buffer_add_cstr(&line, what_failed(failed->failure));
    buffer_add_cstr(&line, " <");
    buffer_add(&line, failed->address);
    buffer_add_cstr(&line, ">\n");
    buffer_add(&line, failed->user_message);
    smtp_respond(s, code, buffer_str(&line), false);
}

struct str smtp_policy_refuse(struct smtp_session *s, enum acl_where where, struct str data,
                              struct acl_outcome *outcome)
{
    bool temporary = outcome->result == ACL_DEFER || outcome->result == ACL_ERROR;
    const char *fallback = temporary ? "451" : refusal_code(where);
    struct str code, text;

    if (outcome->result == ACL_ERROR || str_is_empty(outcome->user_message)) {
        code = str_of(fallback);
        text = STR("Administrative prohibition");
        if (temporary)
            text = STR("Temporary local problem - please try later");
    } else {
        struct str message = smtp_message_lines(s, outcome->user_message);
        bool same = str_eq(outcome->user_message, outcome->log_message);

        /* The log then shows the reply as it was given. */
        if (!smtp_message_code(s, fallback, where == ACL_WHERE_VRFY ? "245" : NULL, message, &code, &text) &&
            text.n != message.n && same)
            outcome->log_message = str_join3(s->scratch, code, STR(" "), text);
    }
    tell_of_sender(s, code, outcome);
    log_refusal(s, where, data, temporary, outcome);
    smtp_respond(s, code, text, true);
    if (outcome->result == ACL_DROP) {
        smtp_log_closed(s, "DROP in ACL");
        smtp_notquit(s, "acl-drop", NULL, STR_NULL);
        smtp_session_end(s, SMTP_END_DROPPED);
    }
    return text;
}

void smtp_policy_accept(struct smtp_session *s, const struct acl_outcome *outcome, const char *code,
                        struct str text)
{
    if (str_is_empty(outcome->user_message))
        smtp_respond(s, str_of(code), text, true);
    else
        smtp_respond_message(s, code, outcome->user_message);
}

void smtp_policy_log_discard(struct smtp_session *s, const char *acl, struct str reason)
{
    struct buffer line = BUFFER_IN(s->scratch);

    add_session(s, &line, true);
    buffer_add_cstr(&line, " RCPT ");
    buffer_add(&line, s->argument);
    buffer_printf(&line, ": discarded by %s ACL", acl);
    if (!str_is_empty(reason)) {
        buffer_add_cstr(&line, ": ");
        buffer_add(&line, first_line(s->scratch, reason));
    }
    log_write_str(LOG_MAIN | LOG_REJECT, buffer_str(&line));
}

struct str smtp_policy_notquit(struct smtp_session *s, const char *reason)
{
    struct acl_outcome outcome;

    if (s->notquit_done)
        return STR_NULL;
    s->notquit_done = true;
    s->connection.notquit_reason = str_of(reason);
    if (smtp_policy_run(s, ACL_WHERE_NOTQUIT, STR_NULL, &outcome) == ACL_ERROR)
        log_write(LOG_MAIN | LOG_PANIC, "ACL for not-QUIT returned ERROR: %.*s",
                  STR_ARG(outcome.log_message));
    if (outcome.result != ACL_ACCEPT || str_is_empty(outcome.user_message))
        return STR_NULL;
    return outcome.user_message;
}
