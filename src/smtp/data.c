/* DATA (RFC 5321 section 4.1.1.4) and BDAT (RFC 3030). */
#include "smtp/data.h"

#include <string.h>

#include "base/ascii.h"
#include "base/clock.h"
#include "smtp/batch.h"
#include "smtp/log_lines.h"
#include "smtp/octets.h"
#include "smtp/policy.h"
#include "smtp/receive.h"
#include "smtp/reply.h"

/* --- Before the message */

static bool has_recipients(const struct smtp_session *s)
{
    return s->transaction.discarded || s->message.recipients_count > 0;
}

/* There is nobody to send a message to. */
static void refuse_without_recipients(struct smtp_session *s)
{
    const struct smtp_transaction *t = &s->transaction;
    const char *name = s->command->name;

    if (t->rcpt_response_same && !str_is_null(t->rcpt_response)) {
        smtp_respond(s, STR("503"), STR("All RCPT commands were rejected with this error:"), false);
        smtp_respond(s, STR("503"), t->rcpt_response, false);
    }
    if (s->pipelining_advertised && s->after_rcpt)
        smtp_reply(s, "503 Valid RCPT command must precede %s", name);
    else
        smtp_fault(s, SMTP_PROTOCOL, 503, STR_NULL,
                   str_printf(s->scratch, "valid RCPT command must precede %s", name));
}

struct message_limits smtp_message_limits(struct smtp_session *s)
{
    const struct main_options *o = s->options;

    return (struct message_limits){
        .size = s->size_limit,
        .headers = o->header_maxsize,
        .header_line = o->header_line_maxsize,
        .ignore_from_line = s->connection.is_local
                                ? o->ignore_fromline_local
                                : smtp_host_in(s, o->ignore_fromline_hosts, "ignore_fromline_hosts"),
        .visible = o->message_body_visible > 0 ? (size_t)o->message_body_visible : 0,
    };
}

/* --- The peer goes away */

static void data_lost(struct smtp_session *s, const char *where)
{
    struct str name = smtp_connection_name(s);

    if (s->peer->batch)
        s->peer->batch->lines++; /* the one that should have come */
    log_set_message(STR_NULL); /* there will be no message of that id */
    if (log_selected(LOG_SEL_lost_incoming_connection))
        log_write(LOG_MAIN, "%.*s lost while reading message data%s", STR_ARG(name), where);
    smtp_notquit(s, "connection-lost", "421", STR("Lost incoming connection"));
    smtp_session_end(s, SMTP_END_LOST);
}

static void data_timeout(struct smtp_session *s)
{
    struct buffer line = BUFFER_IN(s->scratch);

    buffer_add_cstr(&line, "SMTP data timeout (message abandoned) on connection from ");
    buffer_add(&line, smtp_host_and_ident(s, false));
    buffer_add_cstr(&line, " F=<");
    buffer_add(&line, s->message.sender_address);
    buffer_add_char(&line, '>');
    log_write_str(LOG_MAIN, buffer_str(&line));
    smtp_notquit(s, "data-timeout", "421",
                 str_join(s->scratch, s->connection.active_hostname,
                          STR(" SMTP incoming data timeout - closing connection.")));
    smtp_session_end(s, SMTP_END_TIMEOUT);
}

/* --- DATA */

/* Reads up to the line that is a dot. Anything but LINE_OK: what kept that from coming. */
static enum line_status read_octets(struct smtp_session *s, struct octets *o)
{
    while (!o->ended) {
        struct str there;
        enum line_status status = stream_peek(&s->stream, smtp_deadline(s), &there);
        int lines = o->lines;

        if (status != LINE_OK)
            return status;
        stream_skip(&s->stream, octets_take(o, there.s, there.n));
        if (s->peer->batch)
            s->peer->batch->lines += o->lines - lines;
    }
    return LINE_OK;
}

/* How Exim names the place where a message broke off. */
static const char *place_in(const struct message *m)
{
    if (m->lines == 0)
        return " (header)";
    return !m->empty_line && m->body_lines <= 1 ? " (after header)" : "";
}

/* Reads the message that follows the 354. False: the session has ended. */
static bool read_message(struct smtp_session *s, struct message *m)
{
    struct message_limits limits = smtp_message_limits(s);
    const struct message_sink sink = smtp_receive_sink(s);
    enum line_status status;
    struct octets octets;

    smtp_flush(s);
    s->transaction.data_begun_ms = clock_now_ms();
    message_begin(m, s->transaction_arena, &limits, &sink);
    octets_begin(&octets, s->peer->mode == SMTP_NETWORK ? OCTETS_DOTS : OCTETS_DOTS_LOCAL, m);
    status = read_octets(s, &octets);
    if (status == LINE_TIMEOUT)
        data_timeout(s);
    else if (status != LINE_OK)
        data_lost(s, place_in(m));
    else
        message_end(m);
    m->sink = NULL;
    return status == LINE_OK;
}

