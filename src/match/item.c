/* Taking items of lists apart: see item.h. */
#include "match/item.h"

#include <string.h>

#include "base/arena.h"
#include "base/ascii.h"
#include "match/walk.h"

/* v without its first n octets and the white space that follows. */
static struct str behind(struct str v, size_t n)
{
    while (n < v.n && ascii_is_space(v.s[n]))
        n++;
    return (struct str){v.s + n, v.n - n, v.tainted};
}

/* The first n octets as a value of their own. */
static struct str before(struct arena *arena, struct str v, size_t n)
{
    return str_copy_n(arena, v.s, n, v.tainted);
}

/* --- Lookups */

static struct item_lookup *parse_lookup(struct arena *arena, struct str style, struct str data)
{
    struct item_lookup *lookup = ARENA_NEW(arena, struct item_lookup);
    struct error err = ERROR_IN(arena);

    lookup->type_name = style;
    lookup->mask = -1;
    lookup->file = lookup->query = STR_NULL;
    if (!search_parse(arena, style, &lookup->search, &err))
        lookup->error = err.text;
    else if (lookup->search.type->single_key)
        lookup->file = data;
    else
        lookup->query = data;
    return lookup;
}

/* style;data */
static void set_lookup(struct arena *arena, struct item *item, struct str text, size_t semicolon)
{
    item->type = ITEM_LOOKUP;
    item->lookup = parse_lookup(arena, before(arena, text, semicolon), behind(text, semicolon + 1));
}

/* --- Domain and local part lists (10.9, 10.22), and patterns */

static void set_regex(struct arena *arena, struct item *item, bool keep)
{
    item->type = ITEM_REGEX;
    item->arg = item->text;
    if (keep) {
        item->regex = ARENA_NEW(arena, struct item_regex);
        item->regex->arena = arena;
    }
}

/* @mx_any, @mx_primary, @mx_secondary, perhaps with /ignore=... behind. */
static bool is_mx(struct str text)
{
    static const char *const names[] = {"@mx_any", "@mx_primary", "@mx_secondary"};
    ptrdiff_t slash = str_find(text, '/');

    if (slash >= 0 && !str_starts_nocase(behind(text, (size_t)slash), "/ignore="))
        return false;
    if (slash >= 0)
        text.n = (size_t)slash;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (str_is_nocase(text, names[i]))
            return true;
    return false;
}

static void parse_string(struct arena *arena, bool at_is_special, bool keep, struct item *item)
{
    struct str text = item->text;
    ptrdiff_t semicolon;

    if (text.n > 0 && text.s[0] == '^') {
        set_regex(arena, item, keep);
    } else if (text.n > 0 && text.s[0] == '*') {
        item->type = ITEM_SUFFIX;
        item->arg = (struct str){text.s + 1, text.n - 1, text.tainted};
    } else if (at_is_special && str_is(text, "@")) {
        item->type = ITEM_PRIMARY;
    } else if (at_is_special && str_is(text, "@[]")) {
        item->type = ITEM_LOCAL_IP;
    } else if (at_is_special && is_mx(text)) {
        item->type = ITEM_MX;
    } else if ((semicolon = str_find(text, ';')) >= 0) {
        set_lookup(arena, item, text, (size_t)semicolon);
    } else {
        item->type = text.n == 0 ? ITEM_EMPTY : ITEM_LITERAL;
        item->arg = text;
    }
}

/* --- Host lists (10.11 to 10.19) */

/* net[number]-style;data. False: it is not of that form. */
static bool parse_net_lookup(struct arena *arena, struct item *item, struct str text, size_t semicolon)
{
    size_t i = sizeof "net" - 1;
    int mask = -1;

    if (!str_starts(text, "net"))
        return false;
    for (; i < semicolon && ascii_is_digit(text.s[i]); i++)
        mask = mask > 1000 ? mask : (mask < 0 ? 0 : mask * 10) + (text.s[i] - '0');
    if (i == semicolon || text.s[i] != '-')
        return false;
    struct str style = str_sub(arena, text, i + 1, semicolon - i - 1);
    item->type = ITEM_NET_LOOKUP;
    item->lookup = parse_lookup(arena, style, behind(text, semicolon + 1));
    item->lookup->mask = mask;
    return true;
}

