/* The queryprogram router (manual, chapter 21): a command says what becomes of an address. */
#include "base/arena.h"
#include "routers/generic.h"
#include "routers/router.h"

struct queryprogram_config {
    struct str command;
    struct option_account command_group, command_user;
    struct str current_directory;
    int timeout; /* seconds */
};

#define ROW(option_, type_, default_) \
    {.name = #option_, .type = OPTION_##type_, .offset = offsetof(struct queryprogram_config, option_), \
     .default_text = (default_)}

static const struct option options[] = {
    ROW(command, STRING, NULL),
    ROW(command_group, GROUP_TEMPLATE, NULL),
    ROW(command_user, USER_TEMPLATE, NULL),
    ROW(current_directory, STRING, "/"),
    ROW(timeout, TIME, "1h"),
};

static bool init(struct router_instance *router, struct error *err)
{
    struct queryprogram_config *config = router->instance.config;
    struct str name = router->instance.name;

    if (str_is_null(config->command))
        return error_at(err, router->instance.where, "%.*s router: a command specification is required",
                        STR_ARG(name));
    if (!config->command_user.set && !config->command_user.expanded)
        return error_at(err, router->instance.where, "%.*s router: command_user must be specified", STR_ARG(name));
    if (!config->command_group.set && config->command_user.has_group) {
        config->command_group.set = true;
        config->command_group.id = config->command_user.group;
    }
    return true;
}

extern const struct router_driver router_driver_queryprogram;
const struct router_driver router_driver_queryprogram = {
    .info = {.name = "queryprogram",
             .options = options,
             .option_count = sizeof options / sizeof *options,
             .config_size = sizeof(struct queryprogram_config)},
    .init = init,
};
