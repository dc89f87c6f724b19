/* Which addresses and hosts are this one: see interfaces.h. */
#include "match/interfaces.h"

#include <ifaddrs.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "base/arena.h"
#include "base/ascii.h"
#include "base/strlist.h"
#include "match/list.h"

static bool sockaddr_ip(const struct sockaddr *address, struct ip *ip)
{
    *ip = (struct ip){0};
    if (address && address->sa_family == AF_INET) {
        ip->bits = 32;
        memcpy(ip->octets, &((const struct sockaddr_in *)(const void *)address)->sin_addr, 4);
    } else if (address && address->sa_family == AF_INET6) {
        ip->bits = 128;
        memcpy(ip->octets, &((const struct sockaddr_in6 *)(const void *)address)->sin6_addr, 16);
    }
    return ip->bits != 0;
}

/* The system is asked each time: addresses come and go, and a worker lives long. */
static bool is_interface(const struct ip *ip)
{
    struct ifaddrs *all;
    struct ip own;
    bool found = false;

    if (getifaddrs(&all) != 0)
        return false;
    for (const struct ifaddrs *i = all; i && !found; i = i->ifa_next)
        found = sockaddr_ip(i->ifa_addr, &own) && ip_equal(&own, ip);
    freeifaddrs(all);
    return found;
}

/* An item of the options: an address, perhaps in brackets, perhaps with a port behind a dot or colon. */
static bool interface_ip(struct str item, struct ip *ip)
{
    if (item.n > 0 && item.s[0] == '[') {
        ptrdiff_t end = str_find(item, ']');
        return end > 0 && ip_parse((struct str){item.s + 1, (size_t)end - 1, false}, ip);
    }
    if (ip_parse(item, ip))
        return true;
    ptrdiff_t port = str_rfind(item, '.');
    return port > 0 && ip_parse((struct str){item.s, (size_t)port, false}, ip);
}

/* Whether the list has the address. *any: it has a wildcard address (0.0.0.0, ::0). */
static bool in_list(struct arena *arena, struct str list, const struct ip *ip, bool *any)
{
    static const struct ip wildcard;
    struct strlist items;
    struct str item;
    struct ip own;

    strlist_begin(&items, list, ':');
    while (strlist_next(&items, arena, &item)) {
        if (!interface_ip(item, &own))
            continue;
        if (ip_equal(&own, ip))
            return true;
        *any |= memcmp(own.octets, wildcard.octets, sizeof own.octets) == 0 && own.bits == ip->bits;
    }
    return false;
}

bool is_local_interface(const struct scope *scope, const struct ip *ip)
{
    struct str local = scope->process ? scope->process->local_interfaces : STR_NULL;
    struct str extra = scope->process ? scope->process->extra_local_interfaces : STR_NULL;
    bool any = str_is_null(local), ignored = false;

    if (in_list(scope->arena, extra, ip, &ignored) || in_list(scope->arena, local, ip, &any))
        return true;
    return any && is_interface(ip);
}

bool is_local_host(void *scope_, const struct host *host)
{
    struct scope *scope = scope_;
    const struct list *names = scope->process ? scope->process->hosts_treat_as_local : NULL;

    return (host->ip.bits != 0 && is_local_interface(scope, &host->ip)) ||
           (names && list_match_option(scope, names, "hosts_treat_as_local", host->name, NULL) == MATCH_YES);
}
