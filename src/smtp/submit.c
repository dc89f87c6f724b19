/* A message on standard input without SMTP: see submit.h. */
#include "smtp/submit.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/utf8.h"
#include "expand/header_address.h"
#include "mail/fixups.h"
#include "mail/header.h"
#include "mail/space.h"
#include "smtp/arrival.h"
#include "smtp/data.h"
#include "smtp/envelope.h"
#include "smtp/log_lines.h"
#include "smtp/octets.h"
#include "smtp/policy.h"
#include "smtp/receive.h"
#include "smtp/settings.h"

/* Addresses in UTF-8 make a message an international one here: nobody says SMTPUTF8. */
static void note_utf8(struct smtp_session *s, struct str address)
{
    if (!utf8_is_ascii(address))
        smtp_allow_utf8(s, true);
}

/* --- Recipients */

static bool add_recipient(struct smtp_session *s, struct str text, struct error *err)
{
    struct address address;

    if (!smtp_parse_address(s, text, false, &address, err))
        return false;
    if (str_is_null(address.domain))
        address.text = str_join3(s->scratch, address.text, STR("@"), s->settings->process->qualify_recipient);
    note_utf8(s, address.text);
    smtp_add_recipient(s, address.text);
    return true;
}

static struct submission_bad_address *bad_address(struct smtp_session *s, struct str address, struct str reason)
{
    struct submission_bad_address *bad = ARENA_NEW(s->transaction_arena, struct submission_bad_address);

    bad->address = str_copy(s->transaction_arena, address);
    bad->reason = str_copy(s->transaction_arena, reason);
    return bad;
}

/* Adds all mailboxes of a list. Returns those that are none, in order. */
static struct submission_bad_address *add_list(struct smtp_session *s, struct str text)
{
    struct header_address_list list = {.text = text};
    struct submission_bad_address *first = NULL, **last = &first;
    struct error err = ERROR_IN(s->scratch);
    struct str mailbox;

    while (header_address_next(&list, s->scratch, &mailbox)) {
        mailbox = str_trim(s->scratch, mailbox);
        if (str_is_empty(mailbox) || add_recipient(s, mailbox, &err))
            continue;
        *last = bad_address(s, mailbox, err.text);
        last = &(*last)->next;
    }
    return first;
}

static void add_headers_list(struct smtp_session *s, struct str text)
{
    struct submission_bad_address **last = &s->transaction.bad_addresses;

    while (*last)
        last = &(*last)->next;
    *last = add_list(s, text);
}

static bool is_excluded(const struct smtp_session *s, struct str address)
{
    struct error err = ERROR_IN(s->scratch);

    for (char *const *a = s->submission->recipients; *a; a++) {
        struct address parsed;

        if (smtp_parse_address((struct smtp_session *)s, str_of(*a), false, &parsed, &err) &&
            str_eq_nocase(parsed.text, address))
            return true;
    }
    return false;
}

/* -t: arguments name those who are not to have the message, unless an option says otherwise. */
void smtp_submission_extract(struct smtp_session *s, struct mail_message *mail)
{
    const char *prefix = mail_is_resent(mail) ? "Resent-" : "";
    struct scope_message *m = &s->message;
    size_t kept = 0;

    for (struct mail_header *h = mail->headers; h; h = h->next)
        if ((h->type == HEADER_TO || h->type == HEADER_CC || h->type == HEADER_BCC) &&
            (str_starts_nocase(h->text, "Resent-") == (*prefix != '\0')))
            add_headers_list(s, mail_header_value(s->scratch, h));
    if (!s->options->extract_addresses_remove_arguments) {
        for (char *const *a = s->submission->recipients; *a; a++)
            add_headers_list(s, str_of(*a));
        return;
    }
    for (size_t i = 0; i < m->recipients_count; i++)
        if (!is_excluded(s, m->recipients[i].address))
            m->recipients[kept++] = m->recipients[i];
    m->recipients_count = kept;
    for (char *const *a = s->submission->recipients; *a; a++)
        address_set_add(&mail->delivered, str_of(*a));
}

/* --- The sender */