void smtp_read_data(struct smtp_session *s)
{
    struct message m;

    if (read_message(s, &m))
        smtp_message_arrived(s, &m, -1);
}

void smtp_data(struct smtp_session *s)
{
    struct acl_outcome outcome;

    if (!has_recipients(s)) {
        refuse_without_recipients(s);
        return;
    }
    if (s->transaction.too_many_recipients && s->options->recipients_max_reject) {
        smtp_reply(s, "554 Too many recipients");
        smtp_transaction_reset(s);
        return;
    }
    if (smtp_policy_run(s, ACL_WHERE_PREDATA, STR_NULL, &outcome) != ACL_ACCEPT) {
        smtp_policy_refuse(s, ACL_WHERE_PREDATA, STR_NULL, &outcome);
        return;
    }
    smtp_policy_accept(s, &outcome, "354", STR("Enter message, ending with \".\" on a line by itself"));
    smtp_read_data(s);
}

/* --- BDAT */

/* "size [LAST]". False: malformed. */
static bool parse_chunk(struct smtp_session *s, int64_t *size, bool *last)
{
    const char *p = s->argument.s;

    if (!ascii_is_digit(*p))
        return false;
    for (*size = 0; ascii_is_digit(*p); p++) {
        if (*size > INT64_MAX / 100)
            return false;
        *size = *size * 10 + (*p - '0');
    }
    *last = *p == ' ' && strcasecmp(p + 1, "LAST") == 0;
    return *last || *p == '\0';
}

/* A message that comes in chunks. */
struct smtp_chunks {
    struct message_sink sink;
    struct message message;
    struct octets octets;
};

/* Begins with the first chunk. */
static struct smtp_chunks *chunks_of(struct smtp_session *s)
{
    struct message_limits limits = smtp_message_limits(s);
    struct smtp_chunks *chunks = s->transaction.chunks;

    if (chunks)
        return chunks;
    chunks = s->transaction.chunks = ARENA_NEW(s->transaction_arena, struct smtp_chunks);
    chunks->sink = smtp_receive_sink(s);
    s->transaction.data_begun_ms = clock_now_ms();
    message_begin(&chunks->message, s->transaction_arena, &limits, &chunks->sink);
    octets_begin(&chunks->octets, OCTETS_PLAIN, &chunks->message);
    return chunks;
}

/* Reads the octets that follow; NULL: nobody wants them. False: the session has ended. */
static bool read_chunk(struct smtp_session *s, int64_t size, struct octets *octets)
{
    smtp_flush(s);
    while (size > 0) {
        struct str there;
        enum line_status status = stream_peek(&s->stream, smtp_deadline(s), &there);

        if (status == LINE_TIMEOUT)
            data_timeout(s);
        else if (status != LINE_OK)
            data_lost(s, octets ? place_in(octets->message) : "");
        if (status != LINE_OK)
            return false;
        if ((int64_t)there.n > size)
            there.n = (size_t)size;
        if (octets)
            octets_take(octets, there.s, there.n);
        stream_skip(&s->stream, there.n);
        size -= (int64_t)there.n;
    }
    return true;
}

/* A message that is too big already is answered at once, and so forgotten. */
static void take_chunk(struct smtp_session *s, int64_t size, bool last)
{
    struct smtp_transaction *t = &s->transaction;
    struct smtp_chunks *chunks = chunks_of(s);

    if (t->mail)
        log_set_message(t->mail->id);
    if (!read_chunk(s, size, &chunks->octets))
        return;
    t->chunk_total += size;
    if (!last && chunks->message.problem == MESSAGE_FINE) {
        log_set_message(STR_NULL); /* what else happens in the session is not about the message */
        smtp_reply(s, "250 %lld byte chunk received", (long long)size);
        return;
    }
    octets_end(&chunks->octets);
    message_end(&chunks->message);
    chunks->message.sink = NULL;
    t->chunk_total += chunks->octets.bare_lf; /* which are worth CR LF */
    smtp_message_arrived(s, &chunks->message, size);
}

void smtp_bdat(struct smtp_session *s)
{
    int64_t size;
    bool last;

    if (!s->chunking_advertised) {
        smtp_fault(s, SMTP_PROTOCOL, 503, STR_NULL, STR("BDAT command used when CHUNKING not advertised"));
        return;
    }
    if (!parse_chunk(s, &size, &last)) {
        smtp_fault(s, SMTP_PROTOCOL, 501, STR_NULL, STR("missing size for BDAT command"));
        return;
    }
    if (!has_recipients(s)) {
        refuse_without_recipients(s);
        if (!s->done)
            read_chunk(s, size, NULL);
        return;
    }
    take_chunk(s, size, last);
}
