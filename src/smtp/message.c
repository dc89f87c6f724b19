/* A message as it arrives: see message.h. */
#include "smtp/message.h"

#include <string.h>

#include "base/ascii.h"
#include "mail/header.h"

/* Octets of a line of the header section, where that has no limit. */
enum { LONGEST_LINE = 1 << 20 };

/* What a buffer holds, which may be nothing yet. */
static struct str view(const struct buffer *b)
{
    return (struct str){b->s ? b->s : "", b->n, true};
}

void message_begin(struct message *m, struct arena *arena, const struct message_limits *limits,
                   const struct message_sink *sink)
{
    *m = (struct message){.limits = *limits, .sink = sink};
    m->headers = m->head = m->tail = m->line = BUFFER_IN(arena);
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

static void end_headers(struct message *m)
{
    m->in_body = true;
    if (m->sink && m->problem == MESSAGE_FINE)
        m->sink->headers(m->sink->ctx, m);
}

static void count(struct message *m, size_t n)
{
    m->size += (int64_t)n;
    if (m->limits.size > 0 && m->size > m->limits.size)
        found(m, MESSAGE_TOO_BIG);
}

static void add_to_body(struct message *m, const char *p, size_t n)
{
    m->body_size += (int64_t)n;
    for (const char *zero = p; (zero = memchr(zero, 0, (size_t)(p + n - zero))); zero++)
        m->zeros++;
    keep_body(m, p, n);
    if (m->sink && m->problem == MESSAGE_FINE)
        m->sink->body(m->sink->ctx, p, n);
}

/* A line of the header section, or the one behind it. */
static void add_line(struct message *m, const char *p, size_t n)
{
    count(m, n + 1);
    if (is_continuation(m, p, n) || is_header(p, n)) {
        add_header_line(m, p, n);
        return;
    }
    m->empty_line = n == 0;
    end_headers(m);
    if (n > 0)
        add_to_body(m, p, n);
}

/* A line that is longer than all headers may be is kept no longer: it is a header that makes the message one to
 * refuse, or the body has begun. */
static void cut_line(struct message *m)
{
    struct buffer *line = &m->line;

    if (m->problem == MESSAGE_FINE && !is_continuation(m, line->s, line->n) && !is_header(line->s, line->n)) {
        count(m, line->n);
        end_headers(m);
        add_to_body(m, line->s, line->n);
        return;
    }
    found(m, MESSAGE_HEADER_TOO_BIG);
    count(m, line->n - 1);
    buffer_cut(line, 1); /* enough to tell it from an empty one */
}

static void add_text(struct message *m, const char *p, size_t n)
{
    m->line_n += n;
    if (m->in_body) {
        count(m, n);
        add_to_body(m, p, n);
        return;
    }
    buffer_add_n(&m->line, p, n);
    if ((int64_t)m->line.n > (m->limits.headers > 0 ? m->limits.headers : LONGEST_LINE))
        cut_line(m);
}

void message_end_line(struct message *m, bool counted)
{
    bool in_body = m->in_body, first = m->lines++ == 0;
    size_t n = m->line_n;

    m->line_n = 0;
    if (first && !in_body && m->limits.ignore_from_line && str_starts(view(&m->line), "From ") &&
        m->sink->from_line(m->sink->ctx, buffer_str(&m->line))) {
        buffer_cut(&m->line, 0);
        return;
    }
    if (n > m->longest_line)
        m->longest_line = n;
    if (in_body)
        count(m, 1);
    else
        add_line(m, view(&m->line).s, m->line.n);
    buffer_cut(&m->line, 0);
    if (m->in_body && (in_body || n > 0)) {
        m->body_lines += counted;
        add_to_body(m, "\n", 1);
    }
}

void message_add_part(struct message *m, const char *p, size_t n)
{
    const char *cr;

    while ((cr = memchr(p, '\r', n))) {
        add_text(m, p, (size_t)(cr - p));
        message_end_line(m, false);
        n -= (size_t)(cr - p) + 1;
        p = cr + 1;
    }
    add_text(m, p, n);
}

void message_end(struct message *m)
{
    m->ended_in_headers = !m->in_body;
    if (!m->in_body)
        end_headers(m);
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
    const char *p = headers.s, *end = str_end(headers);

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

static void add_list(struct buffer *b, const struct mail_message *mail, const struct mail_header *without)
{
    for (const struct mail_header *h = mail->headers; h; h = h->next) {
        if (h == without)
            continue;
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
    if (s->transaction.mail) /* a message that is too big does not get a Received: line any more */
        add_list(&b, s->transaction.mail, m->problem == MESSAGE_TOO_BIG ? s->transaction.received : NULL);
    else
        add_raw(&b, view(&m->headers));
    return buffer_str(&b);
}
