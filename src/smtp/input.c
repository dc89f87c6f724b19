/* Reading what the peer sends, and its silence. */
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/print.h"
#include "smtp/log_lines.h"
#include "smtp/reply.h"
#include "smtp/starttls.h"

int64_t smtp_deadline(const struct smtp_session *s)
{
    return deadline_in(s->timeout);
}

/* In the middle of a transaction it is an event to log in any case; outside one only where connections
 * are logged. */
static void log_lost(struct smtp_session *s)
{
    struct buffer line = BUFFER_IN(s->scratch);
    bool local = str_is_empty(s->connection.host_address);

    if (s->transaction.sender_given && log_selected(LOG_SEL_lost_incoming_connection)) {
        buffer_printf(&line, "unexpected %s while reading SMTP command from ",
                      local ? "EOF" : "disconnection");
        buffer_add(&line, smtp_host_and_ident(s, false));
    } else if (!s->transaction.sender_given && s->log_connection) {
        buffer_add(&line, smtp_connection_name(s));
        buffer_add_cstr(&line, " lost");
    } else {
        return;
    }
    smtp_log_duration(s, &line, "D", s->started_ms);
    log_write_str(LOG_MAIN, buffer_str(&line));
}

void smtp_input_lost(struct smtp_session *s)
{
    if (s->peer->batch) { /* which may end anywhere between commands */
        smtp_session_end(s, SMTP_END_QUIT);
        return;
    }
    smtp_tls_log_failure(s);
    smtp_log_incomplete(s, "connection lost");
    smtp_notquit(s, "connection-lost", "421",
                 str_join(s->scratch, s->connection.active_hostname, STR(" lost input connection")));
    log_lost(s);
    smtp_session_end(s, SMTP_END_LOST);
}

void smtp_input_timeout(struct smtp_session *s)
{
    struct str who = smtp_host_and_ident(s, false);

    if (log_selected(LOG_SEL_lost_incoming_connection))
        log_write(LOG_MAIN, "SMTP command timeout on connection from %.*s", STR_ARG(who));
    smtp_notquit(s, "command-timeout", "421",
                 str_join(s->scratch, s->connection.active_hostname,
                          STR(": SMTP command timeout - closing connection")));
    smtp_session_end(s, SMTP_END_TIMEOUT);
}

/* Replies to pipelined commands go out together, but never wait for the peer. In a test session each goes
 * out at once: the tester reads replies and debugging output side by side. */
enum smtp_input smtp_read_line(struct smtp_session *s, size_t limit, enum line_ending ending,
                               struct str *line)
{
    if (s->peer->mode == SMTP_TEST || !stream_has_input(&s->stream))
        smtp_flush(s);
    if (s->stream.failed) { /* who takes no replies has nothing more to say */
        smtp_input_lost(s);
        return SMTP_INPUT_GONE;
    }
    switch (stream_read_line(&s->stream, s->scratch, limit, ending, smtp_deadline(s), line)) {
    case LINE_OK:
        if (s->peer->batch)
            s->peer->batch->lines++;
        return SMTP_INPUT_LINE;
    case LINE_TOO_LONG:
        return SMTP_INPUT_TOO_LONG;
    case LINE_TIMEOUT:
        smtp_input_timeout(s);
        break;
    case LINE_END:
    case LINE_ERROR:
        smtp_input_lost(s);
        break;
    }
    return SMTP_INPUT_GONE;
}

/* Octets in front of the first AUTH command. */
static size_t before_auth(struct str text)
{
    const char *p = text.s, *end = str_end(text);

    while (p < end) {
        const char *lf = memchr(p, '\n', (size_t)(end - p));

        if (strncasecmp(p, "AUTH", 4) == 0)
            break;
        p = lf ? lf + 1 : end;
    }
    return (size_t)(p - text.s);
}

struct str smtp_waiting_input(struct smtp_session *s)
{
    enum { SHOWN = 150 };
    char waiting[SHOWN];
    struct buffer b = BUFFER_IN(s->scratch);
    ssize_t n = stream_read(&s->stream, waiting, sizeof waiting, smtp_deadline(s));
    struct str text = str_copy_n(s->scratch, waiting, n > 0 ? (size_t)n : 0, true);
    size_t shown = s->mask_unknown ? 0 : before_auth(text);

    print_escaped(&b, str_sub(s->scratch, text, 0, shown), 0);
    if (shown < text.n)
        buffer_add_cstr(&b, "****");
    return buffer_str(&b);
}
