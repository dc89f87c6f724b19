/* The names of the calling host: see host_name.h. */
#include "smtp/host_name.h"

#include <errno.h>
#include <netdb.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/arena.h"
#include "base/dns.h"
#include "base/hosts.h"
#include "base/log.h"
#include "base/strlist.h"

enum {
    NAMES_MAX = 64,         /* of one address: more are no help to anybody */
    ENTRY_ROOM = 8 * 1024,  /* gethostbyaddr_r()'s, at first and at most */
    ENTRY_ROOM_MAX = 1024 * 1024,
};

/* One search for the names. */
struct search {
    struct arena *arena; /* of the session: the names stay */
    const struct ip *ip;
    struct str *names;
    size_t count;
    bool validated;      /* by DNSSEC */
};

enum outcome { NAMES_FOUND, NAMES_NONE, NAMES_LATER };

/* --- From address to names */

static void add_name(struct search *s, struct str name)
{
    if (name.n == 0 || str_is(name, ".")) {
        debug(DEBUG_host_lookup, "IP address lookup yielded an empty name: treated as non-existent host name");
        return;
    }
    if (s->count == NAMES_MAX)
        return;
    debug(DEBUG_host_lookup, s->count == 0 ? "IP address lookup yielded \"%.*s\"" : "  alias \"%.*s\"",
          STR_ARG(name));
    s->names[s->count++] = str_taint(str_lower(s->arena, name));
}

static enum outcome names_from_dns(struct search *s)
{
    const struct dns_question question = {.name = dns_reverse_name(s->arena, s->ip), .type = DNS_PTR};
    const struct dns_record *r = NULL;
    struct dns_answer answer;

    switch (dns_lookup(s->arena, &question, &answer)) {
    case DNS_AGAIN:
    case DNS_FAIL:
        debug(DEBUG_host_lookup, "IP address PTR lookup gave temporary error");
        return NAMES_LATER;
    case DNS_NO_DATA:
    case DNS_NO_MATCH:
        return NAMES_NONE;
    case DNS_FOUND:
        break;
    }
    while ((r = dns_next(&answer, DNS_PTR, r)))
        add_name(s, r->target);
    s->validated = answer.authenticated;
    return s->count > 0 ? NAMES_FOUND : NAMES_NONE;
}

/* gethostbyaddr_r() with as much room as the entry takes. Returns what it leaves in h_errno; 0: found. */
static int get_entry(const struct search *s, struct hostent *entry, char **room)
{
    int family = s->ip->bits == 32 ? AF_INET : AF_INET6, failure = 0, code;
    struct hostent *found = NULL;

    for (size_t n = ENTRY_ROOM; n <= ENTRY_ROOM_MAX; n *= 2) {
        char *more = realloc(*room, n);
        if (!more)
            return TRY_AGAIN;
        *room = more;
        code = gethostbyaddr_r(s->ip->octets, s->ip->bits / 8, family, entry, *room, n, &found, &failure);
        if (code != ERANGE)
            return found ? 0 : failure;
    }
    return NO_RECOVERY;
}

static enum outcome names_from_system(struct search *s)
{
    struct hostent entry;
    char *room = NULL;

    debug(DEBUG_host_lookup, "IP address lookup using gethostbyaddr()");
    int failure = get_entry(s, &entry, &room);
    if (failure == 0) {
        add_name(s, str_of(entry.h_name));
        for (char **alias = entry.h_aliases; *alias; alias++)
            add_name(s, str_of(*alias));
    } else {
        debug(DEBUG_host_lookup, "IP address lookup failed: h_errno=%d", failure);
    }
    free(room);
    s->validated = false;
    if (s->count > 0)
        return NAMES_FOUND;
    return failure == TRY_AGAIN || failure == NO_RECOVERY ? NAMES_LATER : NAMES_NONE;
}

/* The sources in the order that host_lookup_order has them. */
static enum outcome find_names(struct search *s, struct str order)
{
    static const struct {
        const char *name;
        enum outcome (*find)(struct search *s);
    } methods[] = {{"bydns", names_from_dns}, {"byaddr", names_from_system}};
    enum outcome outcome = NAMES_NONE;
    struct strlist it;
    struct str method;

