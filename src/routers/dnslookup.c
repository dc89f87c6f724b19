/* The dnslookup router (manual, chapter 17): the hosts that the DNS names for a domain. */
#include "base/idna.h"
#include "base/strlist.h"
#include "base/truth.h"
#include "routers/find_hosts.h"

struct dnslookup_config {
    bool check_secondary_mx;
    const struct template *check_srv;
    const struct list *fail_defer_domains;
    const struct template *ipv4_only, *ipv4_prefer;
    const struct list *mx_domains, *mx_fail_domains;
    bool qualify_single;
    bool rewrite_headers;
    bool same_domain_copy_routing;
    bool search_parents;
    const struct list *srv_fail_domains;
    struct str widen_domains;
};

#define ROW(option_, type_, default_) \
    {.name = #option_, .type = OPTION_##type_, .offset = offsetof(struct dnslookup_config, option_), \
     .default_text = (default_)}

static const struct option options[] = {
    ROW(check_secondary_mx, BOOL, NULL),
    ROW(check_srv, TEMPLATE, NULL),
    ROW(fail_defer_domains, DOMAIN_LIST, NULL),
    ROW(ipv4_only, TEMPLATE, NULL),
    ROW(ipv4_prefer, TEMPLATE, NULL),
    ROW(mx_domains, DOMAIN_LIST, NULL),
    ROW(mx_fail_domains, DOMAIN_LIST, NULL),
    ROW(qualify_single, BOOL, "yes"),
    ROW(rewrite_headers, BOOL, "yes"),
    ROW(same_domain_copy_routing, BOOL, NULL),
    ROW(search_parents, BOOL, NULL),
    ROW(srv_fail_domains, DOMAIN_LIST, NULL),
    ROW(widen_domains, STRING, NULL),
};

/* --- Routing */

/* Expands an option that may be unset or forced to fail: *value is STR_NULL then. */
static enum router_verdict expand_option(struct routing *r, const struct template *option, struct str *value)
{
    struct error err = ERROR_IN(r->arena);

    switch (expand(r->scope, option, r->arena, value, &err)) {
    case EXPAND_OK:
        return ROUTER_ACCEPT;
    case EXPAND_FORCED:
        *value = STR_NULL;
        return ROUTER_ACCEPT;
    case EXPAND_FAILED:
    case EXPAND_DEFER:
        break;
    }
    return routing_say(r, ROUTER_DEFER, "%.*s router: failed to expand \"%.*s\": %.*s",
                       STR_ARG(r->router->instance.name), STR_ARG(template_source(option)), STR_ARG(err.text));
}

static enum router_verdict expand_flag(struct routing *r, const struct template *option, bool *yes)
{
    struct str value;
    enum router_verdict verdict = expand_option(r, option, &value);

    *yes = verdict == ROUTER_ACCEPT && truth_of(value) != TRUTH_NO;
    return verdict;
}

static enum router_verdict expand_service(struct routing *r, const struct template *option, const char **service)
{
    struct str value;
    enum router_verdict verdict = expand_option(r, option, &value);

    *service = verdict == ROUTER_ACCEPT && !str_is_empty(value) ? value.s : NULL;
    return verdict;
}

/* A lookup that failed for now may count as one that found nothing. */
static bool counts_as_none(void *ctx, enum host_records records, struct str domain)
{
    struct routing *r = ctx;
    const struct dnslookup_config *config = r->router->instance.config;
    const struct list *list = records == HOST_BY_SRV ? config->srv_fail_domains : config->mx_fail_domains;

    return list && list_match(r->scope, list, domain, NULL, NULL) == MATCH_YES;
}

static bool in_list(struct routing *r, const struct list *list, struct str domain)
{
    return list && list_match(r->scope, list, domain, NULL, NULL) == MATCH_YES;
}

/* What the lookup is asked with, but for the name. */
static enum router_verdict prepare(struct routing *r, const struct dnslookup_config *config,
                                   struct host_request *request)
{
    enum router_verdict verdict = expand_service(r, config->check_srv, &request->srv_service);

    if (verdict == ROUTER_ACCEPT)
        verdict = expand_flag(r, config->ipv4_only, &request->ipv4_only);
    if (verdict == ROUTER_ACCEPT)
        verdict = expand_flag(r, config->ipv4_prefer, &request->ipv4_prefer);
    request->mx = true;
    request->qualify_single = config->qualify_single;
    request->search_parents = config->search_parents;
    request->fails = counts_as_none;
    return verdict;
}

/* The domain as it is, and then made longer by each of widen_domains. */
static enum router_verdict look_up(struct routing *r, const struct dnslookup_config *config,
                                   struct host_request *request, struct host_answer *answer)
{
    bool widens = r->purpose != ROUTING_VERIFY_SENDER || !config->rewrite_headers;
    struct strlist it;
    struct str more;

    strlist_begin(&it, widens ? config->widen_domains : STR(""), ':');
    request->name = r->recipient->domain;
    for (;;) {
        request->address = !in_list(r, config->mx_domains, request->name);
        if (!routing_prepare_lookup(r, request))
            return ROUTER_DEFER;
        host_find_mail(request, answer);
        if (answer->result != HOSTS_NONE || !strlist_next(&it, r->arena, &more))
            return ROUTER_ACCEPT;
        request->name = str_join3(r->arena, r->recipient->domain, STR("."), more);
        debug(DEBUG_route, "trying %.*s", STR_ARG(request->name));
    }
}

