/* Items of host lists (manual, 10.10 to 10.19). */
#include <netdb.h>
#include <string.h>
#include <sys/socket.h>

#include "base/arena.h"
#include "base/log.h"
#include "expand/expand.h"
#include "match/interfaces.h"
#include "match/walk.h"

/* --- The name of the host */

/* The name in *name; FOUND_YES when it is known. */
static enum found host_name(struct matching *m, const struct item *item, struct str *name)
{
    struct scope *scope = m->scope;
    struct scope_connection *connection = scope->connection;

    if (m->addresses_only) {
        m->why = STR("cannot match host name in match_ip list");
        return FOUND_UNKNOWN;
    }
    *name = m->host->name;
    if (name->n > 0)
        return FOUND_YES;
    debug(DEBUG_lists, "sender host name required, to match against %.*s", STR_ARG(item->text));
    /* Only the peer of the connection can be asked for; others have the name they came with. */
    if (connection && str_eq(connection->host_address, m->host->address)) {
        if (connection->host_name.n == 0 && !connection->host_name_looked_up && scope->services &&
            scope->services->find_host_name)
            scope->services->find_host_name(scope);
        *name = connection->host_name;
        if (name->n == 0 && connection->host_lookup_deferred) {
            m->why = str_printf(scope->arena, "host lookup deferred for %.*s", STR_ARG(m->host->address));
            return FOUND_LATER;
        }
    }
    if (name->n > 0)
        return FOUND_YES;
    m->why = str_printf(scope->arena, "failed to find host name for %.*s", STR_ARG(m->host->address));
    return FOUND_UNKNOWN;
}

/* Items that look at the name: wildcards, regular expressions, lookups, and what makes no sense else. */
static enum found match_name(struct matching *m, const struct item *item)
{
    struct str name;
    enum found found = host_name(m, item, &name);

    if (found != FOUND_YES)
        return found;
    name = str_lower(m->scope->arena, name);
    found = match_string_item(m, item, name, name, false);
    if (item->type != ITEM_LOOKUP)
        m->value = STR_NULL;
    return found;
}

/* --- The addresses of a name */

static bool has_address(const struct addrinfo *results, const struct ip *ip)
{
    struct ip own;

    for (const struct addrinfo *r = results; r; r = r->ai_next) {
        own = (struct ip){0};
        if (r->ai_family == AF_INET) {
            own.bits = 32;
            memcpy(own.octets, &((const struct sockaddr_in *)(const void *)r->ai_addr)->sin_addr, 4);
        } else if (r->ai_family == AF_INET6) {
            own.bits = 128;
            memcpy(own.octets, &((const struct sockaddr_in6 *)(const void *)r->ai_addr)->sin6_addr, 16);
            ip_unmap(&own);
        }
        if (ip_equal(&own, ip))
            return true;
    }
    return false;
}

void match_report_no_address(struct scope *scope, struct str name)
{
    struct arena *arena = scope->arena;
    struct str text = str_printf(arena, "no IP address found for host %.*s", STR_ARG(name)), peer;

    if (scope->connection && scope->connection->host_address.n > 0 &&
        expand_string(scope, STR("$sender_fullhost"), arena, &peer, NULL) == EXPAND_OK && peer.n > 0)
        text = str_printf(arena, "%.*s (during SMTP connection from %.*s)", STR_ARG(text), STR_ARG(peer));
    debug(DEBUG_host_lookup, "%.*s", STR_ARG(text));
    if (log_selected(LOG_SEL_host_lookup_failed))
        log_write_str(LOG_MAIN, text);
}

/* A plain name stands for its addresses, as the system's resolver finds them (10.12). */
static enum found match_addresses_of(struct matching *m, struct str name)
{
    const struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    struct addrinfo *results = NULL;

    if (m->addresses_only) {
        m->why = STR("cannot match host name in match_ip list");
        return FOUND_UNKNOWN;
    }
    int failed = getaddrinfo(name.s, NULL, &hints, &results);
    if (failed == EAI_AGAIN || failed == EAI_SYSTEM) {
        m->why = str_printf(m->scope->arena, "host lookup deferred for %.*s", STR_ARG(name));
        return FOUND_LATER;
    }
    if (failed) {
        match_report_no_address(m->scope, name);
        m->why = str_printf(m->scope->arena, "failed to find IP address for %.*s", STR_ARG(name));
        return FOUND_UNKNOWN;
    }
    bool found = has_address(results, &m->ip);
    freeaddrinfo(results);
    return found ? FOUND_YES : FOUND_NO;
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