/* Who is not trusted may name few other senders, and is held to be the sender all the same. */
static void change_sender(struct smtp_session *s, const struct address *address)
{
    struct error err = ERROR_IN(s->scratch);
    struct str own = s->message.sender_address, text = address->text;

    if (text.n > 0 && str_is_null(address->domain))
        text = str_join3(s->arena, text, STR("@"), s->settings->process->qualify_domain);
    if (!s->peer->trusted && text.n > 0 &&
        list_match(&s->scope, s->options->untrusted_set_sender, text, NULL, &err) != MATCH_YES)
        return;
    note_utf8(s, text);
    s->message.sender_address = s->transaction.raw_sender = str_copy(s->arena, text);
    s->transaction.sender_set_untrusted = !s->peer->trusted && !str_eq(text, own);
    if (!s->peer->trusted)
        return;
    s->transaction.sender_is_caller = false;
    s->message.authenticated_sender = STR_NULL;
}

static bool set_sender(struct smtp_session *s)
{
    const struct smtp_submission *submission = s->submission;
    struct error err = ERROR_IN(s->scratch);
    struct address address = {.text = STR(""), .domain = STR_NULL};
    struct str own = str_join3(s->arena, s->peer->login, STR("@"), s->settings->process->qualify_domain);

    s->message.sender_set = true;
    s->message.sender_address = s->transaction.raw_sender = own;
    s->transaction.sender_is_caller = true;
    s->message.authenticated_sender = own;
    s->connection.authenticated_id = s->peer->login;
    if (str_is_null(submission->sender))
        return true;
    if (!str_is_empty(submission->sender) && !smtp_parse_address(s, submission->sender, true, &address, &err)) {
        fprintf(stderr, "exim: bad -f address \"%.*s\": %.*s\n", STR_ARG(submission->sender), STR_ARG(err.text));
        return false;
    }
    change_sender(s, &address);
    if (s->peer->trusted)
        s->connection.authenticated_id = STR_NULL;
    return true;
}

void smtp_submission_from_line(struct smtp_session *s)
{
    struct error err = ERROR_IN(s->scratch);
    struct address address;
    struct str text;

    if (!s->peer->trusted || !str_is_null(s->submission->sender) || !s->options->uucp_from_sender)
        return;
    if (expand(&s->scope, s->options->uucp_from_sender, s->scratch, &text, &err) != EXPAND_OK) {
        log_write(LOG_MAIN | LOG_PANIC, "expansion of \"%.*s\" failed after matching \"From \" line: %.*s",
                  STR_ARG(template_source(s->options->uucp_from_sender)), STR_ARG(err.text));
        return;
    }
    if (str_is_empty(text))
        address = (struct address){.text = STR(""), .domain = STR_NULL};
    else if (!smtp_parse_address(s, text, true, &address, &err))
        return;
    change_sender(s, &address);
}

/* --- The message */

/* What the sender gets back of the body, if the message is refused; the queue gets all of it. */
struct copy {
    struct message_sink receive;
    struct buffer body;
    size_t most; /* 0: no limit */
    bool cut;
};

static bool pass_from_line(void *ctx, struct str line)
{
    const struct copy *copy = ctx;

    return copy->receive.from_line(copy->receive.ctx, line);
}

static void pass_headers(void *ctx, struct message *m)
{
    const struct copy *copy = ctx;

    copy->receive.headers(copy->receive.ctx, m);
}

static void keep(struct copy *copy, const char *p, size_t n)
{
    size_t room = copy->most > 0 ? copy->most - copy->body.n : n;

    buffer_add_n(&copy->body, p, n < room ? n : room);
    copy->cut |= n > room;
}

static void pass_body(void *ctx, const char *p, size_t n)
{
    struct copy *copy = ctx;

    keep(copy, p, n);
    copy->receive.body(copy->receive.ctx, p, n);
}

static void begin_copy(struct smtp_session *s, struct copy *copy)
{
    int64_t most = s->options->bounce_return_size_limit;

    *copy = (struct copy){
        .receive = smtp_receive_sink(s),
        .body = BUFFER_IN(s->transaction_arena),
        .most = most > 0 ? (size_t)most : 0,
    };
}

/* False: the input broke off, or took too long; that is said. */
static bool read_message(struct smtp_session *s, struct message *m, struct copy *copy)
{
    struct message_limits limits = smtp_message_limits(s);
    const struct message_sink sink = {pass_from_line, pass_headers, pass_body, copy};
    enum line_status status = LINE_OK;
    struct octets octets;
    struct str there;

    limits.ignore_from_line = true;
    s->transaction.data_begun_ms = clock_now_ms();
    message_begin(m, s->transaction_arena, &limits, &sink);
    octets_begin(&octets, s->submission->dot_is_data ? OCTETS_PLAIN : OCTETS_DOT_ENDS, m);
    while (!octets.ended && (status = stream_peek(&s->stream, smtp_deadline(s), &there)) == LINE_OK)
        stream_skip(&s->stream, octets_take(&octets, there.s, there.n));
    octets_end(&octets);
    message_end(m);
    m->sink = NULL;
    if (status == LINE_OK || status == LINE_END)
        return true;
    if (status == LINE_TIMEOUT) {
        fputs("exim: timed out while reading - message abandoned\n", stderr);
        log_write(LOG_MAIN, "timed out while reading local message");
    } else {
        fprintf(stderr, "exim: cannot read the message: %s\n", strerror(errno));
        log_write(LOG_MAIN, "error while reading local message: %s", strerror(errno));
    }
    return false;
}

