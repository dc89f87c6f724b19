/* A message on standard input without SMTP: see submit.h. */
#include "smtp/submit.h"

#include <stdio.h>

#include "base/clock.h"
#include "expand/header_address.h"
#include "mail/fixups.h"
#include "mail/header.h"
#include "mail/space.h"
#include "smtp/arrival.h"
#include "smtp/data.h"
#include "smtp/envelope.h"
#include "smtp/octets.h"
#include "smtp/policy.h"
#include "smtp/receive.h"
#include "smtp/settings.h"

/* --- Recipients */

static bool add_recipient(struct smtp_session *s, struct str text, struct error *err)
{
    struct address address;

    if (!smtp_parse_address(s, text, false, &address, err))
        return false;
    if (str_is_null(address.domain))
        address.text = str_join3(s->scratch, address.text, STR("@"), s->settings->process->qualify_recipient);
    smtp_add_recipient(s, address.text);
    return true;
}

/* All mailboxes of a list. False: one of them is malformed, which is said. */
static bool add_list(struct smtp_session *s, struct str text)
{
    struct header_address_list list = {.text = text};
    struct error err = ERROR_IN(s->scratch);
    struct str mailbox;

    while (header_address_next(&list, s->scratch, &mailbox)) {
        if (str_is_empty(str_trim(s->scratch, mailbox)) || add_recipient(s, mailbox, &err))
            continue;
        fprintf(stderr, "exim: invalid address: %.*s: %.*s\n", STR_ARG(text), STR_ARG(err.text));
        return false;
    }
    return true;
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
            s->transaction.bad_address |= !add_list(s, mail_header_value(s->scratch, h));
    if (!s->options->extract_addresses_remove_arguments) {
        for (char *const *a = s->submission->recipients; *a; a++)
            s->transaction.bad_address |= !add_list(s, str_of(*a));
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

static bool set_sender(struct smtp_session *s)
{
    const struct smtp_submission *submission = s->submission;
    struct error err = ERROR_IN(s->scratch);
    struct address address;
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
    if (str_is_empty(submission->sender))
        address = (struct address){.text = STR(""), .domain = STR_NULL};
    if (address.text.n > 0 && str_is_null(address.domain))
        address.text = str_join3(s->arena, address.text, STR("@"), s->settings->process->qualify_domain);
    if (!s->peer->trusted && address.text.n > 0 &&
        list_match(&s->scope, s->options->untrusted_set_sender, address.text, NULL, &err) != MATCH_YES)
        return true;
    s->message.sender_address = s->transaction.raw_sender = str_copy(s->arena, address.text);
    s->transaction.sender_is_caller = false;
    s->transaction.sender_set_untrusted = !s->peer->trusted && !str_eq(address.text, own);
    s->message.authenticated_sender = STR_NULL;
    s->connection.authenticated_id = STR_NULL;
    return true;
}

/* --- The message */

static void read_message(struct smtp_session *s, struct message *m)
{
    struct message_limits limits = smtp_message_limits(s);
    const struct message_sink sink = smtp_receive_sink(s);
    struct octets octets;
    struct str there;

    limits.ignore_from_line = true;
    s->transaction.data_begun_ms = clock_now_ms();
    message_begin(m, s->transaction_arena, &limits, &sink);
    octets_begin(&octets, s->submission->dot_is_data ? OCTETS_PLAIN : OCTETS_DOT_ENDS, m);
    while (!octets.ended && stream_peek(&s->stream, smtp_deadline(s), &there) == LINE_OK)
        stream_skip(&s->stream, octets_take(&octets, there.s, there.n));
    octets_end(&octets);
    message_end(m);
    m->sink = NULL;
}

static bool fails(const char *text, struct str detail)
{
    fprintf(stderr, "exim: %s%.*s\n", text, STR_ARG(detail));
    return false;
}

static bool is_acceptable(struct smtp_session *s, const struct message *m)
{
    switch (m->problem) {
    case MESSAGE_TOO_BIG:
        return fails("message too big", STR(""));
    case MESSAGE_HEADER_TOO_BIG:
    case MESSAGE_HEADER_LINE_TOO_LONG:
        return fails("message header too long", STR(""));
    case MESSAGE_FINE:
        break;
    }
    return m->received_headers <= s->options->received_headers_max ||
           fails("too many Received headers - suspected mail loop", STR(""));
}

/* acl_not_smtp_start and acl_not_smtp. */
static bool passes(struct smtp_session *s, enum acl_where where)
{
    struct acl_outcome outcome;

    switch (smtp_policy_run(s, where, STR_NULL, &outcome)) {
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
    log_write_more(LOG_MAIN | LOG_REJECT,
                   str_printf(s->scratch, "F=<%.*s> rejected by non-SMTP ACL: %.*s", STR_ARG(s->message.sender_address),
                              STR_ARG(outcome.log_message)),
                   s->transaction.reject_log);
    return fails("message rejected by non-SMTP ACL: ",
                 str_is_empty(outcome.user_message) ? STR("Administrative prohibition") : outcome.user_message);
}

static enum smtp_submission_end take(struct smtp_session *s, struct message *m)
{
    if (!is_acceptable(s, m) || s->transaction.bad_address)
        return SUBMISSION_FAILED;
    if (s->message.recipients_count == 0) {
        log_write(LOG_MAIN | LOG_PANIC, "no recipients found in headers");
        fputs("exim: no recipients\n", stderr);
        return SUBMISSION_NO_RECIPIENTS;
    }
    s->transaction.reject_log = message_for_reject_log(m, s);
    message_publish(m, s);
    smtp_receive_change_headers(s);
    if (!passes(s, ACL_WHERE_NOTSMTP))
        return SUBMISSION_FAILED;
    smtp_receive_finish(s);
    if (s->message.recipients_count > 0 && !smtp_receive_commit(s, m)) {
        log_write(LOG_MAIN | LOG_PANIC, "message not taken: %.*s", STR_ARG(s->transaction.failure));
        fails("message not taken: ", s->transaction.failure);
        return SUBMISSION_FAILED;
    }
    return smtp_take_submission(s, m) ? SUBMISSION_TAKEN : SUBMISSION_FAILED;
}

static enum smtp_submission_end submit(struct smtp_session *s)
{
    struct message m;

    s->connection.received_protocol = str_is_null(s->submission->protocol) ? STR("local") : s->submission->protocol;
    s->recipient_unqualified_allowed = s->sender_unqualified_allowed = !s->submission->no_qualify;
    if (!smtp_expand_local_limits(s) || !set_sender(s))
        return SUBMISSION_FAILED;
    for (char *const *a = s->submission->recipients; *a && !s->submission->from_headers; a++)
        if (!add_list(s, str_of(*a)))
            return SUBMISSION_FAILED;
    s->transaction.handling.suppress_local_fixups = s->submission->no_fixups;
    if (!mail_space_suffices(s->options, 0)) {
        fails("insufficient disk space", STR(""));
        return SUBMISSION_FAILED;
    }
    if (!passes(s, ACL_WHERE_NOTSMTP_START))
        return SUBMISSION_FAILED;
    read_message(s, &m);
    return take(s, &m);
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
