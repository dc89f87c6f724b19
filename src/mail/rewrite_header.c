/* Rewriting the addresses of header lines (manual, 31): each is replaced where it stands, and what is around it
 * stays. */
#include <string.h>

#include "base/arena.h"
#include "base/ascii.h"
#include "base/buffer.h"
#include "base/mailbox.h"
#include "mail/address.h"
#include "mail/header.h"
#include "mail/rewrite_private.h"

enum rewrite_place rewrite_place_of(enum mail_header_type type)
{
    switch (type) {
    case HEADER_BCC:
        return REWRITE_BCC;
    case HEADER_CC:
        return REWRITE_CC;
    case HEADER_FROM:
        return REWRITE_FROM;
    case HEADER_REPLY_TO:
        return REWRITE_REPLY_TO;
    case HEADER_SENDER:
        return REWRITE_SENDER;
    case HEADER_TO:
        return REWRITE_TO;
    case HEADER_OTHER:
    case HEADER_DELETED:
    case HEADER_ID:
    case HEADER_RECEIVED:
        break;
    }
    return 0;
}

/* --- Where the address is in what a header line has for one */

struct span {
    size_t from, to;
};

/* Behind a quoted string, which begins there. */
static size_t skip_quoted(struct str text, size_t at, size_t to)
{
    for (at++; at < to && text.s[at] != '"'; at++)
        if (text.s[at] == '\\')
            at++;
    return at < to ? at + 1 : to;
}

static struct span trim_space(struct str text, struct span span)
{
    while (span.from < span.to && ascii_is_space(text.s[span.from]))
        span.from++;
    while (span.to > span.from && ascii_is_space(text.s[span.to - 1]))
        span.to--;
    return span;
}

/* Without white space and comments at its ends. */
static struct span trim(struct str text, struct span span)
{
    struct str part = {text.s, span.to, text.tainted};
    size_t at = mailbox_skip_blank(part, span.from);

    span.from = at;
    while (at < part.n) {
        size_t next = mailbox_skip_blank(part, at);

        if (next > at) {
            at = next;
            continue;
        }
        at = part.s[at] == '"' ? skip_quoted(part, at, part.n) : at + 1;
        span.to = at;
    }
    return span;
}

/* Inside the angle brackets where there are any; the whole of it without comments otherwise. */
static struct span find_address(struct str text, struct span span)
{
    struct str part = {text.s, span.to, text.tainted};
    const char *close;

    for (size_t at = span.from; at < part.n;) {
        size_t next = mailbox_skip_blank(part, at);

        if (next > at) {
            at = next;
        } else if (part.s[at] == '"') {
            at = skip_quoted(part, at, part.n);
        } else if (part.s[at] == '<') {
            close = memchr(part.s + at, '>', part.n - at);
            return (struct span){at + 1, close ? (size_t)(close - part.s) : part.n};
        } else {
            at++;
        }
    }
    return trim(text, span);
}

/* --- One header */

/* What makes a new address of one in a header. STR_NULL: it stays. *whole: it takes the place of all of the item. */
struct change {
    struct str (*change)(void *ctx, struct str address, bool *whole);
    void *ctx;
};

static bool next_item(struct address_list *list, struct arena *arena, struct str *item, struct address *address,
                      bool *good)
{
    static const struct address_rules rules = {.allow_domain_literals = true, .allow_utf8_domains = true};
    struct error err = ERROR_IN(arena);

    return address_list_next(list, arena, &rules, item, address, good, &err);
}

static struct str change_header(struct arena *arena, struct str line, const struct change *change)
{
    ptrdiff_t colon = str_find(line, ':');
    struct address_list list = {.text = line};
    struct buffer out = BUFFER_IN(arena);
    struct address address;
    struct str item;
    size_t done = 0;
    bool good, whole;

    if (colon < 0)
        return line;
    list.at = (size_t)colon + 1;
    while (next_item(&list, arena, &item, &address, &good)) {
        struct span span = {list.begin, list.end};
        struct str result = good ? change->change(change->ctx, address.text, &whole) : STR_NULL;

        if (str_is_null(result))
            continue;
        span = whole ? trim_space(line, span) : find_address(line, span);
        buffer_add_n(&out, line.s + done, span.from - done);
        buffer_add(&out, result);
        done = span.to;
    }
    if (done == 0)
        return line;
    buffer_add_n(&out, line.s + done, line.n - done);
    out.tainted |= line.tainted;
    return buffer_str(&out);
}

