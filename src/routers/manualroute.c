/* The manualroute router (manual, chapter 20): hosts by rules of the administrator's own. */
#include "base/ascii.h"
#include "base/strlist.h"
#include "routers/find_hosts.h"
#include "routers/route_rule.h"

struct manualroute_config {
    struct str host_all_ignored, host_find_failed;
    bool hosts_randomize;
    const struct template *route_data;
    struct str route_list;
    bool same_domain_copy_routing;

    /* Worked out. */
    enum outcome all_ignored, find_failed;
    struct route_rule *rules; /* route_list */
    size_t rule_count;
};

#define ROW(option_, type_, default_) \
    {.name = #option_, .type = OPTION_##type_, .offset = offsetof(struct manualroute_config, option_), \
     .default_text = (default_)}

static const struct option options[] = {
    ROW(host_all_ignored, STRING, "defer"),
    ROW(host_find_failed, STRING, "freeze"),
    ROW(hosts_randomize, BOOL, NULL),
    ROW(route_data, TEMPLATE, NULL),
    ROW(route_list, STRING, NULL),
    ROW(same_domain_copy_routing, BOOL, NULL),
};

static void read_rules(const struct router_instance *router, struct manualroute_config *config)
{
    struct arena *arena = router->instance.arena;
    struct strlist it;
    struct str item;

    strlist_begin(&it, config->route_list, ';');
    while (strlist_next(&it, arena, &item)) {
        size_t size = sizeof *config->rules;

        if (str_is_empty(item))
            continue;
        config->rules = arena_grow(arena, config->rules, config->rule_count * size, (config->rule_count + 1) * size);
        route_rule_read(arena, item, router->instance.where, &config->rules[config->rule_count++]);
    }
}

static bool init(struct router_instance *router, struct error *err)
{
    struct manualroute_config *config = router->instance.config;
    struct str name = router->instance.name;

    if ((config->route_data != NULL) == !str_is_null(config->route_list))
        return error_at(err, router->instance.where,
                        "%.*s router: route_list or route_data (but not both) must be specified", STR_ARG(name));
    if (!outcome_of(config->host_find_failed, &config->find_failed))
        return error_at(err, router->instance.where,
                        "%.*s router: unrecognized setting for host_find_failed option", STR_ARG(name));
    if (!outcome_of(config->host_all_ignored, &config->all_ignored) || config->all_ignored == OUTCOME_IGNORE)
        return error_at(err, router->instance.where,
                        "%.*s router: unrecognized setting for host_all_ignored option", STR_ARG(name));
    read_rules(router, config);
    return true;
}

/* --- The rule for the address */

/* Whether the pattern fits; what it found is in $value and the numeric variables then. */
static enum match_result match_rule(struct routing *r, const struct route_rule *rule)
{
    struct error err = ERROR_IN(r->arena);
    struct str value = STR_NULL;
    enum match_result result = list_match(r->scope, rule->pattern, r->recipient->domain, &value, &err);

    if (result == MATCH_YES)
        r->scope->value = value;
    return result;
}

/* ROUTER_ACCEPT: *hosts is not expanded yet. */
static enum router_verdict choose_rule(struct routing *r, const struct manualroute_config *config,
                                       const struct template **hosts, struct str *words)
{
    for (size_t i = 0; i < config->rule_count; i++)
        switch (match_rule(r, &config->rules[i])) {
        case MATCH_YES:
            *hosts = config->rules[i].hosts;
            *words = config->rules[i].options;
            return ROUTER_ACCEPT;
        case MATCH_NO:
            break;
        case MATCH_DEFER:
        case MATCH_ERROR:
            return routing_say(r, ROUTER_DEFER, "lookup defer in route_list");
        }
    return ROUTER_DECLINE;
}

/* The same from route_data. */
static enum router_verdict look_up_rule(struct routing *r, const struct manualroute_config *config,
                                        const struct template **hosts, struct str *words)
{
    struct error err = ERROR_IN(r->arena);
    struct route_rule rule;
    struct str data;

    switch (expand(r->scope, config->route_data, r->arena, &data, &err)) {
    case EXPAND_OK:
        break;
    case EXPAND_FORCED:
        return ROUTER_DECLINE;
    case EXPAND_FAILED:
    case EXPAND_DEFER:
        return routing_say(r, ROUTER_DEFER, "%.*s router: failed to expand \"%.*s\": %.*s",
                           STR_ARG(r->router->instance.name), STR_ARG(template_source(config->route_data)),
                           STR_ARG(err.text));
    }
    data = str_trim(r->arena, data);
    if (str_is_empty(data))
        return ROUTER_DECLINE;
    route_rule_read_data(r->arena, data, r->router->instance.where, &rule);
    *hosts = rule.hosts;
    *words = rule.options;
    return ROUTER_ACCEPT;
}

static enum router_verdict expand_hosts(struct routing *r, const struct template *t, struct str *hosts)
{
    struct error err = ERROR_IN(r->arena);

    switch (expand(r->scope, t, r->arena, hosts, &err)) {
    case EXPAND_OK:
        return ROUTER_ACCEPT;
    case EXPAND_FORCED:
        return ROUTER_DECLINE;
    case EXPAND_FAILED:
    case EXPAND_DEFER:
        break;
    }
    return routing_say(r, ROUTER_DEFER, "%.*s router: failed to expand \"%.*s\": %.*s",
                       STR_ARG(r->router->instance.name), STR_ARG(template_source(t)), STR_ARG(err.text));
}

