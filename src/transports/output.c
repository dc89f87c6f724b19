/* Line endings, dots and escapes: see output.h. */
#include "transports/output.h"

#include <string.h>

void line_output_begin(struct line_output *o, struct message_writer *writer)
{
    o->writer = writer;
    o->line_start = true;
    o->n = 0;
}

static bool flush(struct line_output *o)
{
    bool ok = o->n == 0 || o->writer->write(o->writer->ctx, o->out, o->n);

    o->writer->octets += (int64_t)o->n;
    o->n = 0;
    return ok;
}

static bool put(struct line_output *o, const char *p, size_t n)
{
    while (n > 0) {
        size_t room = sizeof o->out - o->n;
        size_t part = n < room ? n : room;

        memcpy(o->out + o->n, p, part);
        o->n += part;
        p += part;
        n -= part;
        if (o->n == sizeof o->out && !flush(o))
            return false;
    }
    return true;
}

/* What a line's beginning becomes; *taken: how many octets of the line that uses up. */
static bool begin_line(struct line_output *o, const char *p, size_t n, size_t *taken)
{
    const struct message_writer *w = o->writer;

    *taken = 0;
    o->line_start = false;
    if (!str_is_empty(w->check_string) && n >= w->check_string.n && memcmp(p, w->check_string.s, w->check_string.n) == 0) {
        *taken = w->check_string.n;
        return put(o, w->escape_string.s, w->escape_string.n);
    }
    return !w->dots || n == 0 || *p != '.' || put(o, ".", 1);
}

static bool end_line(struct line_output *o)
{
    o->line_start = true;
    o->writer->lines++;
    return o->writer->crlf ? put(o, "\r\n", 2) : put(o, "\n", 1);
}

ssize_t line_output_take(struct line_output *o, const char *p, size_t n, bool wire, bool final)
{
    const char *begin = p, *end = p + n;
    size_t need = o->writer->check_string.n;

    while (p < end) {
        const char *lf = memchr(p, '\n', (size_t)(end - p));
        const char *stop = lf ? lf : end;
        size_t taken;

        if (o->line_start) {
            if (!lf && !final && (size_t)(end - p) < need)
                break;
            if (!begin_line(o, p, (size_t)(stop - p), &taken))
                return -1;
            p += taken;
        }
        if (wire && stop > p && stop[-1] == '\r') {
            if (!lf && !final) { /* its LF may follow */
                if (!put(o, p, (size_t)(stop - 1 - p)))
                    return -1;
                return stop - 1 - begin;
            }
            if (lf)
                stop--;
        }
        if (!put(o, p, (size_t)(stop - p)) || (lf && !end_line(o)))
            return -1;
        p = lf ? lf + 1 : end;
    }
    return p - begin;
}

bool line_output_end(struct line_output *o)
{
    if (!o->line_start && !end_line(o))
        return false;
    if (o->writer->end_dot && !(put(o, ".", 1) && end_line(o)))
        return false;
    return flush(o);
}
