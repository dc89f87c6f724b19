/* Mailboxes in header lines: see mailbox.h. */
#include "base/mailbox.h"

#include <string.h>

#include "base/ascii.h"

size_t mailbox_find(struct str text, size_t from, const char *wanted)
{
    unsigned depth = 0;
    bool quoted = false, angle = false;
    size_t i = from;

    for (; i < text.n; i++) {
        char c = text.s[i];

        if (c == '\\' && i + 1 < text.n)
            i++;
        else if (quoted)
            quoted = c != '"';
        else if (c == '"' && depth == 0)
            quoted = true;
        else if (c == '(')
            depth++;
        else if (c == ')' && depth > 0)
            depth--;
        else if (depth > 0)
            continue;
        else if (c == '<' || c == '>')
            angle = c == '<';
        else if (!angle && c != '\0' && strchr(wanted, c) != NULL)
            break;
    }
    return i < text.n ? i : text.n;
}

size_t mailbox_skip_blank(struct str text, size_t from)
{
    unsigned depth = 0;
    size_t i = from;

    for (; i < text.n; i++) {
        if (depth > 0 && text.s[i] == '\\' && i + 1 < text.n)
            i++;
        else if (text.s[i] == '(')
            depth++;
        else if (depth > 0 && text.s[i] == ')')
            depth--;
        else if (depth == 0 && !ascii_is_space(text.s[i]))
            break;
    }
    return i < text.n ? i : text.n;
}

size_t mailbox_skip_route(struct str text, size_t from)
{
    size_t at = mailbox_skip_blank(text, from);

    return at < text.n && text.s[at] == '@' ? mailbox_find(text, at, ":") : from;
}
