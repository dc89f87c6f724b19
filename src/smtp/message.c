/* A message as it arrives: see message.h. */
#include "smtp/message.h"

#include <string.h>

#include "base/ascii.h"
#include "mail/header.h"

void message_begin(struct message *m, struct arena *arena, const struct message_limits *limits,
                   const struct message_sink *sink)
{
    *m = (struct message){.limits = *limits, .sink = sink};
    m->headers = m->head = m->tail = BUFFER_IN(arena);
    m->headers.tainted = true;
}

/* "Name:", with white space allowed in front of the colon; the name may have octets that are not ASCII. */
static bool is_header(const char *p, size_t n)
{
    size_t i = 0;

    while (i < n && (unsigned char)p[i] > 32 && p[i] != 127 && p[i] != ':')
        i++;
    if (i == 0)
        return false;
    while (i < n && (p[i] == ' ' || p[i] == '\t'))
        i++;
    return i < n && p[i] == ':';
}

static bool is_continuation(const struct message *m, const char *p, size_t n)
{
    return n > 0 && (p[0] == ' ' || p[0] == '\t') && m->headers.n > 0;
}

static void found(struct message *m, enum message_problem problem)
{
    if (m->problem == MESSAGE_FINE)
        m->problem = problem;
}

static void add_header_line(struct message *m, const char *p, size_t n)
{
    static const char received[] = "Received";

    if (!is_continuation(m, p, n)) {
        m->header_begin = m->headers.n;
        m->received_headers += n >= sizeof received && strncasecmp(p, received, sizeof received - 1) == 0 &&
                               (p[sizeof received - 1] == ':' || ascii_is_space(p[sizeof received - 1]));
    }
    m->header_lines++;
    if (m->problem != MESSAGE_FINE)
        return;
    buffer_add_n(&m->headers, p, n);
    buffer_add_char(&m->headers, '\n');
    if (m->limits.headers > 0 && (int64_t)m->headers.n > m->limits.headers)
        found(m, MESSAGE_HEADER_TOO_BIG);
    if (m->limits.header_line > 0 && (int64_t)(m->headers.n - m->header_begin) > m->limits.header_line)
        found(m, MESSAGE_HEADER_LINE_TOO_LONG);
}

/* Keeps the first and the last octets of the body. */
static void keep_body(struct message *m, const char *p, size_t n)
{
    size_t visible = m->limits.visible;
    size_t room = m->head.n < visible ? visible - m->head.n : 0;

    buffer_add_n(&m->head, p, n < room ? n : room);
    if (n > visible) {
        p += n - visible;
        n = visible;
    }
    if (m->tail.n + n > 4 * visible + 4096) {
        memmove(m->tail.s, m->tail.s + (m->tail.n - visible), visible);
        buffer_cut(&m->tail, visible);
    }
    buffer_add_n(&m->tail, p, n);
}

static void add_body_line(struct message *m, const char *p, size_t n, bool counted)
{
    m->body_lines += counted;
    m->body_size += (int64_t)n + 1;
    for (const char *zero = p; (zero = memchr(zero, 0, (size_t)(p + n - zero))); zero++)
        m->zeros++;
    keep_body(m, p, n);
    keep_body(m, "\n", 1);
    if (m->sink && m->problem == MESSAGE_FINE) {
        m->sink->body(m->sink->ctx, p, n);
        m->sink->body(m->sink->ctx, "\n", 1);
    }
}

static void end_headers(struct message *m)
{
    m->in_body = true;
    if (m->sink && m->problem == MESSAGE_FINE)
        m->sink->headers(m->sink->ctx, m);
}

static void add_line(struct message *m, const char *p, size_t n, bool counted)
{
    if (m->lines++ == 0 && m->limits.ignore_from_line && n >= 5 && memcmp(p, "From ", 5) == 0)
        return;
    m->size += (int64_t)n + 1;
    if (n > m->longest_line)
        m->longest_line = n;
    if (m->limits.size > 0 && m->size > m->limits.size)
        found(m, MESSAGE_TOO_BIG);
    if (!m->in_body && (is_continuation(m, p, n) || is_header(p, n))) {
        add_header_line(m, p, n);
        return;
    }
    if (!m->in_body) {
        m->empty_line = n == 0;
        end_headers(m);
        if (m->empty_line)
            return;
    }
    add_body_line(m, p, n, counted);
}

