/* Addresses in SMTP commands: see address.h. */
#include "mail/address.h"

#include <string.h>

#include "base/ascii.h"
#include "base/arena.h"
#include "base/buffer.h"
#include "base/ip.h"
#include "base/mailbox.h"
#include "base/utf8.h"

/* A place in the text, and what has been read so far. */
struct reader {
    struct arena *arena;
    const char *start, *p, *end;
    const struct address_rules *rules;
    struct buffer local_part, domain;
    bool has_domain;
    struct error *err;
};

static bool at_end(const struct reader *r)
{
    return r->p == r->end;
}

static bool at(const struct reader *r, char c)
{
    return !at_end(r) && *r->p == c;
}

static bool take(struct reader *r, char c)
{
    if (!at(r, c))
        return false;
    r->p++;
    return true;
}

/* Past white space and comments, which may be nested; one that does not end takes the rest. */
static void skip(struct reader *r)
{
    int depth = 0;

    for (; !at_end(r) && (depth > 0 || *r->p == '(' || ascii_is_space(*r->p)); r->p++) {
        if (*r->p == '(')
            depth++;
        else if (*r->p == ')')
            depth--;
        else if (*r->p == '\\' && r->p + 1 < r->end)
            r->p++;
    }
}

/* May stand in a word without quoting (RFC 5322 atext, and what has the top bit set). */
static bool is_word(char c)
{
    return c != ' ' && !ascii_is_control(c) && !strchr("()<>@,;:\\\".[]", c);
}

/* --- Local part */

static bool read_quoted(struct reader *r)
{
    buffer_add_char(&r->local_part, *r->p++);
    while (!at_end(r) && *r->p != '"') {
        if (*r->p == '\\' && r->p + 1 < r->end)
            buffer_add_char(&r->local_part, *r->p++);
        buffer_add_char(&r->local_part, *r->p++);
    }
    if (!take(r, '"'))
        return error_set(r->err, "unmatched doublequote in local part");
    buffer_add_char(&r->local_part, '"');
    return true;
}

static void read_word(struct reader *r)
{
    while (!at_end(r) && (is_word(*r->p) || *r->p == '\\')) {
        if (*r->p == '\\' && r->p + 1 < r->end)
            buffer_add_char(&r->local_part, *r->p++);
        buffer_add_char(&r->local_part, *r->p++);
    }
}

/* Words with dots between them; empty ones are taken for compatibility (manual, 48.20). */
static bool read_local_part(struct reader *r)
{
    do {
        skip(r);
        if (!at(r, '"'))
            read_word(r);
        else if (!read_quoted(r))
            return false;
        skip(r);
        if (!at(r, '.'))
            return true;
        buffer_add_char(&r->local_part, *r->p++);
    } while (true);
}

/* --- Domain */

/* How many octets the character of a domain has that is there; 0: it cannot be in one. */
static size_t domain_character(const struct reader *r, bool first)
{
    struct str rest = {r->p, (size_t)(r->end - r->p), false};
    uint32_t character;
    size_t length;

    if (at_end(r))
        return 0;
    if ((unsigned char)*r->p >= 0x80)
        return r->rules->allow_utf8_domains && utf8_read(rest, 0, &length, &character) ? length : 0;
    return ascii_is_alnum(*r->p) || (*r->p == '-' && !first);
}

static bool is_bad_utf8(const struct reader *r)
{
    return !at_end(r) && (unsigned char)*r->p >= 0x80 && r->rules->allow_utf8_domains &&
           domain_character(r, false) == 0;
}

static bool read_literal(struct reader *r)
{
    const char *close = memchr(r->p, ']', (size_t)(r->end - r->p));
    struct str inside;
    struct ip ip;

    if (!r->rules->allow_domain_literals)
        return error_set(r->err, "domain literals not allowed");
    if (!close)
        return error_set(r->err, "malformed domain literal");
    inside = str_copy_n(r->arena, r->p + 1, (size_t)(close - r->p - 1), true);
    if (str_starts_nocase(inside, "IPv6:") || str_starts_nocase(inside, "IPv4:"))
        inside = str_sub(r->arena, inside, 5, inside.n);
    if (inside.n > 0 && !ip_parse(inside, &ip))
        return error_set(r->err, "malformed domain literal");
    buffer_add_n(&r->domain, r->p, (size_t)(close + 1 - r->p));
    r->p = close + 1;
    return true;
}