/* --- Its options */

/* The rest of the options, which begins with a word that is neither an option nor a transport. */
static enum router_verdict unknown_option(struct routing *r, struct str rest)
{
    log_write(LOG_MAIN, "Error in %.*s router: unknown routing option or transport name \"%.*s\"",
              STR_ARG(r->router->instance.name), STR_ARG(rest));
    return routing_say(r, ROUTER_DEFER, "error in router: unknown routing option or transport name \"%.*s\"",
                       STR_ARG(rest));
}

static bool take_option(struct find_options *find, struct str word)
{
    static const struct {
        const char *word;
        size_t offset;
        int value;
    } flags[] = {
        {"randomize", offsetof(struct find_options, randomize), true},
        {"no_randomize", offsetof(struct find_options, randomize), false},
        {"ipv4_only", offsetof(struct find_options, ipv4_only), true},
        {"ipv4_prefer", offsetof(struct find_options, ipv4_prefer), true},
    };

    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++)
        if (str_is(word, flags[i].word)) {
            *(bool *)((char *)find + flags[i].offset) = flags[i].value;
            return true;
        }
    if (str_is(word, "byname"))
        find->lookup = LOOKUP_BYNAME;
    else if (str_is(word, "bydns"))
        find->lookup = LOOKUP_BYDNS;
    else
        return false;
    return true;
}

static enum router_verdict take_options(struct routing *r, struct str words, struct find_options *find,
                                        const struct transport_instance **transport)
{
    struct str rest = str_trim(r->arena, words);

    while (!str_is_empty(rest)) {
        size_t n = 0;
        struct str word;

        while (n < rest.n && !ascii_is_space(rest.s[n]))
            n++;
        word = str_sub(r->arena, rest, 0, n);
        if (!take_option(find, word)) {
            const struct transport_instance *named = transport_find(r->transports, word);

            if (!named)
                return unknown_option(r, rest);
            *transport = named;
        }
        rest = str_trim(r->arena, str_sub(r->arena, rest, n, rest.n));
    }
    return ROUTER_ACCEPT;
}

/* --- Routing */

/* For a local transport the list is a text, which it finds in $host. */
static struct mail_host *as_text(struct routing *r, struct str list)
{
    struct mail_host *host;

    if (str_is_empty(list))
        return NULL;
    host = ARENA_NEW(r->arena, struct mail_host);
    host->name = list;
    host->port = MAIL_NO_PORT;
    host->mx = MAIL_NO_MX;
    return host;
}

static enum router_verdict no_transport(struct routing *r)
{
    log_write(LOG_MAIN, "Error in %.*s router: no transport defined", STR_ARG(r->router->instance.name));
    return routing_say(r, ROUTER_DEFER, "error in router: transport missing");
}

static enum router_verdict no_hosts(struct routing *r)
{
    struct str text = str_printf(r->arena, "error in %.*s router: no host(s) specified for domain %.*s",
                                 STR_ARG(r->router->instance.name), STR_ARG(r->recipient->domain));

    log_write_str(LOG_MAIN, text);
    return routing_say_str(r, ROUTER_DEFER, text);
}

static enum router_verdict give_to(struct routing *r, const struct transport_instance *transport, struct str list,
                                   const struct find_options *find)
{
    enum router_verdict verdict;
    struct mail_host *hosts = NULL;

    if (!transport && r->router->transport &&
        !(transport = routing_transport(r, r->router->transport, "transport")))
        return ROUTER_DEFER;
    if (!transport)
        return routing_verifies(r) ? routing_accept(r, NULL, NULL) : no_transport(r);
    if (routing_is_local(transport))
        return routing_accept(r, transport, as_text(r, list));
    if (str_is_empty(list))
        return routing_verifies(r) ? routing_accept(r, transport, NULL) : no_hosts(r);
    verdict = routing_find_hosts(r, list, find, &hosts);
    if (verdict != ROUTER_ACCEPT || !hosts)
        return verdict;
    return routing_accept(r, transport, hosts);
}

static enum router_verdict route(struct routing *r, const struct router_instance *router)
{
    const struct manualroute_config *config = router->instance.config;
    struct find_options find = {
        .randomize = config->hosts_randomize,
        .find_failed = config->find_failed,
        .all_ignored = config->all_ignored,
    };
    const struct transport_instance *transport = NULL;
    const struct template *hosts = NULL;
    struct str list = STR_NULL, words = STR_NULL;
    enum router_verdict verdict = config->route_data ? look_up_rule(r, config, &hosts, &words)
                                                     : choose_rule(r, config, &hosts, &words);

    if (verdict == ROUTER_ACCEPT)
        verdict = expand_hosts(r, hosts, &list);
    if (verdict == ROUTER_ACCEPT)
        verdict = take_options(r, words, &find, &transport);
    return verdict == ROUTER_ACCEPT ? give_to(r, transport, str_trim(r->arena, list), &find) : verdict;
}

extern const struct router_driver router_driver_manualroute;
const struct router_driver router_driver_manualroute = {
    .info = {.name = "manualroute",
             .options = options,
             .option_count = sizeof options / sizeof *options,
             .config_size = sizeof(struct manualroute_config)},
    .init = init,
    .route = route,
};
