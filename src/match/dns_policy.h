/* What the configuration says to the resolver (base/dns.h): the main options dns_*, with the lists and the pattern
 * that only this room can match. */
#ifndef MATCH_DNS_POLICY_H
#define MATCH_DNS_POLICY_H

#include <stdbool.h>

#include "base/dns.h"
#include "match/list.h"

struct dns_policy {
    struct dns_settings settings;        /* the options that are numbers; its functions are set here */
    const struct list *lists[DNS_LISTS]; /* NULL: not set */
    struct str check_names_pattern;      /* empty: any name may be asked for */
    /* What lists are matched with. */
    const struct scope_process *process;
    const struct named_lists *named_lists;
    const struct scope_services *services;
};

/* Puts the policy in force for the process (copied into the arena, which must live as long as names are asked
 * for). False: the pattern is malformed; err says how. */
bool dns_policy_use(struct arena *arena, const struct dns_policy *policy, struct error *err);

#endif
