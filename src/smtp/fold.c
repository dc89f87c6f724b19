/* Folding of long reply texts: see fold.h. */
#include "smtp/fold.h"

#include <string.h>

#include "base/arena.h"
#include "base/ascii.h"
#include "base/buffer.h"

enum {
    WIDTH = 75,
    EARLIEST = WIDTH / 2 + 1, /* a break before this would leave too short a line */
};

/* Where to break a line that is too long: an index of a space; -1: nowhere. */
static ptrdiff_t break_at(const char *p, size_t n)
{
    const char *space;

    for (size_t i = WIDTH; i >= EARLIEST; i--)
        if (p[i] == ' ' && p[i - 1] == ':')
            return (ptrdiff_t)i;
    for (size_t i = WIDTH; i >= EARLIEST; i--)
        if (p[i] == ' ')
            return (ptrdiff_t)i;
    space = memchr(p + WIDTH, ' ', n - WIDTH);
    return space ? space - p : -1;
}

static void fold_line(struct buffer *out, const char *p, size_t n)
{
    while (n > WIDTH) {
        ptrdiff_t at = break_at(p, n);

        if (at < 0)
            break;
        buffer_add_n(out, p, (size_t)at);
        buffer_add_char(out, '\n');
        p += at + 1;
        n -= (size_t)at + 1;
    }
    buffer_add_n(out, p, n);
}

struct str smtp_fold(struct arena *arena, struct str text)
{
    struct buffer out = BUFFER_IN(arena);
    const char *p = text.s, *end = str_end(text);

    if (text.n <= WIDTH && str_find(text, '\n') < 0)
        return text;
    out.tainted = text.tainted;
    for (;;) {
        const char *lf = memchr(p, '\n', (size_t)(end - p));
        const char *stop = lf ? lf : end;

        fold_line(&out, p, (size_t)(stop - p));
        for (p = stop; p < end && ascii_is_space(*p); p++)
            continue;
        if (p == end)
            return buffer_str(&out);
        buffer_add_char(&out, '\n');
    }
}
