/* What to do when the first host for an address is this one (manual, 15: self). */
#include "routers/routing.h"

static enum router_verdict reroute(struct routing *r)
{
    struct mail_recipient *recipient = r->recipient;
    struct str domain = r->router->self;
    struct str address = str_join3(r->arena, recipient->caseful_local_part, STR("@"), domain);

    if (r->router->self_rewrite)
        routing_rewrite_domain(r, recipient->domain, domain);
    debug(DEBUG_route, "rerouting to %.*s", STR_ARG(address));
    routing_add_child(r, address, TARGET_ADDRESS);
    return ROUTER_ACCEPT;
}

enum router_verdict routing_self(struct routing *r, struct str host)
{
    static const char text[] = "remote host address is the local host";
    struct mail_recipient *recipient = r->recipient;

    switch (r->router->self_action) {
    case SELF_FREEZE:
        log_write(LOG_MAIN, "%s: %.*s (while routing <%.*s>)", text, STR_ARG(recipient->domain),
                  STR_ARG(recipient->address));
        recipient->special = true;
        break;
    case SELF_DEFER:
        break;
    case SELF_FAIL:
        recipient->error = DELIVERY_HOST_IS_LOCAL;
        return routing_say(r, ROUTER_FAIL, "%s", text);
    case SELF_PASS:
        recipient->self_hostname = host;
        return ROUTER_PASS;
    case SELF_SEND:
        return ROUTER_ACCEPT;
    case SELF_REROUTE:
        return reroute(r);
    }
    recipient->error = DELIVERY_HOST_IS_LOCAL;
    return routing_say(r, ROUTER_DEFER, "%s", text);
}
