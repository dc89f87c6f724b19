/* Making strings from outside fit to be shown: see print.h. */
#include "base/print.h"

static bool topbit_prints;

void print_topbitchars(bool printing)
{
    topbit_prints = printing;
}

bool print_has_topbitchars(void)
{
    return topbit_prints;
}

static const char named_controls[] = {['\b'] = 'b', ['\n'] = 'n', ['\v'] = 'v', ['\f'] = 'f', ['\r'] = 'r'};

/* Whether an octet is shown as it is. */
static bool is_plain(unsigned char c, unsigned flags)
{
    if (c == ' ')
        return (flags & PRINT_SPACE) == 0;
    if (c == '\t')
        return (flags & PRINT_TAB) == 0;
    if (c == '\n')
        return (flags & PRINT_LF) != 0;
    return c >= 128 ? topbit_prints || (flags & PRINT_8BIT) != 0 : c > ' ' && c < 127;
}

/* Index of the first octet that needs escaping at or behind `from`; v.n when there is none. */
static size_t plain_end(struct str v, size_t from, unsigned flags)
{
    while (from < v.n && is_plain((unsigned char)v.s[from], flags))
        from++;
    return from;
}

void print_escaped(struct buffer *b, struct str v, unsigned flags)
{
    size_t from = 0;

    for (;;) {
        size_t end = plain_end(v, from, flags);
        if (end > from)
            buffer_add_n(b, v.s + from, end - from);
        if (end == v.n)
            break;
        unsigned char c = (unsigned char)v.s[end];
        if (c < sizeof named_controls && named_controls[c] != 0)
            buffer_printf(b, "\\%c", named_controls[c]);
        else
            buffer_printf(b, "\\%03o", c);
        from = end + 1;
    }
    b->tainted |= v.tainted;
}

struct str printable(struct arena *arena, struct str v)
{
    if (plain_end(v, 0, 0) == v.n)
        return v;
    struct buffer b = BUFFER_IN(arena);
    print_escaped(&b, v, 0);
    return buffer_str(&b);
}

struct str printable_lines(struct arena *arena, struct str v)
{
    if (plain_end(v, 0, PRINT_LF) == v.n)
        return v;
    struct buffer b = BUFFER_IN(arena);
    print_escaped(&b, v, PRINT_LF);
    return buffer_str(&b);
}