static bool names_addresses(const struct host *hosts)
{
    while (hosts && hosts->state != HOST_NO_NAME)
        hosts = hosts->next;
    return hosts != NULL;
}

/* There is no such domain, or none of its hosts can be found. */
static enum router_verdict nothing_found(struct routing *r, const struct dnslookup_config *config,
                                         const struct host_answer *answer)
{
    if (in_list(r, config->fail_defer_domains, r->recipient->domain))
        return routing_say(r, ROUTER_DEFER, "missing MX, or all MXs point to missing A records, and defer requested");
    if (answer->records == HOST_BY_ADDRESS || !answer->hosts)
        return ROUTER_DECLINE;
    if (!names_addresses(answer->hosts))
        return routing_say(r, ROUTER_DECLINE, "all relevant MX records point to non-existent hosts");
    r->recipient->user_message =
        str_printf(r->arena, "It appears that the DNS operator for %.*s\nhas installed an invalid MX record with an IP "
                   "address\ninstead of a domain name on the right hand side.", STR_ARG(r->recipient->domain));
    return routing_say(r, ROUTER_DECLINE,
                       "all relevant MX records point to non-existent hosts or (invalidly) to IP addresses");
}

static enum router_verdict not_now(struct routing *r)
{
    if (r->router->pass_on_timeout) {
        debug(DEBUG_route, "pass_on_timeout set: passed on");
        return ROUTER_PASS;
    }
    r->recipient->error = DELIVERY_HOST_LOOKUP;
    return routing_say(r, ROUTER_DEFER, "host lookup did not complete");
}

/* The resolver, or widen_domains, made the name longer: the address is routed anew with that. */
static enum router_verdict use_full_name(struct routing *r, const struct dnslookup_config *config, struct str name)
{
    struct mail_recipient *recipient = r->recipient;

    if (config->rewrite_headers)
        routing_rewrite_domain(r, recipient->domain, name);
    debug(DEBUG_route, "domain changed to %.*s", STR_ARG(name));
    routing_add_child(r, str_join3(r->arena, recipient->caseful_local_part, STR("@"), name), TARGET_ADDRESS);
    return ROUTER_ACCEPT;
}

static bool has_other_name(const struct routing *r, const struct host_answer *answer)
{
    return answer->name.n > 0 && answer->name.s[0] != '*' && !str_eq_nocase(answer->name, r->recipient->domain);
}

static enum router_verdict use_hosts(struct routing *r, const struct dnslookup_config *config,
                                     const struct host_answer *answer)
{
    enum router_verdict verdict;

    if (has_other_name(r, answer))
        return use_full_name(r, config, answer->name);
    if (answer->result == HOSTS_LOCAL) {
        verdict = routing_self(r, answer->hosts->name, answer->hosts->mx != HOST_MX_NONE);
        if (verdict != ROUTER_ACCEPT || r->router->self_action == SELF_REROUTE)
            return verdict;
    } else if (config->check_secondary_mx && !answer->local_removed) {
        debug(DEBUG_route, "check_secondary_mx set and local host not secondary");
        return ROUTER_DECLINE;
    }
    return routing_accept(r, NULL, routing_hosts(r, answer->hosts, MAIL_NO_PORT));
}

/* Whether it may be asked for (dns_check_names_pattern), in A-labels. */
static bool is_valid_name(struct arena *arena, struct str domain)
{
    const struct dns_settings *settings = dns_settings();
    struct error err = ERROR_IN(arena);

    return idna_domain_to_alabel(arena, domain, &domain, &err) &&
           (!settings->name_allowed || settings->name_allowed(settings->ctx, domain));
}

static enum router_verdict route(struct routing *r, const struct router_instance *router)
{
    const struct dnslookup_config *config = router->instance.config;
    struct host_request request = {.name = STR_NULL};
    struct host_answer answer = {.hosts = NULL};
    enum router_verdict verdict;

    if (!is_valid_name(r->arena, r->recipient->domain))
        return routing_say(r, ROUTER_DECLINE, "mail domain \"%.*s\" is syntactically invalid",
                           STR_ARG(r->recipient->domain));
    verdict = prepare(r, config, &request);
    if (verdict == ROUTER_ACCEPT)
        verdict = look_up(r, config, &request, &answer);
    if (verdict != ROUTER_ACCEPT)
        return verdict;
    switch (answer.result) {
    case HOSTS_FOUND:
    case HOSTS_LOCAL:
        return use_hosts(r, config, &answer);
    case HOSTS_NONE:
        return nothing_found(r, config, &answer);
    case HOSTS_AGAIN:
        return not_now(r);
    case HOSTS_NO_SERVICE:
        return routing_say(r, ROUTER_DECLINE, "an MX or SRV record indicated no SMTP service");
    case HOSTS_INSECURE:
        return routing_say(r, ROUTER_DEFER, "host lookup done insecurely");
    case HOSTS_IGNORED:
        break;
    }
    return ROUTER_DECLINE;
}

extern const struct router_driver router_driver_dnslookup;
const struct router_driver router_driver_dnslookup = {
    .info = {.name = "dnslookup",
             .options = options,
             .option_count = sizeof options / sizeof *options,
             .config_size = sizeof(struct dnslookup_config)},
    .transport = ROUTER_TRANSPORT_REQUIRED,
    .route = route,
};
