/* Hosts of a delivery: see smtp_hosts.h. */
#include "transports/smtp_hosts.h"

#include <netdb.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "base/ascii.h"
#include "base/hosts.h"
#include "base/log.h"
#include "base/print.h"
#include "base/secret.h"
#include "expand/expand.h"
#include "mail/delivery_error.h"
#include "mail/host_list.h"
#include "match/interfaces.h"
#include "match/list.h"

__attribute__((format(printf, 4, 5))) static bool fail(struct arena *arena, struct hosts_failure *failure, int error,
                                                       const char *format, ...)
{
    struct buffer b = BUFFER_IN(arena);
    va_list args;

    va_start(args, format);
    buffer_vprintf(&b, format, args);
    va_end(args);
    *failure = (struct hosts_failure){.error = error, .text = buffer_str(&b), .panic = error == DELIVERY_UNKNOWN};
    return false;
}

bool smtp_bool(struct scope *scope, const struct option_bool *option)
{
    struct error err = ERROR_IN(scope->arena);
    bool yes = false;

    if (!option->expanded)
        return option->value;
    return expand_truth(scope, option->expanded, &yes, &err) == EXPAND_OK && yes;
}

bool smtp_is_lmtp(const struct smtp_config *options)
{
    return str_is_nocase(options->protocol, "lmtp");
}

bool smtp_is_smtps(const struct smtp_config *options)
{
    return str_is_nocase(options->protocol, "smtps") || str_is_nocase(options->protocol, "submissions");
}

/* --- Ports */

/* Services that some systems' databases lack. */
static const struct {
    const char *name;
    int port;
} services[] = {{"smtp", 25}, {"lmtp", 24}, {"smtps", 465}, {"submissions", 465}, {"submission", 587}};

static bool find_service(struct str name, int *port)
{
    struct servent result, *found = NULL;
    char scratch[1024];

    if (getservbyname_r(name.s, "tcp", &result, scratch, sizeof scratch, &found) == 0 && found) {
        *port = ntohs((uint16_t)found->s_port);
        return true;
    }
    for (size_t i = 0; i < sizeof services / sizeof *services; i++)
        if (str_is(name, services[i].name)) {
            *port = services[i].port;
            return true;
        }
    return false;
}

/* The option's own default is that of the smtp protocol. */
static struct str default_port(const struct smtp_config *options, struct str port)
{
    if (!str_is(port, "smtp"))
        return port;
    return smtp_is_lmtp(options) ? STR("lmtp") : smtp_is_smtps(options) ? STR("smtps") : port;
}

bool smtp_port(struct scope *scope, struct arena *arena, const struct transport_instance *transport, int *port,
               struct hosts_failure *failure)
{
    const struct smtp_config *options = transport->instance.config;
    struct error err = ERROR_IN(arena);
    struct str text;

    if (expand(scope, options->port, arena, &text, &err) != EXPAND_OK)
        return fail(arena, failure, DELIVERY_UNKNOWN,
                    "failed to expand \"%.*s\" (\"port\" option) for %.*s transport: %.*s",
                    STR_ARG(template_source(options->port)), STR_ARG(transport->instance.name), STR_ARG(err.text));
    text = default_port(options, str_trim(arena, text));
    if (text.n > 0 && ascii_is_digit(text.s[0])) {
        char *end;
        long number = text.n < 9 ? strtol(text.s, &end, 10) : 0;

        if (number > 0 && number <= 65535 && *end == '\0') {
            *port = (int)number;
            return true;
        }
        return fail(arena, failure, DELIVERY_UNKNOWN, "invalid port number \"%.*s\" for %.*s transport",
                    STR_ARG(printable(arena, text)), STR_ARG(transport->instance.name));
    }
    return find_service(text, port) ||
           fail(arena, failure, DELIVERY_UNKNOWN, "TCP port \"%.*s\" is not defined for %.*s transport",
                STR_ARG(printable(arena, text)), STR_ARG(transport->instance.name));
}

/* --- Lists */

/* In random order, without touching the list that was given: others may use it. */
static struct mail_host *shuffled(struct arena *arena, const struct mail_host *hosts)
{
    struct mail_host *first = NULL;
    uint32_t count = 0;

    for (; hosts; hosts = hosts->next) {
        struct mail_host *copy = ARENA_NEW(arena, struct mail_host), **place = &first;
        uint32_t at;

        random_octets(&at, sizeof at);
        for (at %= ++count; at > 0; at--)
            place = &(*place)->next;
        *copy = *hosts;
        copy->next = *place;
        *place = copy;
    }
    return first;
}

static struct mail_host *own_hosts(struct delivery *d, const struct smtp_config *options, struct hosts_failure *failure)
{
    const struct transport_instance *transport = d->transport;
    struct error err = ERROR_IN(d->arena);
    struct mail_host *hosts;
    struct str list;
    enum expand_status status = expand(d->scope, options->hosts, d->arena, &list, &err);