    strlist_begin(&it, order, ':');
    while (outcome == NAMES_NONE && strlist_next(&it, s->arena, &method))
        for (size_t i = 0; outcome == NAMES_NONE && i < sizeof methods / sizeof *methods; i++)
            if (str_is_nocase(method, methods[i].name))
                outcome = methods[i].find(s);
    return outcome;
}

/* --- And back */

/* Whether one of the name's addresses is the one at hand. */
static enum outcome leads_back(struct search *s, struct str name, struct str address)
{
    const struct host_request request = {.arena = s->arena, .name = name, .dnssec = DNSSEC_ASK};
    struct host_answer answer;

    switch (host_find_bydns(&request, &answer)) {
    case HOSTS_FOUND:
    case HOSTS_LOCAL:
        break;
    case HOSTS_AGAIN:
        debug(DEBUG_host_lookup, "temporary error for host name lookup");
        return NAMES_LATER;
    default:
        debug(DEBUG_host_lookup, "no IP addresses found for %.*s", STR_ARG(name));
        return NAMES_NONE;
    }
    debug(DEBUG_host_lookup, "checking addresses for %.*s", STR_ARG(name));
    for (const struct host *host = answer.hosts; host; host = host->next) {
        bool same = ip_equal(&host->ip, s->ip);
        debug(DEBUG_host_lookup, "  %.*s%s", STR_ARG(host->address), same ? " OK" : "");
        if (same) {
            s->validated = s->validated && host->dnssec;
            return NAMES_FOUND;
        }
    }
    debug(DEBUG_host_lookup, "no IP address for %.*s matched %.*s", STR_ARG(name), STR_ARG(address));
    return NAMES_NONE;
}

/* Leaves the names that lead back. */
static enum outcome check_names(struct search *s, struct str address)
{
    size_t kept = 0;

    for (size_t i = 0; i < s->count; i++) {
        enum outcome outcome = leads_back(s, s->names[i], address);
        if (outcome == NAMES_LATER)
            return NAMES_LATER;
        if (outcome == NAMES_FOUND)
            s->names[kept++] = s->names[i];
    }
    s->count = kept;
    return kept > 0 ? NAMES_FOUND : NAMES_NONE;
}

/* --- All of it */

static void set_failed(struct scope_connection *c, struct str why)
{
    c->host_name_looked_up = c->host_lookup_failed = true;
    c->host_lookup_message = why;
}

/* It is tried again when the name is wanted again. */
static void set_deferred(struct scope_connection *c)
{
    c->host_lookup_deferred = true;
}

static void find(struct search *s, struct scope_connection *c, struct str order)
{
    enum outcome outcome = find_names(s, order);

    c->host_lookup_deferred = c->host_lookup_failed = false;
    if (outcome == NAMES_LATER) {
        set_deferred(c);
        return;
    }
    if (outcome == NAMES_NONE) {
        set_failed(c, STR("failed to find host name from IP address"));
        if (log_selected(LOG_SEL_host_lookup_failed))
            log_write(LOG_MAIN, "no host name found for IP address %.*s", STR_ARG(c->host_address));
        return;
    }
    struct str first = s->names[0];
    outcome = check_names(s, c->host_address);
    if (outcome == NAMES_LATER) {
        set_deferred(c);
    } else if (outcome == NAMES_NONE) {
        set_failed(c, str_printf(s->arena, "%.*s does not match any IP address for %.*s",
                                 STR_ARG(c->host_address), STR_ARG(first)));
        debug(DEBUG_host_lookup, "%.*s", STR_ARG(c->host_lookup_message));
    } else {
        c->host_name_looked_up = true;
        c->host_name = s->names[0];
        c->host_aliases = s->names + 1;
        c->host_alias_count = s->count - 1;
        c->host_dnssec = s->validated;
    }
}

void smtp_find_host_name(struct scope *scope)
{
    struct scope_connection *c = scope->connection;
    struct ip ip;

    if (!c || c->host_name_looked_up || str_is_empty(c->host_address) || !ip_parse(c->host_address, &ip))
        return;
    ip_unmap(&ip);
    struct arena *arena = c->acl_c.arena;
    struct search search = {.arena = arena, .ip = &ip, .names = ARENA_ARRAY(arena, struct str, NAMES_MAX)};
    debug(DEBUG_host_lookup, "looking up host name for %.*s", STR_ARG(c->host_address));
    find(&search, c, scope->process ? scope->process->host_lookup_order : STR("bydns"));
}