/* A message that nobody will have, for the sender to get back. */
static void read_unwanted(struct smtp_session *s, struct copy *copy)
{
    struct str there;

    while (!copy->cut && stream_peek(&s->stream, smtp_deadline(s), &there) == LINE_OK) {
        keep(copy, there.s, there.n);
        stream_skip(&s->stream, there.n);
    }
}

/* --- Refused */

/* The header section, which has a Received: line of this machine only when an ACL has seen the message. */
static struct str headers_of(struct smtp_session *s, const struct message *m, enum submission_fault fault)
{
    struct mail_header *received = s->transaction.received;
    struct str text, headers;

    if (!m)
        return STR("");
    if (!s->transaction.mail)
        return str_copy_n(s->transaction_arena, m->headers.s ? m->headers.s : "", m->headers.n, true);
    text = received->text;
    if (fault != SUBMISSION_REJECTED)
        received->text = STR("");
    headers = mail_headers_text(s->transaction_arena, s->transaction.mail);
    received->text = text;
    return headers;
}

/* Tells what is wrong, in the way that -oe asks for. */
static enum smtp_submission_end refuse(struct smtp_session *s, const struct message *m, struct copy *copy,
                                       struct submission_report *report)
{
    const struct smtp_submission *submission = s->submission;
    struct mail_message *mail = s->transaction.mail;
    const struct mail_header *id = mail ? mail_header_find(mail, "Message-Id") : NULL;
    bool told;

    if (!submission->mail) {
        submission_report_print(report);
        return SUBMISSION_FAILED;
    }
    report->sender = s->message.sender_address;
    report->id = mail ? mail->id : STR("");
    report->message_id = id ? mail_header_value(s->transaction_arena, id) : STR("");
    report->headers = headers_of(s, m, report->fault);
    report->body = buffer_str(&copy->body);
    report->cut = copy->cut;
    told = !str_is_empty(report->sender) && submission->mail(submission->ctx, report);
    log_set_message(report->id); /* that was another message */
    if (told)
        return SUBMISSION_REFUSED_BY_MAIL;
    if (str_is_empty(report->sender)) {
        struct str about = str_is_empty(s->peer->reference)
                               ? STR("")
                               : str_printf(s->scratch, " (R=%.*s)", STR_ARG(s->peer->reference));

        log_write(LOG_MAIN, "Error while reading message with no usable sender address%.*s: %.*s", STR_ARG(about),
                  STR_ARG(submission_report_summary(s->scratch, report)));
    }
    return report->fault == SUBMISSION_NOBODY || report->fault == SUBMISSION_NOBODY_LEFT ? SUBMISSION_NO_RECIPIENTS
                                                                                       : SUBMISSION_FAILED;
}

/* False: *report has what is wrong with it. */
static bool is_acceptable(struct smtp_session *s, const struct message *m, struct submission_report *report)
{
    if (m->problem == MESSAGE_FINE)
        return true;
    smtp_log_problem(s, m);
    *report = (struct submission_report){
        .fault = m->problem == MESSAGE_TOO_BIG          ? SUBMISSION_TOO_BIG
                 : m->problem == MESSAGE_HEADER_TOO_BIG ? SUBMISSION_LONG_HEADERS
                                                        : SUBMISSION_LONG_HEADER,
        .limit = m->problem == MESSAGE_TOO_BIG          ? m->limits.size
                 : m->problem == MESSAGE_HEADER_TOO_BIG ? m->limits.headers
                                                        : m->limits.header_line,
    };
    return false;
}

