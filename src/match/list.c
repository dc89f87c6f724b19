/* Compiling lists, and the ways into matching: see list.h. */
#include "match/list.h"

#include <string.h>

#include "base/arena.h"
#include "base/ascii.h"
#include "base/log.h"
#include "base/strlist.h"
#include "expand/expand.h"
#include "match/walk.h"

/* --- Compiling */

/* No text of a configuration has an RS in it. */
void list_items(const struct list *list, struct str text, struct strlist *items)
{
    if (list->single)
        *items = (struct strlist){text.s, text.s + text.n, '\x1e', text.tainted};
    else
        strlist_begin(items, text, ':');
}

static void parse_items(struct arena *arena, struct list *list)
{
    struct strlist items;
    struct str raw;
    size_t room = 0;

    list_items(list, list->text, &items);
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

static struct list *compile(struct arena *arena, enum list_kind kind, bool single, struct str text,
                            struct source_pos where)
{
    struct list *list = ARENA_NEW(arena, struct list);

    *list = (struct list){.kind = kind, .place = PLACE_LIST, .where = where, .source = str_copy(arena, text),
                           .single = single};
    list->template = template_compile(arena, list->source, where);
    if (template_constant(list->template, &list->text)) {
        list->template = NULL;
        parse_items(arena, list);
    }
    return list;
}

struct list *list_compile_mutable(struct arena *arena, enum list_kind kind, struct str text,
                                  struct source_pos where)
{
    return compile(arena, kind, false, text, where);
}

const struct list *list_compile_item(struct arena *arena, enum list_kind kind, struct str text,
                                     struct source_pos where)
{
    return compile(arena, kind, true, text, where);
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
    enum match_result result = m->kind == LIST_ADDRESS && !m->captures ? walk_addresses(m, list) : match_walk(m, list);
    if (result == MATCH_YES)
        *value = m->value;
    return result;
}

static enum match_result no_list(struct str *value)
{
    if (value)
        *value = STR_NULL;
    return MATCH_NO;
}

static struct matching begin(struct scope *scope, const struct list *list, struct str subject,
                             struct error *err)
{
    struct matching m = {.scope = scope, .kind = list->kind, .subject = subject, .err = err};

    if (str_is_null(subject))
        m.subject = STR("");
    if (m.kind == LIST_ADDRESS)
        m.subject = fold_domain(scope->arena, m.subject);
    m.folded = folded(scope->arena, m.subject);
    return m;
}

static struct matching begin_host(struct scope *scope, const struct list *list, const struct match_host *host,
                                  struct error *err)
{
    struct matching m = {
        .scope = scope, .kind = LIST_HOST, .subject = host->address, .host = host, .err = err};

    m.addresses_only = list->place == PLACE_MATCH_IP;
    if (ip_parse(host->address, &m.ip))
        ip_unmap(&m.ip);
    return m;
}

/* The peer of the connection; no address: there is none. */
static struct match_host peer_of(const struct scope *scope)
{
    const struct scope_connection *connection = scope->connection;

    if (!connection || str_is_null(connection->host_address))
        return (struct match_host){.address = STR("")};
    return (struct match_host){.address = connection->host_address, .name = connection->host_name};
}

enum match_result list_match(struct scope *scope, const struct list *list, struct str subject,
                             struct str *value, struct error *err)
{
    if (!list)
        return no_list(value);
    if (list->kind == LIST_HOST)
        return list_match_host(scope, list, &(struct match_host){.address = subject}, value, err);
    struct matching m = begin(scope, list, subject, err);
    return run(&m, list, value);
}

enum match_result list_match_rewriting(struct scope *scope, const struct list *list, struct str address)
{
    struct matching m = begin(scope, list, address, NULL);

    m.captures = true;
    return run(&m, list, NULL);
}

enum match_result list_match_host(struct scope *scope, const struct list *list, const struct match_host *host,
                                  struct str *value, struct error *err)
{
    if (!list)
        return no_list(value);
    struct matching m = begin_host(scope, list, host, err);
    return run(&m, list, value);
}

enum match_result list_match_connection(struct scope *scope, const struct list *list, struct str *value,
                                        struct error *err)
{
    struct match_host host = peer_of(scope);

    return list_match_host(scope, list, &host, value, err);
}

/* --- Lists of main options */

enum match_result list_match_connection_option(struct scope *scope, const struct list *list,
                                               const char *option, struct error *err)
{
    struct match_host host = peer_of(scope);

    if (!list) {
        debug(DEBUG_lists, "host in %s? no (option unset)", option);
        return MATCH_NO;
    }
    struct matching m = begin_host(scope, list, &host, err);
    m.option = option;
    return run(&m, list, NULL);
}

enum match_result list_match_option(struct scope *scope, const struct list *list, const char *option,
                                    struct str subject, struct error *err)
{
    if (!list) {
        debug(DEBUG_lists, "%.*s in %s? no (option unset)", STR_ARG(subject), option);
        return MATCH_NO;
    }
    struct matching m = begin(scope, list, subject, err);
    m.option = option;
    return run(&m, list, NULL);
}
