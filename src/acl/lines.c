/* Logical lines of ACLs that come as text: from a file, or from the expansion of an option or an acl
 * condition (manual, 44.12). The rules are those of the configuration file (6.1) without macros. */
#include "acl/compiled.h"
#include "base/ascii.h"
#include "base/buffer.h"

void *acl_room(struct arena *arena, void *array, size_t n, size_t size)
{
    /* The capacity is the next power of two. */
    if (n == 0)
        return arena_alloc(arena, size);
    return (n & (n - 1)) == 0 ? arena_grow(arena, array, n * size, 2 * n * size) : array;
}

struct line_reader {
    const char *p, *end;
    unsigned line; /* of the physical line that p is at */
};

/* The next physical line without white space around it. False: no more. */
static bool next_physical(struct line_reader *r, const char **s, size_t *n)
{
    const char *from = r->p, *to;

    if (r->p >= r->end)
        return false;
    while (r->p < r->end && *r->p != '\n')
        r->p++;
    to = r->p;
    if (r->p < r->end)
        r->p++;
    r->line++;
    while (from < to && ascii_is_space(*from))
        from++;
    while (to > from && ascii_is_space(to[-1]))
        to--;
    *s = from;
    *n = (size_t)(to - from);
    return true;
}

/* The next logical line. A comment in the middle of a continued line is left out of it. */
static bool next_logical(struct line_reader *r, struct arena *arena, const char *file, bool tainted,
                         struct source_line *out)
{
    struct buffer text = BUFFER_IN(arena);
    bool continued = false;
    const char *s;
    size_t n;

    while (next_physical(r, &s, &n)) {
        if (n > 0 && *s == '#')
            continue;
        if (!continued) {
            if (n == 0)
                continue;
            out->where = (struct source_pos){file, r->line};
        }
        continued = n > 0 && s[n - 1] == '\\';
        buffer_add_n(&text, s, continued ? n - 1 : n);
        if (!continued)
            break;
    }
    if (text.n == 0)
        return false;
    text.tainted = tainted;
    out->text = buffer_str(&text);
    return true;
}

struct source_lines acl_text_lines(struct arena *arena, struct str text, const char *file)
{
    struct line_reader r = {text.s, text.s + text.n, 0};
    struct source_lines lines = {NULL, 0};
    struct source_line line;

    while (next_logical(&r, arena, file, text.tainted, &line)) {
        lines.v = acl_room(arena, lines.v, lines.n, sizeof line);
        lines.v[lines.n++] = line;
    }
    return lines;
}
