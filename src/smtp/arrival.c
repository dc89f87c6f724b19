/* A message that has arrived: the DATA ACL, the log line and the reply. */
#include <errno.h>

#include "base/clock.h"
#include "mail/header.h"
#include "mail/id.h"
#include "smtp/arrival.h"
#include "smtp/data.h"
#include "smtp/log_lines.h"
#include "smtp/policy.h"
#include "smtp/prdr.h"
#include "smtp/receive.h"
#include "smtp/reply.h"
#include "smtp/submit.h"

/* --- Refused for what it is */

static void log_too_big(struct smtp_session *s, const struct message *m)
{
    struct buffer line = BUFFER_IN(s->scratch);

    if (!s->transaction.mail) {
        s->message.message_id = mail_id_new(s->transaction_arena, s->settings->config->host_number);
        log_set_message(s->message.message_id);
    }
    if (!log_selected(LOG_SEL_size_reject))
        return;
    buffer_add_cstr(&line, "rejected from <");
    buffer_add(&line, s->message.sender_address);
    buffer_add_cstr(&line, "> ");
    buffer_add(&line, smtp_host_and_ident(s, true));
    buffer_printf(&line, ": message too big: read=%lld max=%lld", (long long)m->size,
                  (long long)s->size_limit);
    log_write_more(LOG_MAIN | LOG_REJECT, buffer_str(&line), message_for_reject_log(m, s));
}

void smtp_log_problem(struct smtp_session *s, const struct message *m)
{
    struct str who = smtp_host_and_ident(s, false);
    unsigned logs = LOG_MAIN | (s->submission || s->peer->batch ? 0 : LOG_REJECT);

    switch (m->problem) {
    case MESSAGE_FINE:
        break;
    case MESSAGE_TOO_BIG:
        log_too_big(s, m);
        break;
    case MESSAGE_HEADER_TOO_BIG:
        log_write(logs,
                  "ridiculously long message header received from %.*s (more than %lld characters): message "
                  "abandoned",
                  STR_ARG(who), (long long)m->limits.headers);
        break;
    case MESSAGE_HEADER_LINE_TOO_LONG:
        log_write(logs,
                  "overlong message header line received from %.*s (more than %lld characters): message "
                  "abandoned",
                  STR_ARG(who), (long long)m->limits.header_line);
        break;
    }
}

/* False: answered. */
static bool is_fine(struct smtp_session *s, const struct message *m)
{
    static const char *const answers[] = {
        [MESSAGE_TOO_BIG] = "552 Message size exceeds maximum permitted",
        [MESSAGE_HEADER_TOO_BIG] = "552 Message header is ridiculously long",
        [MESSAGE_HEADER_LINE_TOO_LONG] = "552 A message header line is too long",
    };

    if (m->problem == MESSAGE_FINE)
        return true;
    smtp_log_problem(s, m);
    smtp_reply(s, "%s", answers[m->problem]);
    return false;
}

/* --- Taken */

/* The value of a header, unfolded, for the log. */
static struct str header_value(struct smtp_session *s, const char *variable)
{
    struct str value;

    if (expand_string(&s->scope, str_of(variable), s->scratch, &value, NULL) != EXPAND_OK)
        return STR("");
    return value;
}

static void add_recipients(const struct smtp_session *s, struct buffer *line)
{
    const struct smtp_transaction *t = &s->transaction;
    const struct scope_recipient *v = t->recipients_before_prdr ? t->recipients_before_prdr : s->message.recipients;
    size_t n = t->recipients_before_prdr ? t->recipients_count_before_prdr : s->message.recipients_count;

    for (size_t i = 0; i < n; i++) {
        buffer_add_cstr(line, i == 0 ? " for " : " ");
        buffer_add(line, v[i].address);
    }
}

static void add_selected(struct smtp_session *s, struct buffer *line)
{
    struct str id = header_value(s, "$h_message-id:");

    if (log_selected(LOG_SEL_eightbitmime))
        buffer_printf(line, " M8S=%d", s->transaction.eightbit ? 8 : s->transaction.body_given ? 7 : 0);
    if (log_selected(LOG_SEL_receive_time))
        smtp_log_duration(s, line, "RT", s->transaction.data_begun_ms);
    bool created = s->transaction.mail->id_created;

    if ((created ? log_selected(LOG_SEL_msg_id_created) : log_selected(LOG_SEL_msg_id)) && id.n > 2 &&
        id.s[0] == '<') {
        buffer_add_cstr(line, created ? " id*=" : " id=");
        buffer_add_n(line, id.s + 1, id.n - 2);
    }
    if (log_selected(LOG_SEL_subject) && mail_header_find(s->transaction.mail, "Subject")) {
        buffer_add_cstr(line, " T=\"");
        buffer_add(line, header_value(s, "$h_subject:"));
        buffer_add_char(line, '"');
    }
}

