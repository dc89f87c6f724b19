/* From a list of hosts to their addresses: see find_hosts.h. */
#include "routers/find_hosts.h"

#include "config/config.h"
#include "match/interfaces.h"
#include "mail/host_list.h"

/* --- What the generic options say about a lookup */

static bool is_ignored(void *ctx, const struct host *host)
{
    struct routing *r = ctx;
    const struct match_host peer = {.address = host->address, .name = host->name};
    struct scope_address *shown = r->scope->address, kept = *shown;
    bool ignored;

    shown->host_address = host->address;
    shown->host = host->name;
    ignored = list_match_host(r->scope, r->router->ignore_target_hosts, &peer, NULL, NULL) == MATCH_YES;
    *shown = kept;
    return ignored;
}

static bool is_this_host(void *ctx, const struct host *host)
{
    struct routing *r = ctx;

    return is_local_host(r->scope, host);
}

static bool in_domains(struct routing *r, const struct list *list, const char *option, struct str name, bool *yes)
{
    struct error err = ERROR_IN(r->arena);

    switch (list ? list_match(r->scope, list, name, NULL, &err) : MATCH_NO) {
    case MATCH_YES:
        *yes = true;
        return true;
    case MATCH_NO:
        *yes = false;
        return true;
    case MATCH_DEFER:
    case MATCH_ERROR:
        break;
    }
    routing_say(r, ROUTER_DEFER, "%s check lookup or other defer", option);
    return false;
}

bool routing_prepare_lookup(struct routing *r, struct host_request *request)
{
    bool ask;

    if (!in_domains(r, r->router->dnssec_request_domains, "dnssec_request_domains", request->name, &ask) ||
        !in_domains(r, r->router->dnssec_require_domains, "dnssec_require_domains", request->name,
                    &request->dnssec_required))
        return false;
    request->arena = r->arena;
    request->dnssec = ask || request->dnssec_required ? DNSSEC_ASK : DNSSEC_DEFAULT;
    request->ignored = r->router->ignore_target_hosts ? is_ignored : NULL;
    request->is_local = is_this_host;
    request->targets_may_be_ip = r->config->main.allow_mx_to_ip;
    request->ctx = r;
    return true;
}

struct mail_host *routing_hosts(struct routing *r, const struct host *found, int port)
{
    struct mail_host *first = NULL, **last = &first;

    for (; found; found = found->next) {
        struct mail_host *host;

        if (found->state != HOST_USABLE)
            continue;
        host = ARENA_NEW(r->arena, struct mail_host);
        host->name = found->name;
        host->certname = found->certname;
        host->address = found->address;
        host->port = found->port > 0 ? found->port : port;
        host->mx = found->mx == HOST_MX_NONE ? MAIL_NO_MX : found->mx;
        host->dnssec = found->dnssec;
        *last = host;
        last = &host->next;
    }
    return first;
}

/* --- One item */

struct finding {
    struct routing *r;
    const struct find_options *options;
    struct mail_host *first, **last;
    bool complete; /* what follows in the list does not count */
};

static enum router_verdict of_outcome(struct routing *r, enum outcome outcome)
{
    switch (outcome) {
    case OUTCOME_DECLINE:
        r->recipient->message = STR_NULL;
        return ROUTER_DECLINE;
    case OUTCOME_PASS:
        r->recipient->message = STR_NULL;
        return ROUTER_PASS;
    case OUTCOME_FAIL:
        return ROUTER_FAIL;
    case OUTCOME_FREEZE:
        r->recipient->special = true;
        return ROUTER_DEFER;
    case OUTCOME_DEFER:
    case OUTCOME_IGNORE:
        break;
    }
    return ROUTER_DEFER;
}

static enum router_verdict not_found(struct finding *f, struct str name)
{
    struct routing *r = f->r;

