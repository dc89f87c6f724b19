/* The dnslookup router (manual, chapter 17): the hosts that the DNS names for a domain. */
#include "routers/router.h"

struct dnslookup_config {
    bool check_secondary_mx;
    const struct template *check_srv;
    const struct list *fail_defer_domains;
    const struct template *ipv4_only, *ipv4_prefer;
    const struct list *mx_domains, *mx_fail_domains;
    bool qualify_single;
    bool rewrite_headers;
    bool same_domain_copy_routing;
    bool search_parents;
    const struct list *srv_fail_domains;
    struct str widen_domains;
};

#define ROW(option_, type_, default_) \
    {.name = #option_, .type = OPTION_##type_, .offset = offsetof(struct dnslookup_config, option_), \
     .default_text = (default_)}

static const struct option options[] = {
    ROW(check_secondary_mx, BOOL, NULL),
    ROW(check_srv, TEMPLATE, NULL),
    ROW(fail_defer_domains, DOMAIN_LIST, NULL),
    ROW(ipv4_only, TEMPLATE, NULL),
    ROW(ipv4_prefer, TEMPLATE, NULL),
    ROW(mx_domains, DOMAIN_LIST, NULL),
    ROW(mx_fail_domains, DOMAIN_LIST, NULL),
    ROW(qualify_single, BOOL, "yes"),
    ROW(rewrite_headers, BOOL, "yes"),
    ROW(same_domain_copy_routing, BOOL, NULL),
    ROW(search_parents, BOOL, NULL),
    ROW(srv_fail_domains, DOMAIN_LIST, NULL),
    ROW(widen_domains, STRING, NULL),
};

extern const struct router_driver router_driver_dnslookup;
const struct router_driver router_driver_dnslookup = {
    .info = {.name = "dnslookup",
             .options = options,
             .option_count = sizeof options / sizeof *options,
             .config_size = sizeof(struct dnslookup_config)},
    .transport = ROUTER_TRANSPORT_REQUIRED,
};
