/* The hosts for a domain, by MX, SRV and address records: see hosts.h. */
#include "base/hosts.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/hosts_private.h"
#include "base/log.h"

/* A target that MX or SRV records name. */
struct target {
    struct str name;
    int mx, port;
    unsigned weight, order; /* order: random, among those of the same preference */
};

struct targets {
    struct target *v;
    size_t n;
};

unsigned host_random(void)
{
    unsigned number = 0;

    while (getrandom(&number, sizeof number, 0) != (ssize_t)sizeof number)
        continue;
    return number;
}

/* --- The order of targets */

static int by_preference(const void *a_, const void *b_)
{
    const struct target *a = a_, *b = b_;

    if (a->mx != b->mx)
        return a->mx < b->mx ? -1 : 1;
    return a->order < b->order ? -1 : a->order > b->order;
}

static void swap(struct target *a, struct target *b)
{
    struct target t = *a;

    *a = *b;
    *b = t;
}

/* RFC 2782: of those with the same priority, each place goes to one at random, by weight; those without weight
 * stand in front, so that they have a small chance. */
static void order_by_weight(struct target *v, size_t n)
{
    for (size_t i = 0, front = 0; i < n; i++)
        if (v[i].weight == 0)
            swap(&v[front++], &v[i]);
    for (size_t place = 0; place + 1 < n; place++) {
        unsigned sum = 0, chosen = 0, running = 0;
        size_t i = place;

        for (size_t k = place; k < n; k++)
            sum += v[k].weight;
        chosen = host_random() % (sum + 1);
        while (i + 1 < n && (running += v[i].weight) < chosen)
            i++;
        struct target taken = v[i];
        memmove(&v[place + 1], &v[place], (i - place) * sizeof *v);
        v[place] = taken;
    }
}

static void sort_targets(struct targets *targets, bool weighted)
{
    size_t end;

    for (size_t i = 0; i < targets->n; i++)
        targets->v[i].order = host_random();
    qsort(targets->v, targets->n, sizeof *targets->v, by_preference);
    for (size_t i = 0; weighted && i < targets->n; i = end) {
        for (end = i; end < targets->n && targets->v[end].mx == targets->v[i].mx; end++)
            continue;
        order_by_weight(&targets->v[i], end - i);
    }
}

/* --- Targets out of records */

/* A host that is named twice counts once, with the better preference. */
static struct target *named_already(const struct targets *targets, const struct dns_record *record, int port)
{
    for (size_t i = 0; i < targets->n; i++)
        if (targets->v[i].port == port && str_eq_nocase(targets->v[i].name, record->target))
            return &targets->v[i];
    return NULL;
}

static struct targets collect(struct arena *arena, const struct dns_answer *dns, enum dns_type type)
{
    struct targets targets = {.v = ARENA_ARRAY(arena, struct target, dns->count)};
    const struct dns_record *r = NULL;

    while ((r = dns_next(dns, type, r))) {
        int port = type == DNS_SRV ? (int)r->port : 0;
        struct target *known = named_already(&targets, r, port);
        if (!known)
            targets.v[targets.n++] = (struct target){r->target, (int)r->preference, port, r->weight, 0};
        else if ((int)r->preference < known->mx)
            known->mx = (int)r->preference;
    }
    sort_targets(&targets, type == DNS_SRV);
    return targets;
}

/* --- This host among them */

/* Takes away the hosts whose addresses are all ignored, but for the last host there is. */
static void remove_unwanted(struct host_answer *answer)
{
    struct host **place = &answer->hosts;

    while (*place)
        if ((*place)->state == HOST_UNWANTED && answer->hosts->next)
            *place = (*place)->next;
        else
            place = &(*place)->next;
}

