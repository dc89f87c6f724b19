/* RCPT (RFC 5321 section 4.1.1.3). */
#include "mail/recipient.h"
#include "smtp/envelope.h"
#include "smtp/log_lines.h"
#include "smtp/parameters.h"
#include "smtp/policy.h"
#include "smtp/reply.h"
#include "smtp/settings.h"

/* --- What the recipients were answered, for the answer to DATA */

/* Remembers a refusal: DATA tells the client again if all were refused alike. */
static void note_refusal(struct smtp_session *s, struct str text)
{
    struct smtp_transaction *t = &s->transaction;

    if (str_is_null(t->rcpt_response))
        t->rcpt_response = str_copy(s->transaction_arena, text);
    else if (!str_eq(t->rcpt_response, text))
        t->rcpt_response_same = false;
}

/* Errors are remembered with their code, as the client saw them. */
static void fault(struct smtp_session *s, enum smtp_fault kind, int code, struct str data, struct str message)
{
    struct buffer b = BUFFER_IN(s->scratch);

    buffer_printf(&b, "%d ", code);
    if (!str_is_null(data)) {
        buffer_add(&b, data);
        buffer_add_cstr(&b, ": ");
    }
    buffer_add(&b, message);
    note_refusal(s, buffer_str(&b));
    s->message.rcpt_fail_count++;
    smtp_fault(s, kind, code, data, message);
}

/* --- Parameters (RFC 3461). Each returns false when the command has been answered. */

struct rcpt {
    bool notify_given, orcpt_given;
    unsigned notify; /* enum mail_dsn */
    struct str orcpt;
};

/* Reads the list of NOTIFY=. False: there is something else in it. */
static bool parse_notify(struct arena *arena, struct str value, unsigned *flags)
{
    static const struct {
        const char *word;
        unsigned flag;
    } words[] = {{"SUCCESS", DSN_SUCCESS}, {"FAILURE", DSN_FAILURE}, {"DELAY", DSN_DELAY}};
    struct str word;

    *flags = 0;
    if (str_is_empty(value))
        return true;
    if (str_is_nocase(value, "NEVER")) {
        *flags = DSN_NEVER;
        return true;
    }
    for (size_t at = 0; at <= value.n; at += word.n + 1) {
        const struct str rest = str_sub(arena, value, at, value.n);
        ptrdiff_t comma = str_find(rest, ',');
        bool known = false;

        word = comma < 0 ? rest : str_sub(arena, rest, 0, (size_t)comma);
        for (size_t i = 0; i < sizeof words / sizeof *words; i++)
            if (str_is_nocase(word, words[i].word)) {
                *flags |= words[i].flag;
                known = true;
            }
        if (!known)
            return false;
    }
    return true;
}

static bool take_notify(struct smtp_session *s, struct rcpt *rcpt, struct str value)
{
    if (rcpt->notify_given) {
        fault(s, SMTP_SYNTAX, 501, STR_NULL, STR("NOTIFY can be specified once only"));
        return false;
    }
    rcpt->notify_given = true;
    if (!parse_notify(s->scratch, value, &rcpt->notify)) {
        fault(s, SMTP_SYNTAX, 501, STR_NULL, STR("Invalid value for NOTIFY parameter"));
        return false;
    }
    return true;
}

static bool take_orcpt(struct smtp_session *s, struct rcpt *rcpt, struct str value)
{
    if (rcpt->orcpt_given) {
        fault(s, SMTP_SYNTAX, 501, STR_NULL, STR("ORCPT can be specified once only"));
        return false;
    }
    rcpt->orcpt_given = true;
    rcpt->orcpt = value;
    return true;
}

/* Takes the parameters off; *address is what is left. */
static bool take_parameters(struct smtp_session *s, struct rcpt *rcpt, struct str *address)
{
    struct smtp_parameter last;

    *address = s->argument;
    while (s->esmtp && s->dsn_advertised && smtp_last_parameter(s->scratch, *address, &last)) {
        if (str_is_nocase(last.name, "NOTIFY")) {
            if (!take_notify(s, rcpt, last.value))
                return false;
        } else if (str_is_nocase(last.name, "ORCPT")) {
            if (!take_orcpt(s, rcpt, last.value))
                return false;
        } else {
            return true; /* it belongs to the address, or the address is malformed */
        }
        *address = last.rest;
    }
    return true;
}

/* --- The address */

/* Makes the address complete. Everybody may send to the postmaster without a domain (RFC 5321 section
 * 4.5.1). False: answered. */
static bool qualify(struct smtp_session *s, struct address *recipient, struct str text)
{
    if (!str_is_null(recipient->domain))
        return true;
    if (!s->recipient_unqualified_allowed && !str_is_nocase(recipient->text, "postmaster")) {
        s->message.rcpt_fail_count++;
        note_refusal(s, STR("recipient address must contain a domain"));
        smtp_refuse_unqualified(s, "recipient", recipient->text, text);
        return false;
    }
    recipient->domain = s->settings->process->qualify_recipient;
    recipient->text = str_join3(s->scratch, recipient->text, STR("@"), recipient->domain);
    return true;
}

