/* Addresses in header lines: see header_address.h. */
#include "expand/header_address.h"

#include <string.h>

#include "base/ascii.h"
#include "base/buffer.h"
#include "base/mailbox.h"
#include "base/utf8.h"

/* Where reading is. */
struct cursor {
    const char *p, *end;
    bool utf8_domains;
};

static bool at(const struct cursor *c, char wanted)
{
    return c->p < c->end && *c->p == wanted;
}

/* White space and comments, which nest. False: a comment does not end. */
static bool skip_blank(struct cursor *c)
{
    unsigned depth = 0;
    for (; c->p < c->end; c->p++) {
        if (depth > 0 && *c->p == '\\' && c->p + 1 < c->end)
            c->p++;
        else if (*c->p == '(')
            depth++;
        else if (depth > 0 && *c->p == ')')
            depth--;
        else if (depth == 0 && !ascii_is_space(*c->p))
            break;
    }
    return depth == 0;
}

/* What an unquoted word consists of. Octets above 127 are let through for UTF-8. */
static bool is_atom_char(char c)
{
    return (unsigned char)c > 32 && c != 127 && strchr("()<>@,;:\\\".[]", c) == NULL;
}

/* A quoted string, copied with its quotes. */
static bool read_quoted(struct cursor *c, struct buffer *out)
{
    const char *from = c->p++;
    while (c->p < c->end && *c->p != '"') {
        if (*c->p == '\\' && c->p + 1 < c->end)
            c->p++;
        c->p++;
    }
    if (!at(c, '"'))
        return false;
    c->p++;
    buffer_add_n(out, from, (size_t)(c->p - from));
    return true;
}

/* A word: a quoted string or an atom, in which a backslash hides what follows. */
static bool read_word(struct cursor *c, struct buffer *out)
{
    if (at(c, '"'))
        return read_quoted(c, out);
    const char *from = c->p;
    while (c->p < c->end && (is_atom_char(*c->p) || (*c->p == '\\' && c->p + 1 < c->end)))
        c->p += *c->p == '\\' ? 2 : 1;
    buffer_add_n(out, from, (size_t)(c->p - from));
    return c->p > from;
}

/* Words with dots between them; more dots than that are let pass. */
static bool read_local_part(struct cursor *c, struct buffer *out)
{
    bool word = false, any = false;
    while (skip_blank(c) && c->p < c->end) {
        if (*c->p == '.') {
            c->p++;
            buffer_add_char(out, '.');
            word = false;
        } else if (word || !read_word(c, out)) {
            break;
        } else {
            word = true;
        }
        any = true;
    }
    return any && skip_blank(c);
}

static bool read_literal(struct cursor *c, struct buffer *out)
{
    const char *close = memchr(c->p, ']', (size_t)(c->end - c->p));
    if (close == NULL)
        return false;
    buffer_add_n(out, c->p, (size_t)(close + 1 - c->p));
    c->p = close + 1;
    return skip_blank(c);
}

/* How many octets of a label the character is that is there; 0: it cannot be in one. */
static size_t label_character(const struct cursor *c, bool first)
{
    const struct str rest = {c->p, (size_t)(c->end - c->p), false};
    uint32_t character;
    size_t length;

    if (rest.n == 0)
        return 0;
    if ((unsigned char)*c->p >= 0x80)
        return c->utf8_domains && utf8_read(rest, 0, &length, &character) ? length : 0;
    return ascii_is_alnum(*c->p) || (*c->p == '-' && !first);
}

/* Labels of letters, digits and hyphens, not beginning with one; or a literal in brackets. */
static bool read_domain(struct cursor *c, struct buffer *out)
{
    if (!skip_blank(c))
        return false;
    if (at(c, '['))
        return read_literal(c, out);
    for (;;) {
        const char *from = c->p;
        for (size_t n; (n = label_character(c, c->p == from)) > 0;)
            c->p += n;
        if (c->p == from)
            return false;
        buffer_add_n(out, from, (size_t)(c->p - from));
        if (!skip_blank(c))
            return false;
        if (!at(c, '.'))
            return true;
        c->p++;
        buffer_add_char(out, '.');
        if (!skip_blank(c))
            return false;
    }
}

/* @a,@b: in front of an address says by which hosts it should travel: nobody wants to know any more. */
static bool skip_route(struct cursor *c, struct arena *arena)
{
    struct buffer ignored = BUFFER_IN(arena);
    if (!skip_blank(c))
        return false;
    if (!at(c, '@'))
        return true;
    while (at(c, '@')) {
        c->p++;
        if (!read_domain(c, &ignored))
            return false;
        if (at(c, ','))
            c->p++;
        if (!skip_blank(c))
            return false;
    }
    if (!at(c, ':'))
        return false;
    c->p++;
    return skip_blank(c);
}

static bool read_address(struct cursor *c, struct arena *arena, bool tainted, struct header_address *address)
{
    struct buffer text = BUFFER_IN(arena);
    text.tainted = tainted;
    if (!skip_route(c, arena) || !read_local_part(c, &text))
        return false;
    size_t n = text.n;
    if (at(c, '@')) {
        c->p++;
        buffer_add_char(&text, '@');
        if (!read_domain(c, &text))
            return false;
    }
    address->address = buffer_str(&text);
    address->local_part = str_sub(arena, address->address, 0, n);
    address->domain = str_sub(arena, address->address, n + 1, address->address.n);
    return true;
}

/* Words and dots in front of an angle bracket. False: there is no bracket behind them. */
static bool skip_phrase(struct cursor *c, struct arena *arena)
{
    struct buffer ignored = BUFFER_IN(arena);
    while (skip_blank(c) && c->p < c->end && *c->p != '<') {
        if (*c->p == '.')
            c->p++;
        else if (!read_word(c, &ignored))
            return false;
    }
    return at(c, '<');
}

enum { LONGEST = 256 }; /* octets of an address, as in SMTP commands (RFC 5321, section 4.5.3.1) */

bool header_address_parse(struct arena *arena, struct str text, bool utf8_domains, struct header_address *address)
{
    struct cursor start = {text.s, text.s + text.n, utf8_domains}, c = start;
    bool angle = skip_phrase(&c, arena);
    if (angle)
        c.p++;
    else
        c = start;
    if (!read_address(&c, arena, text.tainted, address))
        return false;
    if (angle) {
        if (!at(&c, '>'))
            return false;
        c.p++;
    }
    return skip_blank(&c) && c.p == c.end && address->address.n <= LONGEST;
}

/* --- Lists */

bool header_address_next(struct header_address_list *list, struct arena *arena, struct str *mailbox)
{
    if (list->at >= list->text.n)
        return false;
    size_t from = list->at, routed = mailbox_skip_route(list->text, from);
    size_t to = mailbox_find(list->text, routed > from ? routed + 1 : from, list->in_group ? ",;" : ",:");
    if (to < list->text.n && list->text.s[to] == ':') {
        list->in_group = true;
        list->at = to + 1;
        *mailbox = STR("");
        return true;
    }
    *mailbox = str_sub(arena, list->text, from, to - from);
    if (to < list->text.n && list->text.s[to] == ';') {
        list->in_group = false;
        to = mailbox_find(list->text, to, ",");
    }
    list->at = to + 1;
    return true;
}
