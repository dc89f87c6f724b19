/* Rewriting while addresses are routed (manual, chapter 31). */
#include "mail/rewrite.h"
#include "routers/routing.h"
#include "routers/verify.h"

struct str routing_rewrite_child(struct routing *r, struct str address)
{
    return router_rewrite(r, address, false);
}

struct str router_rewrite(struct routing *r, struct str address, bool sender)
{
    return str_copy(r->arena, rewrite_address(r->scope, r->scope->process->rewrite_rules, address,
                                              sender ? REWRITE_ENV_FROM : REWRITE_ENV_TO));
}

void routing_rewrite_domain(struct routing *r, struct str from, struct str to)
{
    if (r->message && !routing_verifies(r))
        rewrite_headers_domain(r->message, from, to);
}
