/* What a redirect router makes of its list. Private to src/routers. */
#ifndef ROUTERS_REDIRECT_CHILDREN_H
#define ROUTERS_REDIRECT_CHILDREN_H

#include "routers/redirect.h"
#include "routers/redirect_list.h"
#include "routers/routing.h"

/* Makes children of the items. Deliveries to files and pipes get their transport; one that cannot be is deferred:
 * its result and message say so. */
enum router_verdict redirect_add_children(struct routing *r, const struct redirect_config *config,
                                          const struct redirect_item *items);

/* Tells syntax_errors_to what was wrong with the list. */
void redirect_report_faults(struct routing *r, const struct redirect_config *config,
                            const struct redirect_result *list);

#endif