/* acl_not_smtp. False: *report has what is wrong. */
static bool passes(struct smtp_session *s, struct submission_report *report)
{
    struct acl_outcome outcome;

    switch (smtp_policy_run(s, ACL_WHERE_NOTSMTP, STR_NULL, &outcome)) {
    case ACL_ACCEPT:
        return true;
    case ACL_DISCARD:
        s->message.recipients_count = 0;
        s->transaction.discarded = true;
        s->transaction.discarded_by = "non-SMTP";
        return true;
    default:
        break;
    }
    smtp_log_rejected(s, &outcome);
    *report = (struct submission_report){.fault = SUBMISSION_REJECTED, .text = smtp_rejection_text(&outcome)};
    return false;
}

/* --- From beginning to end */

/* Whether those whom the header lines of -t name are mailboxes, and there are any. False: *end is the end of it. */
static bool has_recipients(struct smtp_session *s, const struct message *m, struct copy *copy,
                           enum smtp_submission_end *end)
{
    bool some = s->message.recipients_count > 0;
    struct submission_report report = {.bad = s->transaction.bad_addresses, .goes_on = some};

    if (report.bad) {
        report.fault = SUBMISSION_BAD_HEADERS;
        log_write(LOG_MAIN | LOG_PANIC, "%.*s bad addresses found in headers", STR_ARG(s->message.message_id));
        *end = refuse(s, m, copy, &report);
        return some && s->submission->mail;
    }
    if (some)
        return true;
    report.fault = *s->submission->recipients ? SUBMISSION_NOBODY_LEFT : SUBMISSION_NOBODY;
    log_write(LOG_MAIN | LOG_PANIC, "%.*s no recipients found in headers", STR_ARG(s->message.message_id));
    *end = refuse(s, m, copy, &report);
    return false;
}

static enum smtp_submission_end take(struct smtp_session *s, struct message *m, struct copy *copy)
{
    struct submission_report report;
    enum smtp_submission_end end;

    if (!is_acceptable(s, m, &report))
        return refuse(s, m, copy, &report);
    if (!has_recipients(s, m, copy, &end))
        return end;
    s->transaction.reject_log = message_for_reject_log(m, s);
    message_publish(m, s);
    smtp_receive_change_headers(s);
    if (!passes(s, &report))
        return refuse(s, m, copy, &report);
    smtp_receive_finish(s);
    if (s->message.recipients_count > 0 && !smtp_receive_commit(s, m)) {
        if (s->transaction.failure_errno == ENOSPC || s->transaction.failure_errno == EDQUOT)
            smtp_log_abandoned(s, s->transaction.failure_errno);
        else
            log_write(LOG_MAIN | LOG_PANIC, "message not taken: %.*s", STR_ARG(s->transaction.failure));
        fprintf(stderr, "exim: message not taken: %.*s\n", STR_ARG(s->transaction.failure));
        return SUBMISSION_FAILED;
    }
    return smtp_take_submission(s, m) ? SUBMISSION_TAKEN : SUBMISSION_FAILED;
}

static enum smtp_submission_end submit(struct smtp_session *s)
{
    struct submission_report report = {.fault = SUBMISSION_BAD_ARGUMENT};
    struct acl_outcome outcome;
    struct message m;
    struct copy copy;

    smtp_set_protocol(s);
    s->recipient_unqualified_allowed = s->sender_unqualified_allowed = !s->submission->no_qualify;
    if (!set_sender(s) || !smtp_expand_local_limits(s))
        return SUBMISSION_FAILED;
    begin_copy(s, &copy);
    for (char *const *a = s->submission->recipients; *a && !s->submission->from_headers; a++)
        if ((report.bad = add_list(s, str_of(*a)))) {
            if (s->submission->mail)
                read_unwanted(s, &copy);
            return refuse(s, NULL, &copy, &report);
        }
    s->transaction.handling.suppress_local_fixups = s->submission->no_fixups;
    if (!mail_space_suffices(s->options, 0)) {
        fputs("exim: insufficient disk space\n", stderr);
        return SUBMISSION_FAILED;
    }
    smtp_policy_run(s, ACL_WHERE_NOTSMTP_START, STR_NULL, &outcome); /* whose result does not count */
    if (!read_message(s, &m, &copy))
        return SUBMISSION_FAILED;
    return take(s, &m, &copy);
}

enum smtp_submission_end smtp_submit(const struct smtp_settings *settings, const struct smtp_peer *peer,
                                     const struct smtp_submission *submission)
{
    struct smtp_session s;
    enum smtp_submission_end end;

    smtp_session_begin(&s, settings, peer);
    s.submission = submission;
    end = submit(&s);
    smtp_transaction_reset(&s);
    s.end = SMTP_END_REFUSED; /* no log line about a session that was none */
    smtp_session_finish(&s);
    return end;
}