void message_add(struct message *m, const char *p, size_t n, bool counted)
{
    const char *cr;

    while ((cr = memchr(p, '\r', n))) {
        add_line(m, p, (size_t)(cr - p), false);
        n -= (size_t)(cr - p) + 1;
        p = cr + 1;
    }
    add_line(m, p, n, counted);
}

void message_end(struct message *m)
{
    m->ended_in_headers = !m->in_body;
    if (!m->in_body)
        end_headers(m);
}

/* What a buffer holds, which may be nothing yet. */
static struct str view(const struct buffer *b)
{
    return (struct str){b->s ? b->s : "", b->n, true};
}

/* $message_body: its beginning or end, as one line unless the option says otherwise. */
static struct str visible(struct smtp_session *s, const char *p, size_t n)
{
    struct buffer b = BUFFER_IN(s->transaction_arena);

    b.tainted = true;
    for (size_t i = 0; i < n; i++)
        buffer_add_char(&b, p[i] == 0 || (p[i] == '\n' && !s->options->message_body_newlines) ? ' ' : p[i]);
    return buffer_str(&b);
}

void message_publish(const struct message *m, struct smtp_session *s)
{
    struct scope_message *message = &s->message;
    struct str head = view(&m->head), tail = view(&m->tail);
    size_t end = tail.n < m->limits.visible ? tail.n : m->limits.visible;

    message->body = visible(s, head.s, head.n);
    message->body_end = visible(s, tail.s + (tail.n - end), end);
    message->size = m->size;
    message->body_size = m->body_size;
    message->body_linecount = m->body_lines;
    message->linecount = m->header_lines + m->body_lines + (m->ended_in_headers ? 0 : 1);
    message->body_zerocount = m->zeros;
    message->received_count = m->received_headers + 1;
    message->max_received_linelength = str_printf(s->transaction_arena, "%zu", m->longest_line);
}

/* --- The reject log */

/* The headers as they came: the message has not been taken apart. */
static void add_raw(struct buffer *b, struct str headers)
{
    const char *p = headers.s, *end = headers.s + headers.n;

    while (p < end) {
        const char *lf = memchr(p, '\n', (size_t)(end - p));
        const char *next = lf ? lf + 1 : end;

        if (*p != ' ' && *p != '\t') {
            buffer_add_char(b, (char)mail_header_type_of((struct str){p, (size_t)(next - p), true}));
            buffer_add_char(b, ' ');
        }
        buffer_add_n(b, p, (size_t)(next - p));
        p = next;
    }
}

static void add_list(struct buffer *b, const struct mail_message *mail)
{
    for (const struct mail_header *h = mail->headers; h; h = h->next) {
        buffer_add_char(b, (char)h->type);
        buffer_add_char(b, ' ');
        buffer_add(b, h->text);
    }
}

struct str message_for_reject_log(const struct message *m, struct smtp_session *s)
{
    struct buffer b = BUFFER_IN(s->transaction_arena);

    if (!log_selected(LOG_SEL_rejected_header))
        return STR("");
    buffer_add_cstr(&b, "Envelope-from: <");
    buffer_add(&b, s->message.sender_address);
    buffer_add_cstr(&b, ">\n");
    for (size_t i = 0; i < s->message.recipients_count; i++) {
        buffer_add_cstr(&b, i == 0 ? "Envelope-to: <" : "    <");
        buffer_add(&b, s->message.recipients[i].address);
        buffer_add_cstr(&b, ">\n");
    }
    if (s->transaction.mail && m->problem != MESSAGE_TOO_BIG) /* that one does not get a Received: line any more */
        add_list(&b, s->transaction.mail);
    else
        add_raw(&b, view(&m->headers));
    return buffer_str(&b);
}
