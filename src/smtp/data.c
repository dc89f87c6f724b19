/* DATA (RFC 5321 section 4.1.1.4) and BDAT (RFC 3030). */
#include "smtp/data.h"

#include <string.h>

#include "base/ascii.h"
#include "base/clock.h"
#include "smtp/log_lines.h"
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

/* Reads lines up to the one that is a dot. A line that a bare LF ends neither is that line nor begins
 * another that could be (smuggling), unless the first line shows that the peer, on standard input, ends all
 * its lines so. Anything but LINE_OK: what kept the end from coming. */
static enum line_status read_lines(struct smtp_session *s, struct message *m, struct arena *arena)
{
    enum { LONGEST = 1 << 20 }; /* a line is kept in memory while it is read */
    bool loose = false, after_crlf = true;

    for (bool first = true;; first = false) {
        struct str line;
        enum line_status status =
            stream_read_line(&s->stream, arena, LONGEST, LINE_LF, smtp_deadline(s), &line);
        bool crlf = !s->stream.bare_lf;

        if (s->peer->batch && status == LINE_OK)
            s->peer->batch->lines++;

        if (status != LINE_OK && status != LINE_TOO_LONG)
            return status;
        if (first)
            loose = !crlf && s->peer->mode != SMTP_NETWORK;
        if (after_crlf && (crlf || loose) && str_is(line, "."))
            return LINE_OK;
        bool stuffed = after_crlf && str_starts(line, ".");

        message_add(m, line.s + stuffed, line.n - stuffed, crlf || loose);
        if (status == LINE_TOO_LONG && m->problem == MESSAGE_FINE)
            m->problem = MESSAGE_TOO_BIG;
        after_crlf = crlf || loose;
        arena_reset(arena);
    }
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
    struct arena *arena = arena_new(ARENA_PLAIN);
    enum line_status status;

    smtp_flush(s);
    s->transaction.data_begun_ms = clock_now_ms();
    message_begin(m, s->transaction_arena, &limits, &sink);
    status = read_lines(s, m, arena);
    arena_free(arena);
    if (status == LINE_TIMEOUT)
        data_timeout(s);
    else if (status != LINE_OK)
        data_lost(s, place_in(m));
    else
        message_end(m);
    m->sink = NULL;
    return status == LINE_OK;
}

void smtp_data(struct smtp_session *s)
{
    struct acl_outcome outcome;
    struct message m;

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
    if (read_message(s, &m))
        smtp_message_arrived(s, &m, -1);
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

/* Reads the octets that follow; they are kept only while the message can still be taken. False: the session
 * has ended. */
static bool read_chunk(struct smtp_session *s, int64_t size, bool keep)
{
    struct smtp_transaction *t = &s->transaction;
    char block[4096];

    smtp_flush(s);
    if (!t->chunking)
        t->data_begun_ms = clock_now_ms();
    while (size > 0) {
        size_t want = size < (int64_t)sizeof block ? (size_t)size : sizeof block;
        ssize_t n = stream_read(&s->stream, block, want, smtp_deadline(s));

        if (n <= 0) {
            if (n == -2)
                data_timeout(s);
            else
                data_lost(s, "");
            return false;
        }
        size -= n;
        if (!keep)
            continue;
        t->chunk_total += n;
        if (s->size_limit > 0 && t->chunk_total > 2 * s->size_limit) /* with LF as CR LF it cannot be more */
            t->chunks_lost = true;
        if (!t->chunks_lost)
            buffer_add_n(&t->chunks, block, (size_t)n);
    }
    return true;
}

/* A bare LF is worth CR LF when the octets are counted. */
static void take_chunks(struct smtp_session *s, struct message *m)
{
    struct smtp_transaction *t = &s->transaction;
    struct message_limits limits = smtp_message_limits(s);
    const struct message_sink sink = smtp_receive_sink(s);
    struct str all = buffer_str(&t->chunks);
    const char *p = all.s, *end = all.s + all.n, *lf;

    message_begin(m, s->transaction_arena, &limits, &sink);
    for (; p < end; p = lf + (lf < end)) {
        size_t n;

        lf = memchr(p, '\n', (size_t)(end - p));
        lf = lf ? lf : end;
        n = (size_t)(lf - p);
        bool crlf = n > 0 && p[n - 1] == '\r';

        t->chunk_total += lf < end && !crlf;
        message_add(m, p, n - crlf, true);
    }
    message_end(m);
    m->sink = NULL;
    if (t->chunks_lost) {
        m->problem = MESSAGE_TOO_BIG;
        m->size = t->chunk_total;
    }
}

void smtp_bdat(struct smtp_session *s)
{
    int64_t size;
    struct message m;
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
            read_chunk(s, size, false);
        return;
    }
    if (!read_chunk(s, size, true))
        return;
    if (!last) {
        s->transaction.chunking = true;
        smtp_reply(s, "250 %lld byte chunk received", (long long)size);
        return;
    }
    take_chunks(s, &m);
    smtp_message_arrived(s, &m, size);
}
