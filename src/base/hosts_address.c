/* The addresses of one host, from the DNS or from the system: see hosts.h. */
#include <netdb.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/hosts_private.h"
#include "base/idna.h"
#include "base/log.h"

/* Addresses as they are found, not yet in order. */
struct collection {
    const struct host_request *request;
    struct host_answer *answer;
    size_t count;
    bool deferred, insecure, ignored;
};

static struct host *new_host(const struct host_request *request, struct str name, enum host_state state)
{
    struct host *host = ARENA_NEW(request->arena, struct host);

    *host = (struct host){
        .name = name, .certname = request->name, .address = STR_NULL, .mx = HOST_MX_NONE, .state = state};
    return host;
}

static bool is_known(const struct host *hosts, const struct ip *ip)
{
    while (hosts && !ip_equal(&hosts->ip, ip))
        hosts = hosts->next;
    return hosts != NULL;
}

static void note_local(const struct host_request *request, struct host *host)
{
    host->local = request->is_local && request->is_local(request->ctx, host);
}

static void add(struct collection *c, struct str name, const struct ip *ip, bool dnssec)
{
    const struct host_request *request = c->request;

    if (is_known(c->answer->hosts, ip))
        return;
    struct host *host = new_host(request, name, HOST_USABLE);
    host->ip = *ip;
    host->address = str_taint(ip_format(request->arena, ip));
    host->dnssec = dnssec;
    if (request->ignored && request->ignored(request->ctx, host)) {
        debug(DEBUG_host_lookup, "ignored host %.*s [%.*s]", STR_ARG(name), STR_ARG(host->address));
        c->ignored = true;
        return;
    }
    note_local(request, host);
    host->next = c->answer->hosts;
    c->answer->hosts = host;
    c->count++;
}

/* --- Order */

struct place {
    struct host *host;
    unsigned rank, order;
};

static int by_rank(const void *a_, const void *b_)
{
    const struct place *a = a_, *b = b_;

    if (a->rank != b->rank)
        return a->rank < b->rank ? -1 : 1;
    return a->order < b->order ? -1 : a->order > b->order;
}

/* IPv6 before IPv4, unless the others are preferred; at random among themselves. */
static void sort_addresses(const struct collection *c)
{
    struct place *places = ARENA_ARRAY(c->request->arena, struct place, c->count);
    struct host **tail = &c->answer->hosts, *host = c->answer->hosts;

    for (size_t i = 0; host; host = host->next, i++)
        places[i] = (struct place){host, (host->ip.bits == 128) == c->request->ipv4_prefer, host_random()};
    qsort(places, c->count, sizeof *places, by_rank);
    for (size_t i = 0; i < c->count; i++) {
        *tail = places[i].host;
        tail = &places[i].host->next;
    }
    *tail = NULL;
}

/* What was found, or one host that says why nothing was. */
static enum host_result finish(struct collection *c, struct str name)
{
    struct host_answer *answer = c->answer;

    sort_addresses(c);
    if (!answer->hosts) {
        answer->hosts = new_host(c->request, name,
                                 c->deferred   ? HOST_DEFERRED
                                 : c->insecure ? HOST_INSECURE
                                 : c->ignored  ? HOST_UNWANTED
                                               : HOST_UNKNOWN);
        note_local(c->request, answer->hosts); /* a name alone may be this host's */
    }
    answer->result = host_judge(answer->hosts);
    for (const struct host *host = answer->hosts; host; host = host->next)
        if (host->local)
            answer->result = HOSTS_LOCAL;
    return answer->result;
}

static struct collection begin(const struct host_request *request, struct host_answer *answer)
{
    *answer = (struct host_answer){.name = request->name, .records = HOST_BY_ADDRESS};
    return (struct collection){.request = request, .answer = answer};
}

/* A name that is an address already. */
static bool add_literal(struct collection *c)
{
    struct ip ip;

    if (!ip_parse(c->request->name, &ip))
        return false;
    add(c, c->request->name, &ip, false); /* the DNS has no part in it */
    return true;
}