    if (status != EXPAND_OK) {
        fail(d->arena, failure, DELIVERY_UNKNOWN, "failed to expand list of hosts \"%.*s\" in %.*s transport: %.*s",
             STR_ARG(template_source(options->hosts)), STR_ARG(transport->instance.name), STR_ARG(err.text));
        failure->panic = status != EXPAND_DEFER;
        return NULL;
    }
    hosts = host_list_read(d->arena, list, smtp_bool(d->scope, &options->hosts_randomize));
    if (!hosts)
        fail(d->arena, failure, DELIVERY_UNKNOWN, "%.*s transport has empty hosts setting",
             STR_ARG(transport->instance.name));
    return hosts;
}

struct mail_host *smtp_hosts(struct delivery *d, const struct smtp_config *options, struct hosts_failure *failure)
{
    struct mail_host *hosts = d->recipients->hosts;

    if (options->hosts && (!hosts || options->hosts_override))
        return own_hosts(d, options, failure);
    if (!hosts) {
        fail(d->arena, failure, DELIVERY_UNKNOWN, "%.*s transport called with no hosts set",
             STR_ARG(d->transport->instance.name));
        return NULL;
    }
    if (hosts->mx == MAIL_NO_MX && smtp_bool(d->scope, &options->hosts_randomize))
        return shuffled(d->arena, hosts);
    return hosts;
}

struct mail_host *smtp_fallback_hosts(struct delivery *d, const struct smtp_config *options)
{
    bool randomize = smtp_bool(d->scope, &options->hosts_randomize);
    struct mail_host *hosts = d->recipients->fallback_hosts;

    if (hosts)
        return randomize ? shuffled(d->arena, hosts) : hosts;
    if (!options->fallback_hosts)
        return NULL;
    /* The option is not expanded: what is in it was written by the administrator. */
    return host_list_read(d->arena, template_source(options->fallback_hosts), randomize);
}

/* --- Addresses */

static enum dns_security security_of(struct delivery *d, const struct smtp_config *options, struct str name,
                                     bool *required)
{
    struct error err = ERROR_IN(d->arena);

    *required = options->dnssec_require_domains &&
                list_match(d->scope, options->dnssec_require_domains, name, NULL, &err) == MATCH_YES;
    if (*required || (options->dnssec_request_domains &&
                      list_match(d->scope, options->dnssec_request_domains, name, NULL, &err) == MATCH_YES))
        return DNSSEC_ASK;
    return DNSSEC_DEFAULT;
}

static bool lookup_failed(struct delivery *d, struct str name, enum host_result result, struct hosts_failure *failure)
{
    return fail(d->arena, failure, DELIVERY_HOST_LOOKUP, "%s IP address for %.*s",
                result == HOSTS_AGAIN ? "temporarily failed to look up" : "failed to lookup",
                STR_ARG(printable(d->arena, name)));
}

/* Puts the addresses found into the place of the host. */
static void take_addresses(struct delivery *d, struct mail_host *host, const struct host *found)
{
    struct mail_host *last = host, *after = host->next;
    bool first = true;

    for (; found; found = found->next) {
        if (found->ip.bits == 0)
            continue;
        if (!first) {
            last->next = ARENA_NEW(d->arena, struct mail_host);
            *last->next = *host;
            last = last->next;
            last->same_as_previous = true;
        }
        last->address = found->address;
        last->dnssec = found->dnssec;
        last->next = after;
        first = false;
    }
}

bool smtp_host_look_up(struct delivery *d, const struct smtp_config *options, struct mail_host *host,
                       struct hosts_failure *failure)
{
    struct host_request request = {
        .arena = d->arena,
        .name = host->name,
        .qualify_single = options->dns_qualify_single,
        .search_parents = options->dns_search_parents,
        .is_local = is_local_host,
        .ctx = d->scope,
    };
    struct host_answer answer;
    enum host_result result;

    if (!str_is_null(host->address))
        return true;
    request.dnssec = security_of(d, options, host->name, &request.dnssec_required);
    result = options->gethostbyname ? host_find_byname(&request, &answer) : host_find_bydns(&request, &answer);
    if (result == HOSTS_LOCAL && !options->allow_localhost)
        return fail(d->arena, failure, DELIVERY_HOST_IS_LOCAL, "%.*s transport found host %.*s to be local",
                    STR_ARG(d->transport->instance.name), STR_ARG(host->name));
    if (result != HOSTS_FOUND && result != HOSTS_LOCAL)
        return lookup_failed(d, host->name, result, failure);
    take_addresses(d, host, answer.hosts);
    return !str_is_null(host->address) || lookup_failed(d, host->name, HOSTS_NONE, failure);
}