/* --- By rules */

struct by_rules {
    struct scope *scope;
    const struct rewrite_rules *rules;
    enum rewrite_place place;
    bool complete;
};

static bool is_complete(struct str address)
{
    return str_find(address, '@') >= 0;
}

static struct str rewrite_by_rules(void *ctx, struct str address, bool *whole)
{
    const struct by_rules *by = ctx;
    const struct scope_process *process = by->scope->process;
    bool recipient = by->place & (REWRITE_TO | REWRITE_CC | REWRITE_BCC);
    struct str full = address, result, all;

    *whole = false;
    if (!is_complete(address)) {
        if (!by->complete)
            return STR_NULL;
        full = str_join3(by->scope->arena, address, STR("@"),
                         recipient ? process->qualify_recipient : process->qualify_domain);
    }
    result = rewrite_address_whole(by->scope, by->rules, full, by->place, &all);
    if (!str_is_null(all)) {
        *whole = true;
        return all;
    }
    return str_eq(result, address) ? STR_NULL : result;
}

struct str rewrite_header(struct scope *scope, const struct rewrite_rules *rules, struct str line,
                          enum rewrite_place place, bool complete)
{
    struct by_rules by = {scope, rules, place, complete};
    struct change change = {rewrite_by_rules, &by};

    if (!complete && !(rewrite_places(rules) & (unsigned)place))
        return line;
    return change_header(scope->arena, line, &change);
}

/* --- The envelope, and all headers */

struct str rewrite_envelope(struct scope *scope, const struct rewrite_rules *rules, struct mail_message *message,
                            struct str address, enum rewrite_place place)
{
    struct str result, name = place == REWRITE_ENV_FROM ? STR("X-rewrote-sender: ")
                                                        : STR("X-rewrote-original-recipient: ");

    if (str_is_empty(address) || !(rewrite_places(rules) & (unsigned)place))
        return address;
    result = rewrite_address(scope, rules, address, place);
    if (str_eq(result, address))
        return address;
    mail_header_append(message, HEADER_DELETED, str_join3(message->arena, name, address, STR("\n")));
    return str_copy(message->arena, result);
}

static void replace(struct mail_message *message, struct mail_header *header, struct str text)
{
    enum mail_header_type type = header->type;

    if (text.s == header->text.s)
        return;
    header->type = HEADER_DELETED;
    mail_header_insert(message, header, type, str_copy(message->arena, text));
}

void rewrite_headers(struct scope *scope, const struct rewrite_rules *rules, struct mail_message *message)
{
    struct mail_header *next;

    for (struct mail_header *header = message->headers; header; header = next) {
        enum rewrite_place place = rewrite_place_of(header->type);
        bool recipient = place & (REWRITE_TO | REWRITE_CC | REWRITE_BCC);

        next = header->next;
        if (place)
            replace(message, header,
                    rewrite_header(scope, rules, header->text, place,
                                   recipient ? message->allow_unqualified_recipient
                                             : message->allow_unqualified_sender));
    }
}

/* --- By domain */

struct by_domain {
    struct arena *arena;
    struct str from, to;
};

static struct str replace_domain(void *ctx, struct str address, bool *whole)
{
    const struct by_domain *by = ctx;
    ptrdiff_t at = str_rfind(address, '@');

    *whole = false;
    if (at < 0 || !str_eq_nocase(str_sub(by->arena, address, (size_t)at + 1, address.n), by->from))
        return STR_NULL;
    return str_join3(by->arena, str_sub(by->arena, address, 0, (size_t)at), STR("@"), by->to);
}

bool rewrite_headers_domain(struct mail_message *message, struct str from, struct str to)
{
    struct by_domain by = {message->arena, from, to};
    struct change change = {replace_domain, &by};
    bool changed = false;
    struct mail_header *next;

    for (struct mail_header *header = message->headers; header; header = next) {
        struct str text;

        next = header->next;
        if (!rewrite_place_of(header->type))
            continue;
        text = change_header(message->arena, header->text, &change);
        changed |= text.s != header->text.s;
        replace(message, header, text);
    }
    return changed;
}
