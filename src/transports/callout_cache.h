/* What callouts found out: records about domains and about addresses (manual, 44.48). Private to src/transports. */
#ifndef TRANSPORTS_CALLOUT_CACHE_H
#define TRANSPORTS_CALLOUT_CACHE_H

#include <stdint.h>

#include "config/config.h"
#include "expand/scope.h"

enum callout_known { CALLOUT_UNKNOWN, CALLOUT_ACCEPT, CALLOUT_REJECT };

/* About a domain. */
struct callout_domain {
    enum callout_known null_sender; /* CALLOUT_REJECT: its hosts refuse MAIL FROM:<> */
    enum callout_known random;      /* whether they take any local part */
    enum callout_known postmaster;
};

struct callout_cache {
    const struct main_options *options;
    struct scope *scope;
    bool off;           /* no_cache: nothing is known, nothing is kept */
    struct str domain;  /* key of the one */
    struct str address; /* key of the other */
};

/* Read what is known; nothing when the store cannot be used. */
void callout_cache_domain(const struct callout_cache *cache, struct callout_domain *domain);
enum callout_known callout_cache_address(const struct callout_cache *cache);

/* Remember it. */
void callout_cache_keep_domain(const struct callout_cache *cache, const struct callout_domain *domain);
void callout_cache_keep_address(const struct callout_cache *cache, enum callout_known known);

#endif