static void parse_host_lookup(struct arena *arena, struct item *item, size_t semicolon, bool by_address)
{
    if (!parse_net_lookup(arena, item, item->text, semicolon)) {
        set_lookup(arena, item, item->text, semicolon);
        if (by_address)
            item->type = ITEM_NET_LOOKUP;
    }
    /* Addresses are looked up as they are: the further keys that a style may ask for make no sense. */
    const struct search *search = &item->lookup->search;
    if (item->type == ITEM_NET_LOOKUP && search->type &&
        (search->partial >= 0 || search->deflt != SEARCH_NO_DEFAULT))
        item->lookup->error =
            str_printf(arena, "unknown lookup type \"%.*s\"", STR_ARG(item->lookup->type_name));
}

/* Digits and dots, with whatever behind a slash. */
static bool looks_like_network(struct str text)
{
    size_t i = 0;

    while (i < text.n && (ascii_is_digit(text.s[i]) || text.s[i] == '.'))
        i++;
    return i > 0 && ascii_is_digit(text.s[0]) && (i == text.n || text.s[i] == '/');
}

static bool is_plain_host_name(struct str text)
{
    for (size_t i = 0; i < text.n; i++)
        if (!ascii_is_alnum(text.s[i]) && text.s[i] != '-' && text.s[i] != '.' && text.s[i] != '_')
            return false;
    return text.n > 0;
}

static void parse_host(struct arena *arena, bool by_address, bool keep, struct item *item)
{
    struct str text = item->text;
    ptrdiff_t semicolon = str_find(text, ';');
    struct ip ip;
    int length;

    item->arg = text;
    if (text.n == 0)
        item->type = ITEM_EMPTY;
    else if (str_is(text, "*"))
        item->type = ITEM_ANY_HOST;
    else if (str_is(text, "@"))
        item->type = ITEM_PRIMARY;
    else if (str_is(text, "@[]"))
        item->type = ITEM_LOCAL_IP;
    else if (ip_parse_net(text, &ip, &length)) {
        item->type = ITEM_NETWORK;
        item->network = (struct item_network){ip, length < 0 ? ip.bits : (unsigned)length};
    } else if (looks_like_network(text))
        item->type = ITEM_BAD_NETWORK;
    else if (text.s[0] != '^' && text.s[0] != '*' && semicolon >= 0)
        parse_host_lookup(arena, item, (size_t)semicolon, by_address);
    else if (is_plain_host_name(text))
        item->type = ITEM_HOST_NAME;
    else
        parse_string(arena, false, keep, item);
}

/* --- Address lists (10.20) */

/* The semicolon that ends a lookup style at the start of the item, or -1: an @ before it divides the
 * item into local part and domain, but for the one of a style's `*@`. */
static ptrdiff_t style_end(struct str text)
{
    ptrdiff_t semicolon = str_find(text, ';'), at = str_find(text, '@');

    if (semicolon < 0 || at < 0 || at > semicolon)
        return semicolon;
    bool of_style = at > 1 && text.s[at - 1] == '*' && (text.s[at + 1] == ';' || text.s[at + 1] == ',');
    return of_style ? semicolon : -1;
}

static const struct list *domain_of(struct arena *arena, struct str text, bool keep)
{
    return list_of_one(arena, LIST_DOMAIN, behind(text, 0), keep);
}

