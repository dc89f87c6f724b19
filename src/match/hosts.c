/* Items of host lists (manual, 10.10 to 10.19). */
#include <string.h>

#include "base/arena.h"
#include "match/interfaces.h"
#include "match/walk.h"

/* --- Names */

static enum found match_one_name(struct matching *m, const struct item *item, struct str name)
{
    name = str_lower(m->scope->arena, name);
    return match_string_item(m, item, name, name, false);
}

/* Items that look at the host's names: wildcards, regular expressions, lookups, and what makes no sense else. */
static enum found match_name(struct matching *m, const struct item *item)
{
    return match_host_names(m, item, match_one_name);
}

/* --- Lookups by address */

/* The key: the address, or the network of that many bits and its length; IPv6 is written in full, with
 * dots but in iplsearch files (10.13). */
static struct str address_key(struct matching *m, const struct item_lookup *lookup)
{
    struct arena *arena = m->scope->arena;
    const struct lookup_type *type = lookup->search.type;
    char separator = type && strcmp(type->name, "iplsearch") == 0 ? ':' : '.';
    struct ip ip = m->ip;

    if (lookup->mask < 0)
        return ip_format_full(arena, &ip, separator);
    ip_mask(&ip, (unsigned)lookup->mask);
    struct str text = ip_format_full(arena, &ip, separator);
    return str_printf(arena, "%.*s/%d", STR_ARG(text), lookup->mask);
}

static enum found match_lookup(struct matching *m, const struct item *item, bool by_address)
{
    const struct item_lookup *lookup = item->lookup;
    bool single_key = lookup->search.type && lookup->search.type->single_key;

    if (!str_is_null(lookup->error)) {
        match_panic(m, "%.*s in host list item \"%.*s\"", STR_ARG(lookup->error), STR_ARG(item->text));
        error_set(m->err, "%.*s", STR_ARG(lookup->error));
        return FOUND_DEFER;
    }
    if (single_key && !by_address)
        return match_name(m, item);
    return match_search(m, item, single_key ? address_key(m, lookup) : lookup->query, NULL);
}

/* --- Any item */

enum found match_host_item(struct matching *m, const struct item *item)
{
    if (item->type == ITEM_ANY_HOST)
        return FOUND_YES;
    if (m->ip.bits == 0)
        return item->type == ITEM_EMPTY ? FOUND_YES : FOUND_NO;
    switch (item->type) {
    case ITEM_EMPTY:
        return FOUND_NO;
    case ITEM_NETWORK:
        return ip_in_net(&m->ip, &item->network.ip, item->network.length) ? FOUND_YES : FOUND_NO;
    case ITEM_BAD_NETWORK:
        m->why = STR("malformed IPv4 address or address mask");
        return FOUND_UNKNOWN;
    case ITEM_LOCAL_IP:
        return is_local_interface(m->scope, &m->ip) ? FOUND_YES : FOUND_NO;
    case ITEM_PRIMARY:
        return match_addresses_of(m, m->scope->process ? m->scope->process->primary_hostname : STR(""));
    case ITEM_HOST_NAME:
        return match_addresses_of(m, item->arg);
    case ITEM_NET_LOOKUP:
        return match_lookup(m, item, true);
    case ITEM_LOOKUP:
        return match_lookup(m, item, false);
    default:
        return match_name(m, item);
    }
}
