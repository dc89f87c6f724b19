/* What host lists ask of names: those of the host, and the addresses of the names in the list (manual, 10.12 and
 * 10.14 to 10.17). */
#include "base/arena.h"
#include "base/hosts.h"
#include "base/log.h"
#include "expand/expand.h"
#include "match/walk.h"

/* --- The names of the host */

static enum found unknown(struct matching *m, enum found found, const char *what, struct str subject)
{
    struct buffer why = BUFFER_IN(m->scope->arena);

    buffer_add_cstr(&why, what);
    buffer_add(&why, subject);
    m->why = buffer_str(&why);
    return found;
}

/* Whether the host is the peer of the connection, the only one whose name can be asked for. */
static bool is_peer(const struct matching *m)
{
    const struct scope_connection *connection = m->scope->connection;

    return connection && str_eq(connection->host_address, m->host->address);
}

static enum found find_names(struct matching *m, const struct item *item)
{
    struct scope *scope = m->scope;

    if (m->addresses_only)
        return unknown(m, FOUND_UNKNOWN, "cannot match host name in match_ip list", STR(""));
    if (m->host->name.n > 0)
        return FOUND_YES;
    debug(DEBUG_host_lookup, "sender host name required, to match against %.*s", STR_ARG(item->text));
    if (is_peer(m)) {
        const struct scope_connection *connection = scope->connection;
        if (connection->host_name.n == 0 && !connection->host_name_looked_up && scope->services &&
            scope->services->find_host_name)
            scope->services->find_host_name(scope);
        if (connection->host_name.n > 0)
            return FOUND_YES;
    }
    /* That it could not be asked for now makes no difference, whatever the manual says (10.17): +ignore_defer and
     * +include_defer are about addresses of names alone. */
    return unknown(m, FOUND_UNKNOWN, "failed to find host name for ", m->host->address);
}

enum found match_host_names(struct matching *m, const struct item *item,
                            enum found (*match)(struct matching *m, const struct item *item, struct str name))
{
    enum found found = find_names(m, item);

    if (found != FOUND_YES)
        return found;
    const struct scope_connection *connection = is_peer(m) ? m->scope->connection : NULL;
    struct str name = m->host->name;
    if (name.n == 0 && connection)
        name = connection->host_name;
    found = match(m, item, name);
    for (size_t i = 0; found == FOUND_NO && connection && i < connection->host_alias_count; i++)
        found = match(m, item, connection->host_aliases[i]);
    return found;
}

/* --- The addresses of a name */

/* `no IP address found for host NAME`, and for whom that was asked. */
static struct str no_address(struct scope *scope, struct str name)
{
    struct arena *arena = scope->arena;
    struct str text = str_printf(arena, "no IP address found for host %.*s", STR_ARG(name)), peer;

    if (scope->connection && scope->connection->host_address.n > 0 &&
        expand_string(scope, STR("$sender_fullhost"), arena, &peer, NULL) == EXPAND_OK && peer.n > 0)
        text = str_printf(arena, "%.*s (during SMTP connection from %.*s)", STR_ARG(text), STR_ARG(peer));
    debug(DEBUG_host_lookup, "%.*s", STR_ARG(text));
    return text;
}

void match_report_no_address(struct scope *scope, struct str name)
{
    struct str text = no_address(scope, name);

    if (log_selected(LOG_SEL_host_lookup_failed))
        log_write_str(LOG_MAIN, text);
}

enum found match_addresses_of(struct matching *m, struct str name)
{
    struct arena *arena = m->scope->arena;
    const struct host_request request = {.arena = arena, .name = name};
    struct host_answer answer;

    if (m->addresses_only)
        return unknown(m, FOUND_UNKNOWN, "cannot match host name in match_ip list", STR(""));
    switch (host_find_byname(&request, &answer)) {
    case HOSTS_FOUND:
    case HOSTS_LOCAL:
        break;
    case HOSTS_AGAIN:
        no_address(m->scope, name);
        m->why = str_printf(arena, "DNS lookup of \"%.*s\" deferred", STR_ARG(name));
        return FOUND_LATER;
    default:
        match_report_no_address(m->scope, name);
        return unknown(m, FOUND_UNKNOWN, "failed to find IP address for ", name);
    }
    debug(DEBUG_host_lookup, "the system has these IP addresses:");
    for (const struct host *host = answer.hosts; host; host = host->next)
        debug(DEBUG_host_lookup, "  name=%.*s address=%.*s", STR_ARG(host->name), STR_ARG(host->address));
    for (const struct host *host = answer.hosts; host; host = host->next)
        if (ip_equal(&host->ip, &m->ip))
            return FOUND_YES;
    return FOUND_NO;
}
