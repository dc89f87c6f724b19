/* Routing rules of the manualroute router (manual, 20.2 and 20.3): "pattern hosts options". Private to
 * src/routers. */
#ifndef ROUTERS_ROUTE_RULE_H
#define ROUTERS_ROUTE_RULE_H

#include "base/source.h"
#include "expand/expand.h"
#include "match/list.h"

struct route_rule {
    const struct list *pattern; /* one domain pattern; NULL in route_data */
    const struct template *hosts;
    struct str options;
};

/* Takes an item of route_list apart. */
void route_rule_read(struct arena *arena, struct str text, struct source_pos where, struct route_rule *rule);

/* The same for what route_data gives, which has no pattern. */
void route_rule_read_data(struct arena *arena, struct str text, struct source_pos where, struct route_rule *rule);

#endif
