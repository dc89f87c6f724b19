/* The name of the calling host: see host_name.h. */
#include "smtp/host_name.h"

#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/ascii.h"
#include "base/ip.h"
#include "base/log.h"
#include "base/strlist.h"

enum { HOSTS_LINE = 1024 };

static const char hosts_file[] = "/etc/hosts";

/* The next word of a line, cut at white space and at a comment. NULL: no more. */
static char *next_word(char **p)
{
    char *word;

    while (ascii_is_space(**p))
        ++*p;
    if (**p == '\0' || **p == '#')
        return NULL;
    for (word = *p; **p != '\0' && **p != '#' && !ascii_is_space(**p); ++*p)
        continue;
    if (**p == '#')
        **p = '\0';
    else if (**p != '\0')
        *(*p)++ = '\0';
    return word;
}

/* Calls each for every address and name of the hosts file, until it returns true: then, true. */
static bool search_hosts(bool (*each)(void *ctx, const struct ip *ip, const char *name), void *ctx)
{
    FILE *file = fopen(hosts_file, "re");
    char line[HOSTS_LINE];
    bool found = false;

    while (file && !found && fgets(line, sizeof line, file)) {
        char *p = line, *address = next_word(&p), *name;
        struct ip ip;

        if (!address || !ip_parse(str_of(address), &ip))
            continue;
        ip_unmap(&ip);
        while (!found && (name = next_word(&p)))
            found = each(ctx, &ip, name);
    }
    if (file)
        fclose(file);
    return found;
}

/* Names of loopback addresses say nothing about who calls. */
static bool is_loopback(const struct ip *ip)
{
    static const unsigned char v6[16] = {[15] = 1};

    return ip->bits == 32 ? ip->octets[0] == 127 : memcmp(ip->octets, v6, sizeof v6) == 0;
}

struct search {
    struct ip ip;
    struct str name;
    char found[HOSTS_LINE];
};

static bool is_name_of(void *ctx, const struct ip *ip, const char *name)
{
    struct search *search = ctx;

    if (!ip_equal(ip, &search->ip))
        return false;
    snprintf(search->found, sizeof search->found, "%s", name);
    return true;
}

static bool is_address_of(void *ctx, const struct ip *ip, const char *name)
{
    struct search *search = ctx;

    return ip_equal(ip, &search->ip) && str_eq_nocase(search->name, str_of(name));
}

void smtp_find_host_name(struct scope *scope)
{
    struct scope_connection *c = scope->connection;
    struct search search;

    if (!c || c->host_name_looked_up || str_is_empty(c->host_address) ||
        !ip_parse(c->host_address, &search.ip))
        return;
    ip_unmap(&search.ip);
    c->host_name_looked_up = true;
    debug(DEBUG_host_lookup, "looking up host name for %.*s\n", STR_ARG(c->host_address));
    if (!c->no_hosts_file && !is_loopback(&search.ip) && search_hosts(is_name_of, &search)) {
        debug(DEBUG_host_lookup, "%s has %.*s as %s\n", hosts_file, STR_ARG(c->host_address), search.found);
        c->host_name = str_taint(str_lower(c->acl_c.arena, str_of(search.found)));
        return;
    }
    c->host_lookup_failed = true;
    if (!is_loopback(&search.ip) && log_selected(LOG_SEL_host_lookup_failed))
        log_write(LOG_MAIN, "no host name found for IP address %.*s", STR_ARG(c->host_address));
}

bool smtp_hosts_file_used(struct str host_lookup_order)
{
    struct arena *arena = arena_new(ARENA_PLAIN);
    struct strlist it;
    struct str item;
    bool used = false;

    strlist_begin(&it, host_lookup_order, ':');
    while (!used && strlist_next(&it, arena, &item))
        used = str_is_nocase(item, "byaddr");
    arena_free(arena);
    return used;
}

bool smtp_host_has_address(struct str name, struct str address)
{
    struct search search = {.name = name};

    if (!ip_parse(address, &search.ip))
        return false;
    ip_unmap(&search.ip);
    return search_hosts(is_address_of, &search);
}
