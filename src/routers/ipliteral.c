/* The ipliteral router (manual, chapter 18): addresses whose domain is an IP address in brackets. */
#include "routers/find_hosts.h"

/* "[192.0.2.1]", "[IPv6:2001:db8::1]", and what is neither: "[IPv4:192.0.2.1]" and an IPv6 address alone. */
static bool read_literal(struct routing *r, struct str domain, struct ip *ip)
{
    struct str inside;

    if (domain.n < 3 || domain.s[0] != '[' || domain.s[domain.n - 1] != ']')
        return false;
    inside = str_sub(r->arena, domain, 1, domain.n - 2);
    if (str_starts_nocase(inside, "IPv6:") || str_starts_nocase(inside, "IPv4:"))
        inside = str_sub(r->arena, inside, 5, inside.n);
    return ip_parse(inside, ip);
}

static enum router_verdict route(struct routing *r, const struct router_instance *router)
{
    struct host_request request = {.name = r->recipient->domain};
    struct host host = {.mx = HOST_MX_NONE, .state = HOST_USABLE};
    enum router_verdict verdict;

    (void)router;
    if (!read_literal(r, r->recipient->domain, &host.ip))
        return ROUTER_DECLINE;
    host.name = r->recipient->domain;
    host.address = ip_format(r->arena, &host.ip);
    if (!routing_prepare_lookup(r, &request))
        return ROUTER_DEFER;
    if (request.ignored && request.ignored(request.ctx, &host))
        return routing_say(r, ROUTER_DECLINE, "IP literal host explicitly ignored");
    if (request.is_local(request.ctx, &host)) {
        verdict = routing_self(r, host.name, false);
        if (verdict != ROUTER_ACCEPT || r->router->self_action == SELF_REROUTE)
            return verdict;
    }
    return routing_accept(r, NULL, routing_hosts(r, &host, MAIL_NO_PORT));
}

extern const struct router_driver router_driver_ipliteral;
const struct router_driver router_driver_ipliteral = {
    .info = {.name = "ipliteral"},
    .transport = ROUTER_TRANSPORT_REQUIRED,
    .route = route,
};