/* --- bydns */

static void ask(struct collection *c, enum dns_type type)
{
    const struct host_request *request = c->request;
    const struct dns_question question = {.name = request->name,
                                          .type = type,
                                          .qualify_single = request->qualify_single,
                                          .search_parents = request->search_parents,
                                          .dnssec = request->dnssec};
    const struct dns_record *r = NULL;
    struct dns_answer dns;

    switch (dns_timed_lookup(request->arena, &question, &dns)) {
    case DNS_AGAIN:
    case DNS_FAIL:
        c->deferred = true;
        return;
    case DNS_NO_DATA:
    case DNS_NO_MATCH:
        return;
    case DNS_FOUND:
        break;
    }
    c->answer->name = dns.name;
    if (request->dnssec_required && !dns.authenticated) {
        debug(DEBUG_host_lookup, "dnssec fail on %s for %.*s", dns_type_name(type), STR_ARG(request->name));
        c->insecure = true;
        return;
    }
    while ((r = dns_next(&dns, type, r)))
        add(c, r->name, &r->ip, dns.authenticated);
}

enum host_result host_find_bydns(const struct host_request *request, struct host_answer *answer)
{
    struct collection c = begin(request, answer);

    if (add_literal(&c))
        return finish(&c, request->name);
    if (!request->ipv4_only && dns_wants_ipv6(request->name))
        ask(&c, DNS_AAAA);
    ask(&c, DNS_A);
    return finish(&c, answer->name);
}

/* What records may have in the place of a host's name. */
static enum host_state state_of_target(struct str name)
{
    struct ip ip;

    if (name.n == 0 || str_is(name, "."))
        return HOST_ROOT;
    return ip_parse(name, &ip) ? HOST_NO_NAME : HOST_USABLE;
}

enum host_result host_find_target(const struct host_request *request, struct host_answer *answer)
{
    enum host_state state = state_of_target(request->name);

    if (state == HOST_USABLE || (state == HOST_NO_NAME && request->targets_may_be_ip))
        return host_find_bydns(request, answer);
    begin(request, answer);
    answer->hosts = new_host(request, request->name, state);
    return answer->result = host_judge(answer->hosts);
}

/* --- byname */

enum host_result host_find_byname(const struct host_request *request, struct host_answer *answer)
{
    struct collection c = begin(request, answer);
    bool ipv6 = !request->ipv4_only && dns_wants_ipv6(request->name);
    const struct addrinfo hints = {.ai_family = ipv6 ? AF_UNSPEC : AF_INET,
                                   .ai_socktype = SOCK_STREAM,
                                   .ai_flags = AI_CANONNAME};
    struct addrinfo *results = NULL;
    struct error err = ERROR_IN(request->arena);
    struct str name;

    if (add_literal(&c))
        return finish(&c, request->name);
    if (memchr(request->name.s, '\0', request->name.n) ||
        !idna_domain_to_alabel(request->arena, request->name, &name, &err))
        return finish(&c, request->name);
    int64_t began = clock_now_ms();
    int failed = getaddrinfo(name.s, NULL, &hints, &results);
    dns_log_slow(began, "getaddrinfo", request->name);
    if (failed == EAI_AGAIN || failed == EAI_SYSTEM || failed == EAI_FAIL) {
        c.deferred = !dns_again_means_nonexist(request->name);
        return finish(&c, request->name);
    }
    if (failed)
        return finish(&c, request->name);
    if (results->ai_canonname)
        answer->name = str_taint(str_copy(request->arena, str_of(results->ai_canonname)));
    for (const struct addrinfo *r = results; r; r = r->ai_next) {
        struct ip ip;
        int port;

        if (ip_of_socket((const struct sockaddr_storage *)(const void *)r->ai_addr, &ip, &port))
            add(&c, answer->name, &ip, false);
    }
    freeaddrinfo(results);
    return finish(&c, answer->name);
}