static void parse_at_lookup(struct arena *arena, struct item *item)
{
    struct str text = behind(item->text, 2);
    ptrdiff_t semicolon = str_find(text, ';');

    if (semicolon < 0) /* cannot match anything */
        item->arg = item->text;
    else
        set_lookup(arena, item, text, (size_t)semicolon);
    item->type = semicolon < 0 ? ITEM_LITERAL : ITEM_AT_LOOKUP;
}

static void parse_address(struct arena *arena, bool keep, struct item *item)
{
    struct str text = item->text;
    ptrdiff_t semicolon = style_end(text);

    if (text.n > 0 && text.s[0] == '^') {
        set_regex(arena, item, keep);
        return;
    }
    if (str_starts(text, "@@")) {
        parse_at_lookup(arena, item);
        return;
    }
    if (semicolon >= 0) {
        set_lookup(arena, item, text, (size_t)semicolon);
        item->lookup->partial_ignored = item->lookup->search.partial >= 0;
        item->lookup->search.partial = -1;
        return;
    }
    /* A lookup for the domain may have an @ of its own. */
    ptrdiff_t lookup = str_find(text, ';');
    struct str front = lookup < 0 ? text : (struct str){text.s, (size_t)lookup, false};
    ptrdiff_t at = lookup < 0 ? str_rfind(front, '@') : str_find(front, '@');
    if (at > 0 && text.s[at - 1] == '@') /* the domain is @, @[] or @mx_any */
        at--;
    struct item_address *address = ARENA_NEW(arena, struct item_address);
    item->type = text.n == 0 ? ITEM_EMPTY : ITEM_ADDRESS;
    item->address = address;
    address->local = STR_NULL;
    if (at >= 0) {
        address->local_suffix = text.s[0] == '*';
        address->local = str_sub(arena, text, address->local_suffix, (size_t)at - address->local_suffix);
    }
    address->domain = domain_of(arena, behind(text, (size_t)(at + 1)), keep);
}

/* --- Any list */

/* +name, or one of the controls, each of which belongs to some kinds of list only. */
static void parse_plus(enum list_kind kind, struct item *item)
{
    static const struct {
        const char *name;
        enum control control;
    } controls[] = {
        {"+caseful", CONTROL_CASEFUL},
        {"+include_unknown", CONTROL_INCLUDE_UNKNOWN},
        {"+ignore_unknown", CONTROL_IGNORE_UNKNOWN},
        {"+include_defer", CONTROL_INCLUDE_DEFER},
        {"+ignore_defer", CONTROL_IGNORE_DEFER},
    };

    item->type = ITEM_NAMED;
    item->arg = behind(item->text, 1);
    for (size_t i = 0; i < sizeof controls / sizeof *controls; i++) {
        bool caseful = controls[i].control == CONTROL_CASEFUL;
        if (caseful ? kind != LIST_ADDRESS && kind != LIST_LOCAL_PART : kind != LIST_HOST)
            continue;
        if (str_is(item->text, controls[i].name)) {
            item->type = ITEM_CONTROL;
            item->control = controls[i].control;
        }
    }
}

void item_parse(struct arena *arena, enum list_kind kind, enum item_place place, struct str raw, bool keep,
                struct item *item)
{
    bool in_list = place == PLACE_LIST || place == PLACE_MATCH_IP;

    *item = (struct item){.raw = raw, .text = raw};
    if (raw.n > 0 && raw.s[0] == '!') {
        item->negated = true;
        item->text = behind(raw, 1);
    }
    if (in_list && item->text.n > 0 && item->text.s[0] == '+') {
        parse_plus(kind, item);
    } else if (in_list && item->text.n > 0 && item->text.s[0] == '/') {
        item->type = ITEM_FILE;
        item->arg = item->text;
    } else if (kind == LIST_HOST) {
        parse_host(arena, place == PLACE_MATCH_IP, keep, item);
    } else if (kind == LIST_ADDRESS) {
        parse_address(arena, keep, item);
    } else {
        parse_string(arena, kind == LIST_DOMAIN && place != PLACE_PATTERN, keep, item);
    }
}