/* Takes away this host and everything that is not preferred to it, unless nothing is. */
static void remove_local(struct host_answer *answer)
{
    const struct host *local = answer->hosts;
    struct host **end = &answer->hosts;

    while (local && !local->local)
        local = local->next;
    if (!local)
        return;
    while ((*end)->mx != local->mx)
        end = &(*end)->next;
    if (end == &answer->hosts) {
        answer->result = HOSTS_LOCAL;
        return;
    }
    debug(DEBUG_host_lookup, "local host found for non-MX address or as a secondary MX: hosts from %.*s on removed",
          STR_ARG((*end)->name));
    *end = NULL;
    answer->local_removed = true;
}

/* --- All of it */

static bool has_state(const struct host *hosts, enum host_state state)
{
    while (hosts && hosts->state != state)
        hosts = hosts->next;
    return hosts != NULL;
}

enum host_result host_judge(const struct host *hosts)
{
    if (has_state(hosts, HOST_USABLE))
        return HOSTS_FOUND;
    if (has_state(hosts, HOST_DEFERRED))
        return HOSTS_AGAIN;
    if (has_state(hosts, HOST_ROOT))
        return HOSTS_NO_SERVICE;
    if (has_state(hosts, HOST_INSECURE))
        return HOSTS_INSECURE;
    return has_state(hosts, HOST_UNWANTED) ? HOSTS_IGNORED : HOSTS_NONE;
}

/* The addresses of every target. */
static enum host_result resolve_targets(const struct host_request *request, const struct targets *targets,
                                        bool dnssec, struct host_answer *answer)
{
    struct host **tail = &answer->hosts;

    for (size_t i = 0; i < targets->n; i++) {
        struct host_request own = *request;
        struct host_answer found;

        own.name = targets->v[i].name;
        own.qualify_single = own.search_parents = false;
        host_find_target(&own, &found);
        for (*tail = found.hosts; *tail; tail = &(*tail)->next) {
            (*tail)->mx = targets->v[i].mx;
            (*tail)->port = targets->v[i].port;
            (*tail)->dnssec = (*tail)->dnssec && dnssec;
        }
    }
    answer->result = HOSTS_FOUND;
    remove_unwanted(answer);
    remove_local(answer);
    if (answer->result == HOSTS_FOUND)
        answer->result = host_judge(answer->hosts);
    return answer->result;
}

/* Looks for records of one kind. True: they, or a failure to find them, decide. */
static bool find_by(const struct host_request *request, struct str name, enum host_records records,
                    struct host_answer *answer)
{
    const enum dns_type type = records == HOST_BY_SRV ? DNS_SRV : DNS_MX;
    const struct dns_question question = {.name = name,
                                          .type = type,
                                          .qualify_single = request->qualify_single,
                                          .search_parents = request->search_parents,
                                          .dnssec = request->dnssec};
    struct dns_answer dns;
    struct targets targets;

    answer->records = records;
    switch (dns_timed_lookup(request->arena, &question, &dns)) {
    case DNS_NO_DATA:
    case DNS_NO_MATCH:
        return false;
    case DNS_AGAIN:
    case DNS_FAIL:
        answer->result = HOSTS_AGAIN;
        return !request->fails || !request->fails(request->ctx, records, request->name);
    case DNS_FOUND:
        break;
    }
    if (records == HOST_BY_MX)
        answer->name = dns.name;
    if (request->dnssec_required && !dns.authenticated) {
        answer->result = HOSTS_INSECURE;
    } else {
        targets = collect(request->arena, &dns, type);
        resolve_targets(request, &targets, dns.authenticated, answer);
    }
    return true;
}

enum host_result host_find_mail(const struct host_request *request, struct host_answer *answer)
{
    *answer = (struct host_answer){.result = HOSTS_NONE, .name = request->name};
    if (request->srv_service) {
        struct str name = str_printf(request->arena, "_%s._tcp.%.*s", request->srv_service, STR_ARG(request->name));
        name.tainted = request->name.tainted;
        if (find_by(request, name, HOST_BY_SRV, answer))
            return answer->result;
    }
    if (request->mx && find_by(request, request->name, HOST_BY_MX, answer))
        return answer->result;
    answer->result = HOSTS_NONE;
    if (request->address)
        return host_find_bydns(request, answer);
    return answer->result;
}