static void add_envelope(struct smtp_session *s, struct buffer *line)
{
    if (log_selected(LOG_SEL_received_sender)) {
        buffer_add_cstr(line, " from <");
        buffer_add(line, s->transaction.raw_sender);
        buffer_add_char(line, '>');
    }
    if (log_selected(LOG_SEL_received_recipients))
        add_recipients(s, line);
}

/* The same in the message's own log, with words for its flag. */
static void note_arrival(struct smtp_session *s, struct str line)
{
    const struct mail_services *services = s->settings->mail;

    if (services && services->note && s->peer->mode != SMTP_TEST && s->message.recipients_count > 0)
        services->note(services->ctx, s->transaction.mail,
                       str_join(s->scratch, STR("Received from "), str_sub(s->scratch, line, 3, line.n)));
}

static void log_arrival(struct smtp_session *s, int64_t size)
{
    struct buffer line = BUFFER_IN(s->scratch);

    buffer_add_cstr(&line, s->transaction.fake_code == 550 ? "(= " : "<= "); /* fakereject */
    buffer_add(&line, str_is_empty(s->message.sender_address) ? STR("<>") : s->message.sender_address);
    buffer_add_char(&line, ' ');
    if (!str_is_empty(s->peer->reference))
        buffer_printf(&line, "R=%.*s ", STR_ARG(s->peer->reference));
    buffer_add(&line, smtp_host_and_ident(s, true));
    smtp_log_connection_id(s, &line);
    buffer_add_cstr(&line, " P=");
    buffer_add(&line, s->connection.received_protocol);
    if (log_selected(LOG_SEL_pipelining) && s->pipelining_advertised)
        buffer_printf(&line, " L%s%s", s->early_used ? "*" : s->early_advertised ? "." : "",
                      s->pipelining_used ? "" : "-");
    smtp_log_tls(s, &line);
    smtp_log_authenticated(s, &line);
    if (log_selected(LOG_SEL_smtp_mailauth) && !str_is_empty(s->connection.host_authenticated) &&
        !str_is_empty(s->message.authenticated_sender)) {
        buffer_add_char(&line, ':');
        buffer_add(&line, s->message.authenticated_sender);
    }
    if (!str_is_null(s->transaction.prdr_verdict))
        buffer_add_cstr(&line, " PRDR");
    if (s->transaction.chunk_total > 0)
        buffer_add_cstr(&line, " K");
    buffer_printf(&line, " S=%lld", (long long)size);
    if (!str_is_empty(s->transaction.handling.queue))
        buffer_printf(&line, " Q=%.*s", STR_ARG(s->transaction.handling.queue));
    add_selected(s, &line);
    note_arrival(s, str_copy(s->scratch, buffer_str(&line)));
    add_envelope(s, &line);
    log_write_str(LOG_MAIN, buffer_str(&line));
}

static void log_discarded(struct smtp_session *s, struct str reason)
{
    log_write(LOG_MAIN, "=> blackhole (%s ACL discarded recipients)%s%.*s", s->transaction.discarded_by,
              str_is_empty(reason) ? "" : ": ", STR_ARG(reason));
    log_write(LOG_MAIN, "Completed");
}

/* A peer, or all of them together, that keeps this machine busy: deliveries are left to queue runs. */
static bool is_busy(struct smtp_session *s)
{
    const struct main_options *o = s->options;
    int connections = s->peer->connection_count;

    if (o->smtp_accept_queue > 0 && connections > o->smtp_accept_queue) {
        if (log_selected(LOG_SEL_delay_delivery))
            log_write(LOG_MAIN, "no immediate delivery: too many connections (%d, max %d)", connections,
                      o->smtp_accept_queue);
        return true;
    }
    if (o->smtp_accept_queue_per_connection > 0 && s->message_count > o->smtp_accept_queue_per_connection) {
        if (log_selected(LOG_SEL_delay_delivery))
            log_write(LOG_MAIN, "no immediate delivery: more than %d messages received in one connection",
                      o->smtp_accept_queue_per_connection);
        return true;
    }
    return false;
}

/* The delivery begins when the client knows that the message is safe. */
static enum mail_deliver_result deliver(struct smtp_session *s)
{
    const struct mail_services *services = s->settings->mail;
    struct mail_handling *handling = &s->transaction.mail->handling;
    enum mail_deliver_result result;

    smtp_flush(s);
    s->message_count++;
    if (!handling->queue_only)
        handling->queue_only = is_busy(s);
    else if (!handling->queue_first_pass_routing && !s->options->mua_wrapper && log_selected(LOG_SEL_delay_delivery))
        log_write(LOG_MAIN, "no immediate delivery: queued by ACL");
    handling->overloaded = s->overloaded;
    if (!services->deliver)
        return MAIL_DELIVER_DONE;
    result = services->deliver(services->ctx, s->transaction.mail);
    s->overloaded |= result == MAIL_DELIVER_OVERLOADED && s->options->queue_only_load_latch;
    return result;
}