/* False: answered. */
static bool read_recipient(struct smtp_session *s, struct rcpt *rcpt, struct address *recipient)
{
    struct error err = ERROR_IN(s->scratch);
    struct str text;

    if (!take_parameters(s, rcpt, &text))
        return false;
    if (!smtp_parse_address(s, smtp_rewrite(s, text), false, recipient, &err)) {
        fault(s, SMTP_SYNTAX, 501, text, err.text);
        return false;
    }
    return qualify(s, recipient, text);
}

/* --- Limits */

/* False: one too many, answered. */
static bool within_limit(struct smtp_session *s)
{
    int limit = smtp_expand_int(s, s->options->recipients_max, "recipients_max");
    bool reject = s->options->recipients_max_reject;
    struct buffer line = BUFFER_IN(s->scratch);

    if (limit <= 0 || s->message.rcpt_count <= limit)
        return true;
    if (reject)
        s->message.rcpt_fail_count++;
    else
        s->message.rcpt_defer_count++;
    smtp_reply(s, "%d too many recipients", reject ? 552 : 452);
    note_refusal(s, STR("too many recipients"));
    if (s->transaction.too_many_recipients)
        return false;
    s->transaction.too_many_recipients = true;
    buffer_printf(&line, "too many recipients: %s rejected: sender=<",
                  reject ? "message" : "excess temporarily");
    buffer_add(&line, s->message.sender_address);
    buffer_add_cstr(&line, "> ");
    buffer_add(&line, smtp_host_and_ident(s, true));
    log_write_str(LOG_MAIN | LOG_REJECT, buffer_str(&line));
    return false;
}

/* --- The verdict */

static void add_recipient(struct smtp_session *s, const struct rcpt *rcpt, struct str address)
{
    struct smtp_transaction *t = &s->transaction;
    struct scope_message *m = &s->message;

    if (m->recipients_count == t->recipient_capacity) {
        size_t more = t->recipient_capacity > 0 ? 2 * t->recipient_capacity : 4;
        struct scope_recipient *grown = ARENA_ARRAY(s->transaction_arena, struct scope_recipient, more);

        for (size_t i = 0; i < m->recipients_count; i++)
            grown[i] = m->recipients[i];
        m->recipients = grown;
        t->recipient_capacity = more;
    }
    m->recipients[m->recipients_count++] = (struct scope_recipient){
        .address = str_copy(s->transaction_arena, address),
        .dsn_flags = rcpt->notify,
        .dsn_orcpt = str_copy(s->transaction_arena, rcpt->orcpt),
    };
}

static void discard(struct smtp_session *s, const char *acl, struct str reason)
{
    s->transaction.discarded = true;
    s->transaction.discarded_by = acl;
    s->message.rcpt_fail_count++; /* as Exim counts */
    smtp_policy_log_discard(s, acl, reason);
}

static void decide(struct smtp_session *s, const struct rcpt *rcpt, const struct address *recipient)
{
    struct acl_outcome outcome;

    if (s->transaction.discard_all) {
        smtp_reply(s, "250 Accepted");
        discard(s, "MAIL", s->transaction.discard_reason);
        return;
    }
    switch (smtp_policy_run(s, ACL_WHERE_RCPT, recipient->text, &outcome)) {
    case ACL_ACCEPT:
        add_recipient(s, rcpt, recipient->text);
        smtp_policy_accept(s, &outcome, "250", STR("Accepted"));
        return;
    case ACL_DISCARD:
        smtp_policy_accept(s, &outcome, "250", STR("Accepted"));
        discard(s, "RCPT", outcome.log_message);
        return;
    case ACL_DEFER:
    case ACL_ERROR:
        s->message.rcpt_defer_count++;
        break;
    case ACL_DENY:
    case ACL_DROP:
        s->message.rcpt_fail_count++;
        break;
    }
    note_refusal(s, smtp_policy_refuse(s, ACL_WHERE_RCPT, s->argument, &outcome));
}

void smtp_rcpt(struct smtp_session *s)
{
    struct rcpt rcpt = {.orcpt = STR_NULL};
    struct address recipient;

    if (!s->transaction.sender_given) {
        if (s->pipelining_advertised && s->after_refused_mail) {
            note_refusal(s, STR("503 sender not yet given"));
            smtp_reply(s, "503 sender not yet given");
            s->was_rcpt = s->was_refused_mail = true;
        } else {
            fault(s, SMTP_PROTOCOL, 503, STR_NULL, STR("sender not yet given"));
        }
        return;
    }
    s->was_rcpt = true;
    if (str_is_empty(s->argument)) {
        fault(s, SMTP_SYNTAX, 501, STR_NULL, STR("RCPT must have an address operand"));
        return;
    }
    s->message.rcpt_count++;
    smtp_ratelimit_apply(s, &s->prepared->rcpt_limit, s->message.rcpt_count, &s->transaction.rcpt_delay);
    if (!read_recipient(s, &rcpt, &recipient) || !within_limit(s))
        return;
    smtp_set_address(s, &recipient);
    decide(s, &rcpt, &recipient);
}

void smtp_add_recipient(struct smtp_session *s, struct str address)
{
    const struct rcpt plain = {.orcpt = STR_NULL};

    add_recipient(s, &plain, address);
}