static bool read_domain(struct reader *r)
{
    r->has_domain = true;
    skip(r);
    if (at(r, '['))
        return read_literal(r);
    for (size_t length;;) {
        if (domain_character(r, true) == 0 && !is_bad_utf8(r)) {
            if (!r->rules->strip_trailing_dot || r->domain.n == 0 || !(at_end(r) || at(r, '>')))
                return error_set(r->err, "domain missing or malformed");
            buffer_cut(&r->domain, r->domain.n - 1);
            return true;
        }
        for (; (length = domain_character(r, false)) > 0; r->p += length)
            buffer_add_n(&r->domain, r->p, length);
        if (is_bad_utf8(r))
            return error_set(r->err, "invalid UTF-8 byte sequence");
        skip(r);
        if (!at(r, '.'))
            return true;
        buffer_add_char(&r->domain, *r->p++);
        skip(r);
    }
}

/* --- The whole */

/* A source route (RFC 5321 appendix C): "@a,@b:", of no use any more. */
static bool skip_route(struct reader *r)
{
    do {
        skip(r);
        if (at(r, ':'))
            break;
        if (!take(r, '@') || !read_domain(r))
            return str_is_null(r->err->text) ? error_set(r->err, "no local part") : false;
        buffer_cut(&r->domain, 0);
        skip(r);
    } while (take(r, ','));
    r->has_domain = false;
    return take(r, ':') || error_set(r->err, "no local part");
}

static bool too_much(struct reader *r)
{
    enum { SHOWN = 32 };
    int left = r->end - r->p < SHOWN ? (int)(r->end - r->p) : SHOWN;

    return error_set(r->err, "malformed address: %.*s may not follow %.*s", left, r->p, (int)(r->p - r->start),
                     r->start);
}

/* What stands in angle brackets, up to and including the closing ones. */
static bool read_bracketed(struct reader *r)
{
    int brackets = 0;
    bool routed;

    while (at(r, '<') && (brackets == 0 || r->rules->strip_excess_angle_brackets)) {
        brackets++;
        r->p++;
    }
    skip(r);
    if (r->rules->allow_null && at(r, '>')) {
        r->p++;
        return true;
    }
    routed = at(r, '@');
    if ((routed && !skip_route(r)) || !read_local_part(r))
        return false;
    if (r->local_part.n == 0)
        return error_set(r->err, "missing or malformed local part");
    if (take(r, '@')) {
        if (!read_domain(r))
            return false;
        skip(r);
    } else if (routed) {
        return error_set(r->err, "domain missing in source-routed address");
    } else if (!at(r, '>')) {
        struct str read = buffer_str(&r->local_part);

        return error_set(r->err, "\"@\" or \".\" expected after \"%.*s\"", STR_ARG(read));
    }
    for (; brackets > 0; brackets--)
        if (!take(r, '>'))
            return at_end(r) ? error_set(r->err, "'>' missing at end of address") : too_much(r);
    return true;
}

/* A name in front of the angle brackets: words, one of which has been read already. */
static bool skip_phrase(struct reader *r)
{
    while (!at(r, '<')) {
        size_t before = r->local_part.n;

        if (!read_local_part(r))
            return false;
        if (r->local_part.n == before && !at(r, '<'))
            return error_set(r->err, "missing or malformed local part (expected word or \"<\")");
    }
    buffer_cut(&r->local_part, 0);
    return true;
}

static bool read_address(struct reader *r)
{
    skip(r);
    if (at_end(r))
        return error_set(r->err, "empty address");
    if (at(r, '<'))
        return read_bracketed(r);
    if (at(r, '@') && !skip_route(r))
        return false;
    if (!read_local_part(r))
        return false;
    if (r->local_part.n > 0 && at_end(r))
        return true;
    if (r->local_part.n > 0 && take(r, '@'))
        return read_domain(r);
    return skip_phrase(r) && read_bracketed(r);
}

