/* Whether the name in HELO or EHLO is the caller's own (manual, 14: helo_try_verify_hosts). */
#include "base/dns.h"
#include "base/hosts.h"
#include "base/ip.h"
#include "smtp/helo.h"
#include "smtp/host_name.h"

static void set_verified(struct smtp_session *s, bool dnssec)
{
    s->connection.helo_verified = true;
    s->connection.helo_dnssec = dnssec;
}

static bool is_name_of_host(struct smtp_session *s, struct str helo)
{
    const struct scope_connection *c = &s->connection;

    if (c->host_name.n > 0 && str_eq_nocase(c->host_name, helo)) {
        debug(DEBUG_host_lookup, "matched host name");
        return true;
    }
    for (size_t i = 0; i < c->host_alias_count; i++)
        if (str_eq_nocase(c->host_aliases[i], helo)) {
            debug(DEBUG_host_lookup, "matched alias %.*s", STR_ARG(c->host_aliases[i]));
            return true;
        }
    return false;
}

static void check_addresses_of(struct smtp_session *s, struct str helo, const struct ip *peer)
{
    const struct host_request request = {.arena = s->scratch, .name = helo, .dnssec = DNSSEC_ASK};
    struct host_answer answer;

    debug(DEBUG_host_lookup, "getting IP address for %.*s", STR_ARG(helo));
    host_find_bydns(&request, &answer);
    for (const struct host *host = answer.hosts; host; host = host->next)
        if (ip_equal(&host->ip, peer)) {
            debug(DEBUG_host_lookup, "IP address for %.*s matches calling address", STR_ARG(helo));
            debug(DEBUG_host_lookup, "Forward DNS security status: %sverified", host->dnssec ? "" : "un");
            set_verified(s, host->dnssec);
            return;
        }
}

void smtp_helo_verify(struct smtp_session *s)
{
    const struct scope_connection *c = &s->connection;
    struct str helo = c->helo_name;
    struct ip literal, peer;

    if (s->helo_verify_tried || str_is_empty(helo))
        return;
    s->helo_verify_tried = true;
    debug(DEBUG_host_lookup, "verifying EHLO/HELO argument \"%.*s\"", STR_ARG(helo));
    if (!ip_parse(c->host_address, &peer))
        return;
    ip_unmap(&peer);
    if (helo.s[0] == '[') {
        if (smtp_parse_literal(s, helo, &literal)) {
            ip_unmap(&literal);
            if (ip_equal(&literal, &peer)) {
                debug(DEBUG_host_lookup, "matched host address");
                set_verified(s, false);
            }
        }
        return;
    }
    smtp_find_host_name(&s->scope);
    if (is_name_of_host(s, helo))
        set_verified(s, c->host_dnssec);
    else
        check_addresses_of(s, helo, &peer);
}
