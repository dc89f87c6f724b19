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

/* "routing <a@b>", "verifying <a@b> from host [1.2.3.4]" */
static struct str occasion(struct routing *r)
{
    const struct scope_connection *connection = r->scope->connection;
    struct str address = r->recipient->address, host;

    if (!routing_verifies(r) || !connection || str_is_null(connection->host_address) ||
        expand_string(r->scope, STR("$sender_fullhost"), r->arena, &host, NULL) != EXPAND_OK)
        return str_printf(r->arena, "routing <%.*s>", STR_ARG(address));
    return str_printf(r->arena, "verifying <%.*s> from host %.*s", STR_ARG(address), STR_ARG(host));
}

enum router_verdict routing_self(struct routing *r, struct str host, bool by_mx)
{
    const char *text = by_mx ? "lowest numbered MX record points to local host"
                             : "remote host address is the local host";
    struct mail_recipient *recipient = r->recipient;

    switch (r->router->self_action) {
    case SELF_FREEZE:
        log_write(LOG_MAIN, "%s: %.*s (while %.*s)", text, STR_ARG(recipient->domain), STR_ARG(occasion(r)));
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
