/* Compiling lists, and the ways into matching: see list.h. */
#include "match/list.h"

#include <string.h>

#include "base/arena.h"
#include "base/ascii.h"
#include "base/strlist.h"
#include "expand/expand.h"
#include "match/walk.h"

/* --- Compiling */

static void parse_items(struct arena *arena, struct list *list)
{
    struct strlist items;
    struct str raw;
    size_t room = 0;

    strlist_begin(&items, list->text, ':');
    while (strlist_next(&items, arena, &raw)) {
        if (list->n == room) {
            size_t more = room ? 2 * room : 8;
            struct item *grown = ARENA_ARRAY(arena, struct item, more);
            if (room)
                memcpy(grown, list->items, room * sizeof *grown);
            list->items = grown;
            room = more;
        }
        item_parse(arena, list->kind, list->place, raw, true, &list->items[list->n++]);
    }
}

struct list *list_compile_mutable(struct arena *arena, enum list_kind kind, struct str text,
                                  struct source_pos where)
{
    struct list *list = ARENA_NEW(arena, struct list);

    *list = (struct list){.kind = kind, .place = PLACE_LIST, .source = str_copy(arena, text)};
    list->template = template_compile(arena, list->source, where);
    if (template_constant(list->template, &list->text)) {
        list->template = NULL;
        parse_items(arena, list);
    }
    return list;
}

const struct list *list_compile(struct arena *arena, enum list_kind kind, struct str text,
                                struct source_pos where)
{
    return list_compile_mutable(arena, kind, text, where);
}

const struct list *list_compile_plain(struct arena *arena, enum list_kind kind, enum item_place place,
                                      struct str text)
{
    struct list *list = ARENA_NEW(arena, struct list);

    *list = (struct list){.kind = kind, .place = place, .source = str_copy(arena, text)};
    list->text = list->source;
    parse_items(arena, list);
    return list;
}

const struct list *list_of_one(struct arena *arena, enum list_kind kind, struct str text, bool keep)
{
    struct list *list = ARENA_NEW(arena, struct list);

    *list = (struct list){.kind = kind, .place = PLACE_LIST, .source = text, .text = text, .n = 1};
    list->items = ARENA_NEW(arena, struct item);
    item_parse(arena, kind, PLACE_LIST, text, keep, list->items);
    return list;
}

struct str list_source(const struct list *list)
{
    return list ? list->source : STR_NULL;
}

/* --- Matching */

/* v in lower case; v itself when it is that already. */
static struct str folded(struct arena *arena, struct str v)
{
    for (size_t i = 0; i < v.n; i++)
        if (ascii_lower(v.s[i]) != v.s[i])
            return str_lower(arena, v);
    return v;
}

/* An address with its domain in lower case. */
static struct str fold_domain(struct arena *arena, struct str address)
{
    ptrdiff_t at = str_rfind(address, '@');

    if (at < 0)
        return address;
    struct str domain = {address.s + at, address.n - (size_t)at, address.tainted};
    struct str lower = folded(arena, domain);
    return lower.s == domain.s ? address : str_join(arena, str_sub(arena, address, 0, (size_t)at), lower);
}

/* Address lists leave $0 and what follows it alone, although the domains in them are matched as elsewhere. */
static enum match_result walk_addresses(struct matching *m, const struct list *list)
{
    struct str captures[SCOPE_CAPTURES];
    unsigned n = m->scope->capture_count;

    memcpy(captures, m->scope->captures, n * sizeof *captures);
    enum match_result result = match_walk(m, list);
    match_set_captures(m, captures, n);
    return result;
}

static enum match_result run(struct matching *m, const struct list *list, struct str *value)
{
    struct str ignored;

    if (!value)
        value = &ignored;
    *value = STR_NULL;
    if (!list)
        return MATCH_NO;
    enum match_result result = m->kind == LIST_ADDRESS ? walk_addresses(m, list) : match_walk(m, list);
    if (result == MATCH_YES)
        *value = m->value;
    return result;
}

enum match_result list_match(struct scope *scope, const struct list *list, struct str subject,
                             struct str *value, struct error *err)
{
    if (list && list->kind == LIST_HOST)
        return list_match_host(scope, list, &(struct match_host){.address = subject}, value, err);
    struct matching m = {
        .scope = scope, .kind = list ? list->kind : LIST_DOMAIN, .subject = subject, .err = err};
    if (str_is_null(subject))
        m.subject = STR("");
    if (m.kind == LIST_ADDRESS)
        m.subject = fold_domain(scope->arena, m.subject);
    m.folded = folded(scope->arena, m.subject);
    return run(&m, list, value);
}

enum match_result list_match_host(struct scope *scope, const struct list *list, const struct match_host *host,
                                  struct str *value, struct error *err)
{
    struct matching m = {
        .scope = scope, .kind = LIST_HOST, .subject = host->address, .host = host, .err = err};

    m.addresses_only = list && list->place == PLACE_MATCH_IP;
    if (ip_parse(host->address, &m.ip))
        ip_unmap(&m.ip);
    return run(&m, list, value);
}

enum match_result list_match_connection(struct scope *scope, const struct list *list, struct str *value,
                                        struct error *err)
{
    struct match_host host = {.address = STR(""), .name = STR_NULL};

    if (scope->connection) {
        if (!str_is_null(scope->connection->host_address))
            host.address = scope->connection->host_address;
        host.name = scope->connection->host_name;
    }
    return list_match_host(scope, list, &host, value, err);
}
