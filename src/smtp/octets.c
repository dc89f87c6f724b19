/* Lines out of octets: see octets.h. A line that a bare LF ends neither is the dot that ends a message nor
 * begins another that could be: what a server in front took for text must not become commands here (smuggling). */
#include "smtp/octets.h"

#include <string.h>

void octets_begin(struct octets *o, enum octets_form form, struct message *message)
{
    *o = (struct octets){
        .form = form,
        .message = message,
        .after_end = true,
        .loose = form == OCTETS_PLAIN || form == OCTETS_DOT_ENDS,
    };
}

/* The dot was no end: it is part of the line, unless it was put in front of one. */
static void pass_dot(struct octets *o)
{
    if (o->dot && o->form == OCTETS_DOT_ENDS)
        message_add_part(o->message, ".", 1);
    o->dot = false;
}

/* Octets of a line, of which none is an LF, nor a CR that may belong to its end. */
static void take_text(struct octets *o, const char *p, size_t n)
{
    if (n == 0)
        return;
    if (!o->begun && o->after_end && *p == '.' && o->form != OCTETS_PLAIN) {
        o->dot = true;
        p++;
        n--;
    }
    o->begun = true;
    if (n == 0)
        return;
    pass_dot(o);
    message_add_part(o->message, p, n);
}

static void end_line(struct octets *o, bool crlf)
{
    if (o->lines++ == 0 && o->form == OCTETS_DOTS_LOCAL)
        o->loose = !crlf;
    crlf |= o->loose;
    if (o->dot && crlf) {
        o->ended = true;
        return;
    }
    message_end_line(o->message, crlf);
    o->after_end = crlf;
    o->begun = o->dot = o->cr = false;
}

/* What stands in front of an LF, or of the end of what has come. */
static void take_part(struct octets *o, const char *p, size_t n)
{
    if (n == 0)
        return;
    if (o->cr)
        take_text(o, "\r", 1);
    o->cr = p[n - 1] == '\r';
    take_text(o, p, n - o->cr);
}

size_t octets_take(struct octets *o, const char *p, size_t n)
{
    const char *const begin = p, *const end = p + n;

    while (p < end && !o->ended) {
        const char *lf = memchr(p, '\n', (size_t)(end - p));

        take_part(o, p, (size_t)((lf ? lf : end) - p));
        if (lf) {
            o->bare_lf += !o->cr;
            end_line(o, o->cr);
        }
        p = lf ? lf + 1 : end;
    }
    return (size_t)(p - begin);
}

void octets_end(struct octets *o)
{
    if (o->ended)
        return;
    pass_dot(o);
    if (o->begun || o->cr)
        end_line(o, o->cr);
}
