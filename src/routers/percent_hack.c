/* The percent hack (manual, 14: percent_hack_domains): mail for a%b@c, where c is in that list, is for a@b. */
#include "config/config.h"
#include "routers/routing.h"

static bool has_hack(struct routing *r, struct str domain, struct str local_part)
{
    const struct list *domains = r->config->main.percent_hack_domains;

    return domains && str_find(local_part, '%') >= 0 &&
           list_match(r->scope, domains, domain, NULL, NULL) == MATCH_YES;
}

bool routing_undo_percent_hack(struct routing *r)
{
    struct mail_recipient *recipient = r->recipient;
    struct str local_part = recipient->caseful_local_part, domain = recipient->domain;

    while (has_hack(r, domain, local_part)) {
        size_t percent = (size_t)str_rfind(local_part, '%');

        domain = str_lower(r->arena, str_sub(r->arena, local_part, percent + 1, local_part.n));
        local_part = str_sub(r->arena, local_part, 0, percent);
    }
    if (local_part.n == recipient->caseful_local_part.n)
        return false;
    r->children = mail_recipient_child(r->arena, recipient, str_join3(r->arena, local_part, STR("@"), domain),
                                       TARGET_ADDRESS);
    debug(DEBUG_route, "%%-hack changed address to %.*s", STR_ARG(r->children->address));
    return true;
}
