/* From a list of hosts to their addresses, for manualroute and queryprogram (manual, 20.6 and 20.7). Private to
 * src/routers. */
#ifndef ROUTERS_FIND_HOSTS_H
#define ROUTERS_FIND_HOSTS_H

#include "base/hosts.h"
#include "routers/outcome.h"
#include "routers/routing.h"

enum host_lookup {
    LOOKUP_DEFAULT, /* in the DNS, and where that has nothing, by the system */
    LOOKUP_BYNAME,
    LOOKUP_BYDNS,
};

struct find_options {
    enum host_lookup lookup;
    bool ipv4_only, ipv4_prefer;
    bool randomize;
    enum outcome find_failed, all_ignored;
};

/* ROUTER_ACCEPT: *hosts are those of the list, in their order. Anything else is what becomes of the address; it
 * may have been rerouted already, in which case *hosts is NULL. */
enum router_verdict routing_find_hosts(struct routing *r, struct str list, const struct find_options *options,
                                       struct mail_host **hosts);

/* Fills in what the generic options say about looking hosts up: ignore_target_hosts, dnssec_..._domains, which
 * addresses are this host's. False: a list could not be checked; said why. */
bool routing_prepare_lookup(struct routing *r, struct host_request *request);

/* The usable ones of what was found, as hosts of a recipient. port: of those that have none of their own. */
struct mail_host *routing_hosts(struct routing *r, const struct host *found, int port);

#endif