bool address_parse(struct arena *arena, struct str text, const struct address_rules *rules,
                   struct address *address, struct error *err)
{
    struct reader r = {
        .arena = arena,
        .p = text.s,
        .end = text.s + text.n,
        .rules = rules,
        .local_part = {.arena = arena, .tainted = text.tainted},
        .domain = {.arena = arena, .tainted = text.tainted},
        .err = err,
    };

    while (!at_end(&r) && ascii_is_space(*r.p))
        r.p++;
    r.start = r.p;
    if (!read_address(&r))
        return false;
    skip(&r);
    if (!at_end(&r))
        return too_much(&r);
    address->local_part = buffer_str(&r.local_part);
    address->domain = r.has_domain ? buffer_str(&r.domain) : STR_NULL;
    address->text = r.has_domain ? str_join3(arena, address->local_part, STR("@"), address->domain)
                                 : address->local_part;
    if (address->text.n > ADDRESS_LONGEST)
        return error_set(err, "address is ridiculously long: %.64s...", address->text.s);
    return true;
}

/* --- Header lines */

/* Behind the quoted string that begins there. */
static size_t quoted_end(struct str text, size_t from)
{
    size_t i = from + 1;

    while (i < text.n && text.s[i] != '"')
        i += text.s[i] == '\\' ? 2 : 1;
    return i + 1;
}

/* Where the name of a group that begins there ends: behind its colon; from: there is none. The name is a phrase,
 * which may be empty. */
static size_t group_name(struct str text, size_t from)
{
    size_t i = mailbox_skip_blank(text, from);

    while (i < text.n && text.s[i] != ':') {
        if (text.s[i] == '"')
            i = quoted_end(text, i);
        else if (is_word(text.s[i]) || text.s[i] == '.')
            i++;
        else if (text.s[i] == '\\')
            i += 2;
        else
            return from;
        i = mailbox_skip_blank(text, i);
    }
    return i < text.n ? i + 1 : from;
}

/* What of the item that the text ends with is to be read as an address: *from to *to. The list learns where
 * groups begin and end. */
static void operative_part(struct address_list *list, struct str text, size_t *from, size_t *to)
{
    size_t begin = list->in_group ? *from : group_name(text, *from), semicolon;

    list->in_group = list->in_group || begin > *from;
    *from = begin;
    *to = text.n;
    semicolon = list->in_group ? mailbox_find(text, begin, ";") : mailbox_skip_blank(text, begin);
    if (semicolon < text.n && text.s[semicolon] == ';') {
        list->in_group = false;
        *to = semicolon;
    }
}

bool address_list_next(struct address_list *list, struct arena *arena, const struct address_rules *rules,
                       struct str *item, struct address *address, bool *good, struct error *err)
{
    while (list->at < list->text.n) {
        struct str text = list->text;
        size_t from = list->at, begin = from, end;

        text.n = mailbox_find(text, mailbox_skip_route(text, from), ",");
        list->at = text.n + 1;
        operative_part(list, text, &begin, &end);
        if (mailbox_skip_blank(text, begin) >= end)
            continue;
        list->begin = begin;
        list->end = end;
        *item = str_trim(arena, str_sub(arena, text, from, text.n));
        *good = address_parse(arena, str_sub(arena, text, begin, end - begin), rules, address, err);
        return true;
    }
    return false;
}

struct str address_unquote(struct arena *arena, struct str local_part)
{
    struct buffer b = BUFFER_IN(arena);

    if (str_find(local_part, '"') < 0 && str_find(local_part, '\\') < 0)
        return local_part;
    b.tainted = local_part.tainted;
    for (size_t i = 0; i < local_part.n; i++) {
        if (local_part.s[i] == '"')
            continue;
        if (local_part.s[i] == '\\' && i + 1 < local_part.n)
            i++;
        buffer_add_char(&b, local_part.s[i]);
    }
    return buffer_str(&b);
}
