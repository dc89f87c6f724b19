/* Exim's string lists: see strlist.h. */
#include "base/strlist.h"

#include "base/arena.h"
#include "base/ascii.h"
#include "base/buffer.h"

void strlist_begin(struct strlist *it, struct str list, char separator)
{
    const char *begin = list.s == NULL ? "" : list.s, *end = begin + list.n, *p = begin;

    while (p < end && ascii_is_space(*p))
        p++;
    if (p < end && *p == '<') {
        if (p + 1 == end) {
            begin = end; /* names nothing and holds nothing */
        } else if (ascii_is_punct(p[1]) || ascii_is_control(p[1])) {
            separator = p[1];
            begin = p + 2;
        }
    }
    *it = (struct strlist){.p = begin, .end = end, .separator = separator, .tainted = list.tainted};
}

/* The length of the item that begins here, before doubled separators become one. */
static size_t item_room(const struct strlist *it, bool doubles)
{
    const char *p = it->p;

    for (; p < it->end; p++)
        if (*p == it->separator) {
            if (!doubles || p + 1 == it->end || p[1] != *p)
                break;
            p++;
        }
    return (size_t)(p - it->p);
}

bool strlist_next(struct strlist *it, struct arena *arena, struct str *item)
{
    bool doubles = !ascii_is_control(it->separator);

    /* A separator that is itself white space ends an empty item here. */
    while (it->p < it->end && *it->p != it->separator && ascii_is_space(*it->p))
        it->p++;
    if (it->p == it->end)
        return false;
    char *s = arena_array(arena, item_room(it, doubles) + 1, 1);
    size_t n = 0;
    while (it->p < it->end) {
        char c = *it->p++;
        if (c == it->separator) {
            if (!doubles || it->p == it->end || *it->p != c)
                break;
            it->p++;
        }
        s[n++] = c;
    }
    while (n > 0 && ascii_is_space(s[n - 1]))
        s[--n] = '\0';
    *item = (struct str){s, n, it->tainted};
    return true;
}

void strlist_add(struct buffer *list, struct str item, char separator, bool first)
{
    if (!first) {
        buffer_add_char(list, separator);
        /* White space keeps the separator from being doubled. */
        if (item.n == 0 || item.s[0] == separator)
            buffer_add_char(list, ' ');
    }
    for (size_t i = 0; i < item.n; i++) {
        if (item.s[i] == separator)
            buffer_add_char(list, separator);
        buffer_add_char(list, item.s[i]);
    }
    list->tainted |= item.tainted;
}
