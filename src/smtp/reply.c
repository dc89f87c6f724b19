/* Replies: see reply.h. */
#include "smtp/reply.h"

#include <string.h>

#include "base/ascii.h"
#include "base/print.h"
#include "smtp/event.h"
#include "smtp/fold.h"
#include "smtp/log_lines.h"
#include "smtp/policy.h"

/* A reply is one line for the peer, whatever it quotes. */
static struct str one_line(struct smtp_session *s, struct str line)
{
    struct buffer b = BUFFER_IN(s->scratch);

    if (!memchr(line.s, '\r', line.n) && !memchr(line.s, '\n', line.n) && !memchr(line.s, 0, line.n))
        return line;
    print_escaped(&b, line, PRINT_8BIT);
    return buffer_str(&b);
}

void smtp_reply_str(struct smtp_session *s, struct str line)
{
    int64_t deadline = smtp_deadline(s);

    line = one_line(s, line);
    if (s->peer->batch) {
        smtp_batch_response(s, line);
        return;
    }
    if (debug_on(DEBUG_receive))
        debug(DEBUG_receive, "SMTP>> %.*s\n", STR_ARG(printable(s->scratch, line)));
    stream_write(&s->stream, line, deadline);
    stream_write(&s->stream, STR("\r\n"), deadline);
}

void smtp_reply(struct smtp_session *s, const char *format, ...)
{
    struct buffer b = BUFFER_IN(s->scratch);
    va_list args;

    va_start(args, format);
    buffer_vprintf(&b, format, args);
    va_end(args);
    smtp_reply_str(s, buffer_str(&b));
}

void smtp_flush(struct smtp_session *s)
{
    stream_flush(&s->stream, smtp_deadline(s));
}

/* "521 5.7.1 " is repeated on every line as "521-5.7.1 ": only the three digits know of continuation. */
static void reply_line(struct smtp_session *s, struct str code, struct str text, bool last)
{
    struct buffer b = BUFFER_IN(s->scratch);

    buffer_add_n(&b, code.s, 3);
    buffer_add_char(&b, last ? ' ' : '-');
    if (code.n > 4)
        buffer_add_n(&b, code.s + 4, code.n - 4);
    buffer_add(&b, text);
    smtp_reply_str(s, buffer_str(&b));
}

void smtp_respond(struct smtp_session *s, struct str code, struct str text, bool final)
{
    const char *p = text.s, *end = str_end(text);

    for (;;) {
        const char *lf = memchr(p, '\n', (size_t)(end - p));
        const char *stop = lf ? lf : end;
        bool last = !lf;

        if (lf && lf > p && lf[-1] == '\r')
            stop--;
        reply_line(s, code, str_copy_n(s->scratch, p, (size_t)(stop - p), text.tainted), final && last);
        if (last)
            return;
        p = lf + 1;
    }
}

/* Octets of the code at the beginning of a message: "dsn " with an optional "n.n.n "; 0: none. */
static size_t code_length(struct str message)
{
    const char *p = message.s, *q;
    int dots = 0;

    if (message.n < 4 || p[0] < '2' || p[0] > '5' || !ascii_is_digit(p[1]) || !ascii_is_digit(p[2]) ||
        p[3] != ' ')
        return 0;
    for (q = p + 4; ascii_is_digit(*q) || (*q == '.' && q > p + 4 && ascii_is_digit(q[1])); q++)
        dots += *q == '.';
    return dots == 2 && *q == ' ' ? (size_t)(q + 1 - p) : 4;
}

bool smtp_message_code(struct smtp_session *s, const char *fallback, const char *digits, struct str message,
                       struct str *code, struct str *text)
{
    size_t n = code_length(message);

    *code = str_of(fallback);
    *text = str_sub(s->scratch, message, n, message.n);
    if (n == 0)
        return false;
    if (digits ? !strchr(digits, message.s[0]) : message.s[0] != fallback[0]) {
        log_write(LOG_MAIN | LOG_PANIC,
                  "configured error code starts with incorrect digit (expected %c) in \"%.*s\"", fallback[0],
                  STR_ARG(printable(s->scratch, message)));
        return false;
    }
    *code = str_sub(s->scratch, message, 0, n);
    return true;
}

struct str smtp_message_lines(struct smtp_session *s, struct str text)
{
    struct str folded = smtp_fold(s->scratch, text);
    ptrdiff_t lf = s->multiline_responses ? -1 : str_find(folded, '\n');

    return lf < 0 ? folded : str_sub(s->scratch, folded, 0, (size_t)lf);
}

void smtp_respond_message(struct smtp_session *s, const char *fallback, struct str text)
{
    struct str code;

    smtp_message_code(s, fallback, NULL, smtp_message_lines(s, text), &code, &text);
    smtp_respond(s, code, text, true);
}

void smtp_notquit(struct smtp_session *s, const char *reason, const char *code, struct str text)
{
    struct str message = smtp_policy_notquit(s, reason);

    if (code)
        smtp_respond(s, str_of(code), str_is_null(message) ? text : message, true);
}

void smtp_log_fault(struct smtp_session *s, enum smtp_fault kind, struct str message)
{
    struct buffer line = BUFFER_IN(s->scratch);

    if (!log_selected(kind == SMTP_SYNTAX ? LOG_SEL_smtp_syntax_error : LOG_SEL_smtp_protocol_error))
        return;
    buffer_printf(&line, "SMTP %s error in \"", kind == SMTP_SYNTAX ? "syntax" : "protocol");
    buffer_add(&line, s->log_line);
    buffer_add_cstr(&line, "\" ");
    buffer_add(&line, smtp_host_and_ident(s, true));
    buffer_add_char(&line, ' ');
    buffer_add(&line, message);
    log_write_str(LOG_MAIN, buffer_str(&line));
}

static void log_too_many_faults(struct smtp_session *s)
{
    struct buffer line = BUFFER_IN(s->scratch);

    buffer_add_cstr(&line, "SMTP call from ");
    buffer_add(&line, smtp_host_and_ident(s, false));
    buffer_add_cstr(&line, " dropped: too many syntax or protocol errors (last command was \"");
    buffer_add(&line, s->log_line);
    buffer_add_cstr(&line, "\", ");
    smtp_log_history(s, &line);
    buffer_add_char(&line, ')');
    log_write_str(LOG_MAIN | LOG_REJECT, buffer_str(&line));
}

static bool one_fault_more(struct smtp_session *s)
{
    return ++s->error_count > s->options->smtp_max_synprot_errors;
}

void smtp_count_fault(struct smtp_session *s)
{
    if (one_fault_more(s)) {
        log_too_many_faults(s);
        smtp_session_end(s, SMTP_END_ERRORS);
    }
}

void smtp_fault(struct smtp_session *s, enum smtp_fault kind, int code, struct str data, struct str message)
{
    struct buffer text = BUFFER_IN(s->scratch);
    struct str digits = str_printf(s->scratch, "%d", code);
    bool too_many = one_fault_more(s);

    smtp_event(s, kind == SMTP_SYNTAX ? STR("smtp:fail:syntax") : STR("smtp:fail:protocol"), message, NULL);
    smtp_log_fault(s, kind, message);
    if (!str_is_null(data) && !s->peer->batch) {
        buffer_add(&text, data);
        buffer_add_cstr(&text, ": ");
    }
    buffer_add(&text, message);
    smtp_respond(s, digits, buffer_str(&text), !too_many);
    if (too_many) {
        log_too_many_faults(s);
        smtp_respond(s, digits, STR("Too many syntax or protocol errors"), true);
        smtp_session_end(s, SMTP_END_ERRORS);
    }
}