/* It cannot be kept: the client has to try again. */
static void put_off(struct smtp_session *s)
{
    const struct smtp_transaction *t = &s->transaction;
    bool full = t->failure_errno == ENOSPC || t->failure_errno == EDQUOT;
    struct buffer line = BUFFER_IN(s->scratch);

    if (full) {
        smtp_log_abandoned(s, t->failure_errno);
        smtp_reply(s, "452 Space shortage, please try later");
        return;
    }
    buffer_add(&line, smtp_host_and_ident(s, true));
    buffer_add_cstr(&line, " F=<");
    buffer_add(&line, s->message.sender_address);
    buffer_add_cstr(&line, "> temporarily rejected after DATA: ");
    buffer_add(&line, s->settings->mail ? t->failure : STR("there is no queue"));
    log_write_str(LOG_MAIN | LOG_REJECT | LOG_PANIC, buffer_str(&line));
    smtp_reply(s, "451 Messages cannot be received at present - please try later");
}

static void accept_message(struct smtp_session *s, const struct message *m, const struct acl_outcome *outcome,
                           int64_t chunk)
{
    bool discarded = s->message.recipients_count == 0, test = s->peer->mode == SMTP_TEST;

    smtp_receive_finish(s);
    if (!discarded && !test && !smtp_receive_commit(s, m)) {
        put_off(s);
        return;
    }
    log_arrival(s, smtp_receive_size(s, m));
    if (discarded)
        log_discarded(s, outcome->result == ACL_DISCARD ? outcome->log_message : STR(""));
    if (chunk >= 0 && str_is_null(s->transaction.prdr_verdict))
        smtp_reply(s, "250- %lld byte chunk, total %lld", (long long)chunk,
                   (long long)s->transaction.chunk_total);
    if (!str_is_null(s->transaction.fake_reply))
        smtp_respond(s, str_printf(s->scratch, "%d", s->transaction.fake_code), s->transaction.fake_reply,
                     true);
    else if (!str_is_null(s->transaction.prdr_verdict))
        smtp_reply_str(s, s->transaction.prdr_verdict);
    else
        smtp_policy_accept(s, outcome, "250", str_join(s->scratch, STR("OK id="), s->message.message_id));
    if (test && str_is_null(s->transaction.prdr_verdict))
        stream_write(&s->stream, STR("\n**** SMTP testing: that is not a real message id!\n\n"),
                     smtp_deadline(s));
    if (s->peer->batch)
        s->peer->batch->messages++;
    if (!discarded && !test)
        deliver(s);
}

void smtp_log_rejected(struct smtp_session *s, const struct acl_outcome *outcome)
{
    log_write_more(LOG_MAIN | LOG_REJECT,
                   str_printf(s->scratch, "F=<%.*s> rejected by non-SMTP ACL: %.*s", STR_ARG(s->message.sender_address),
                              STR_ARG(outcome->log_message)),
                   s->transaction.reject_log);
}

struct str smtp_rejection_text(const struct acl_outcome *outcome)
{
    return str_is_empty(outcome->user_message) ? STR("Administrative prohibition") : outcome->user_message;
}

static void judge(struct smtp_session *s, const struct message *m, int64_t chunk)
{
    struct acl_outcome outcome = {.result = ACL_ACCEPT};

    if (!is_fine(s, m))
        return;
    s->transaction.reject_log = message_for_reject_log(m, s);
    message_publish(m, s);
    smtp_receive_change_headers(s);
    if (!smtp_prdr(s))
        return;
    if (s->message.recipients_count > 0)
        smtp_policy_run(s, ACL_WHERE_DATA, STR_NULL, &outcome);
    switch (outcome.result) {
    case ACL_DISCARD:
        s->message.recipients_count = 0;
        s->transaction.discarded_by = "DATA";
        break;
    case ACL_ACCEPT:
        break;
    default:
        if (s->peer->batch)
            smtp_batch_refuse(s, &outcome);
        else
            smtp_policy_refuse(s, ACL_WHERE_DATA, STR_NULL, &outcome);
        return;
    }
    accept_message(s, m, &outcome, chunk);
}

void smtp_message_arrived(struct smtp_session *s, const struct message *m, int64_t chunk)
{
    judge(s, m, chunk);
    smtp_transaction_reset(s);
    s->rset_free = s->helo_free = true;
}

bool smtp_take_submission(struct smtp_session *s, const struct message *m)
{
    log_arrival(s, smtp_receive_size(s, m));
    if (s->message.recipients_count > 0)
        return deliver(s) != MAIL_DELIVER_FAILED;
    log_discarded(s, STR(""));
    return true;
}
