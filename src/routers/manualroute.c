/* The manualroute router (manual, chapter 20): hosts by rules of the administrator's own. */
#include "routers/generic.h"
#include "routers/outcome.h"
#include "routers/router.h"

struct manualroute_config {
    struct str host_all_ignored, host_find_failed;
    bool hosts_randomize;
    const struct template *route_data;
    struct str route_list;
    bool same_domain_copy_routing;

    /* Worked out. */
    enum outcome all_ignored, find_failed;
};

#define ROW(option_, type_, default_) \
    {.name = #option_, .type = OPTION_##type_, .offset = offsetof(struct manualroute_config, option_), \
     .default_text = (default_)}

static const struct option options[] = {
    ROW(host_all_ignored, STRING, "defer"),
    ROW(host_find_failed, STRING, "freeze"),
    ROW(hosts_randomize, BOOL, NULL),
    ROW(route_data, TEMPLATE, NULL),
    ROW(route_list, STRING, NULL),
    ROW(same_domain_copy_routing, BOOL, NULL),
};

static bool init(struct router_instance *router, struct error *err)
{
    struct manualroute_config *config = router->instance.config;
    struct str name = router->instance.name;

    if ((config->route_data != NULL) == !str_is_null(config->route_list))
        return error_at(err, router->instance.where,
                        "%.*s router: route_list or route_data (but not both) must be specified", STR_ARG(name));
    if (!outcome_of(config->host_find_failed, &config->find_failed))
        return error_at(err, router->instance.where,
                        "%.*s router: unrecognized setting for host_find_failed option", STR_ARG(name));
    if (!outcome_of(config->host_all_ignored, &config->all_ignored) || config->all_ignored == OUTCOME_IGNORE)
        return error_at(err, router->instance.where,
                        "%.*s router: unrecognized setting for host_all_ignored option", STR_ARG(name));
    return true;
}

extern const struct router_driver router_driver_manualroute;
const struct router_driver router_driver_manualroute = {
    .info = {.name = "manualroute",
             .options = options,
             .option_count = sizeof options / sizeof *options,
             .config_size = sizeof(struct manualroute_config)},
    .init = init,
};
