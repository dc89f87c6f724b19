/* One stanza of `begin routers`: the generic options (manual, chapter 15), and what is worked out from them when
 * the configuration is read. */
#ifndef ROUTERS_GENERIC_H
#define ROUTERS_GENERIC_H

#include "base/driver.h"
#include "base/option.h"
#include "mail/recipient.h"

/* What the option `self` asks for. */
enum router_self {
    SELF_FREEZE,
    SELF_DEFER,
    SELF_FAIL,
    SELF_PASS,
    SELF_SEND,
    SELF_REROUTE, /* to router->self as the domain */
};

/* A name and what its value is expanded from: one item of `set`. */
struct router_variable {
    struct str name;
    const struct template *value; /* NULL: the item is malformed */
};

struct router_instance {
    struct driver_instance instance; /* name, place, driver, private options */

    /* The options, by their names. */
    const struct template *address_data;
    bool address_test;
    const struct template *cannot_route_message;
    bool caseful_local_part;
    bool check_local_user;
    const struct template *condition;
    const struct template *debug_print;
    bool disable_logging;
    const struct list *dnssec_request_domains, *dnssec_require_domains;
    const struct list *domains;
    bool dsn_lasthop;
    const struct template *errors_to;
    bool expn;
    bool fail_verify_recipient, fail_verify_sender;
    struct str fallback_hosts;
    struct option_account group;
    const struct template *headers_add, *headers_remove;
    const struct list *ignore_target_hosts;
    bool initgroups;
    struct str local_part_prefix, local_part_suffix;
    bool local_part_prefix_optional, local_part_suffix_optional;
    const struct list *local_parts;
    struct option_bool log_as_local;
    struct option_bool more;
    bool pass_on_timeout;
    struct str pass_router, redirect_router;
    struct option_templates require_files;
    struct option_bool retry_use_local_part;
    const struct template *router_home_directory;
    struct str self; /* a domain, when it says `reroute` */
    const struct list *senders;
    const struct template *set;
    const struct template *transport;
    const struct template *transport_current_directory, *transport_home_directory;
    struct option_bool unseen;
    struct option_account user;
    bool verify_only;
    bool verify_recipient, verify_sender;

    /* Worked out. */
    enum router_self self_action;
    bool self_rewrite;                           /* reroute: rewrite: */
    const struct router_instance *pass_to;       /* pass_router, or the one that follows; NULL: none */
    const struct router_instance *children_from; /* redirect_router; NULL: the first */
    const struct mail_host *fallback;            /* fallback_hosts */
    struct option_templates added_headers, removed_headers; /* headers_add, headers_remove, item by item */
    struct router_variable *variables;           /* set */
    size_t variable_count;
};

/* The router behind this one in the configuration, or NULL. */
static inline const struct router_instance *router_next(const struct router_instance *router)
{
    return (const struct router_instance *)router->instance.next;
}

#endif