    if (f->options->find_failed == OUTCOME_IGNORE) {
        debug(DEBUG_route, "host_find_failed = ignore: ignored %.*s", STR_ARG(name));
        return ROUTER_ACCEPT;
    }
    routing_say(r, ROUTER_DEFER, "lookup of host \"%.*s\" failed in %.*s router", STR_ARG(name),
                STR_ARG(r->router->instance.name));
    return of_outcome(r, f->options->find_failed);
}

static enum router_verdict not_now(struct finding *f, struct str name)
{
    struct routing *r = f->r;

    if (r->router->pass_on_timeout) {
        debug(DEBUG_route, "pass_on_timeout set: passed on");
        return ROUTER_PASS;
    }
    r->recipient->error = DELIVERY_HOST_LOOKUP;
    return routing_say(r, ROUTER_DEFER, "host lookup for %.*s did not complete (DNS timeout?)", STR_ARG(name));
}

/* This host: only the first of the list matters, the others and what is behind them go. */
static enum router_verdict this_host(struct finding *f, const struct host *found, int port)
{
    enum router_verdict verdict;

    if (f->first) {
        f->complete = true;
        return ROUTER_ACCEPT;
    }
    verdict = routing_self(f->r, found->name, found->mx != HOST_MX_NONE);
    if (verdict != ROUTER_ACCEPT)
        return verdict;
    if (f->r->router->self_action == SELF_REROUTE) {
        f->complete = true;
        return ROUTER_ACCEPT;
    }
    *f->last = routing_hosts(f->r, found, port);
    return ROUTER_ACCEPT;
}

static void look_up(struct finding *f, const struct host_item *item, const struct host_request *request,
                    struct host_answer *answer)
{
    if (item->mx) {
        host_find_mail(request, answer);
        return;
    }
    if (f->options->lookup != LOOKUP_BYNAME) {
        host_find_bydns(request, answer);
        if (f->options->lookup == LOOKUP_BYDNS || answer->result != HOSTS_NONE)
            return;
    }
    host_find_byname(request, answer);
}

static enum router_verdict find_item(struct finding *f, const struct host_item *item)
{
    struct host_request request = {
        .name = item->name,
        .mx = item->mx,
        .ipv4_only = f->options->ipv4_only,
        .ipv4_prefer = f->options->ipv4_prefer,
        .qualify_single = true,
    };
    struct host_answer answer = {.hosts = NULL};

    if (!routing_prepare_lookup(f->r, &request))
        return ROUTER_DEFER;
    look_up(f, item, &request, &answer);
    switch (answer.result) {
    case HOSTS_FOUND:
        *f->last = routing_hosts(f->r, answer.hosts, item->port);
        return ROUTER_ACCEPT;
    case HOSTS_LOCAL:
        return this_host(f, answer.hosts, item->port);
    case HOSTS_AGAIN:
        return not_now(f, item->name);
    case HOSTS_NONE:
    case HOSTS_NO_SERVICE:
    case HOSTS_IGNORED:
    case HOSTS_INSECURE:
        break;
    }
    return not_found(f, item->mx && answer.hosts ? answer.hosts->name : item->name);
}

/* --- The list */

static enum router_verdict nothing_left(struct finding *f)
{
    struct routing *r = f->r;

    routing_say(r, ROUTER_DEFER,
                "lookup failed for all hosts in %.*s router: host_find_failed=ignore host_all_ignored=%s",
                STR_ARG(r->router->instance.name), outcome_name(f->options->all_ignored));
    return of_outcome(r, f->options->all_ignored);
}

enum router_verdict routing_find_hosts(struct routing *r, struct str list, const struct find_options *options,
                                       struct mail_host **hosts)
{
    struct finding f = {.r = r, .options = options};
    const struct host_item *item = host_list_items(r->arena, list, options->randomize);

    f.last = &f.first;
    for (; item && !f.complete; item = item->next) {
        enum router_verdict verdict = find_item(&f, item);

        if (verdict != ROUTER_ACCEPT)
            return verdict;
        while (*f.last)
            f.last = &(*f.last)->next;
    }
    *hosts = f.first;
    return f.first || f.complete ? ROUTER_ACCEPT : nothing_left(&f);
}
