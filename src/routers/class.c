/* The routers section as the configuration reader sees it: the generic options (manual, chapter 15) and what is
 * checked once a stanza, and the section, has been read. */
#include "base/arena.h"
#include "base/strlist.h"
#include "expand/expand.h"
#include "routers/generic.h"
#include "mail/host_list.h"
#include "routers/router.h"

#define GENERIC_DEFAULT(option_, type_, default_) \
    {.name = #option_, .type = OPTION_##type_, .state = OPTION_USED, \
     .offset = offsetof(struct router_instance, option_), .default_text = (default_)}
#define GENERIC(option_, type_) GENERIC_DEFAULT(option_, type_, NULL)
#define PAIR(option_) {.name = #option_, .type = OPTION_BOOL, .state = OPTION_PAIR}

/* In alphabetical order, as -bP prints them. */
static const struct option generic_options[] = {
    GENERIC(address_data, TEMPLATE),
    GENERIC_DEFAULT(address_test, BOOL, "yes"),
    GENERIC(cannot_route_message, TEMPLATE),
    GENERIC(caseful_local_part, BOOL),
    GENERIC(check_local_user, BOOL),
    GENERIC(condition, CONDITION),
    GENERIC(debug_print, TEMPLATE),
    GENERIC(disable_logging, BOOL),
    GENERIC_DEFAULT(dnssec_request_domains, DOMAIN_LIST, "*"),
    GENERIC(dnssec_require_domains, DOMAIN_LIST),
    GENERIC(domains, DOMAIN_LIST),
    GENERIC(dsn_lasthop, BOOL),
    GENERIC(errors_to, TEMPLATE),
    GENERIC_DEFAULT(expn, BOOL, "yes"),
    PAIR(fail_verify),
    GENERIC(fail_verify_recipient, BOOL),
    GENERIC(fail_verify_sender, BOOL),
    GENERIC(fallback_hosts, STRING),
    GENERIC(group, GROUP_TEMPLATE),
    GENERIC(headers_add, HEADERS),
    GENERIC(headers_remove, HEADER_NAMES),
    GENERIC(ignore_target_hosts, HOST_LIST),
    GENERIC(initgroups, BOOL),
    GENERIC(local_part_prefix, STRING),
    GENERIC(local_part_prefix_optional, BOOL),
    GENERIC(local_part_suffix, STRING),
    GENERIC(local_part_suffix_optional, BOOL),
    GENERIC(local_parts, LOCAL_PART_LIST),
    GENERIC(log_as_local, TRISTATE),
    GENERIC_DEFAULT(more, BOOL_TEMPLATE, "yes"),
    GENERIC(pass_on_timeout, BOOL),
    GENERIC(pass_router, STRING),
    GENERIC(redirect_router, STRING),
    GENERIC(require_files, TEMPLATE_LIST),
    GENERIC(retry_use_local_part, TRISTATE),
    GENERIC(router_home_directory, TEMPLATE),
    GENERIC_DEFAULT(self, STRING, "freeze"),
    GENERIC(senders, ADDRESS_LIST),
    GENERIC(set, VARIABLES),
    {.name = "translate_ip_address", .type = OPTION_TEMPLATE, .state = OPTION_ABSENT},
    GENERIC(transport, TEMPLATE),
    GENERIC(transport_current_directory, TEMPLATE),
    GENERIC(transport_home_directory, TEMPLATE),
    GENERIC(unseen, BOOL_TEMPLATE),
    GENERIC(user, USER_TEMPLATE),
    PAIR(verify),
    GENERIC(verify_only, BOOL),
    GENERIC_DEFAULT(verify_recipient, BOOL, "yes"),
    GENERIC_DEFAULT(verify_sender, BOOL, "yes"),
};

static const struct driver_info *find(struct str name, struct error *err)
{
    const struct router_driver *driver = router_driver_find(name, err);

    return driver ? &driver->info : NULL;
}

static bool fault(const struct router_instance *router, struct error *err, const char *text)
{
    return error_at(err, router->instance.where, "%.*s router: %s", STR_ARG(router->instance.name), text);
}

/* --- self */

static struct str rest_behind(struct arena *arena, struct str text, size_t n)
{
    return str_trim(arena, str_sub(arena, text, n, text.n));
}

static bool read_self(struct router_instance *router, struct error *err)
{
    static const char *const words[] = {
        [SELF_FREEZE] = "freeze", [SELF_DEFER] = "defer", [SELF_FAIL] = "fail",
        [SELF_PASS] = "pass",     [SELF_SEND] = "send",
    };
    static const char reroute[] = "reroute:", rewrite[] = "rewrite:";
    struct arena *arena = router->instance.arena;
    struct str text = router->self;

    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (str_is(text, words[i])) {
            router->self_action = (enum router_self)i;
            return true;
        }
    if (!str_starts(text, reroute))
        return fault(router, err, str_printf(arena, "%.*s is not valid for the self option", STR_ARG(text)).s);
    router->self_action = SELF_REROUTE;
    text = rest_behind(arena, text, sizeof reroute - 1);
    router->self_rewrite = str_starts(text, rewrite);
    router->self = router->self_rewrite ? rest_behind(arena, text, sizeof rewrite - 1) : text;
    return true;
}

/* --- Lists whose items are expanded one by one */

static void split(const struct router_instance *router, const struct template *list, char separator,
                  struct option_templates *items)
{
    struct arena *arena = router->instance.arena;
    struct strlist it;
    struct str item;

    if (!list)
        return;
    items->text = template_source(list);
    strlist_begin(&it, items->text, separator);
    while (strlist_next(&it, arena, &item)) {
        items->v = arena_grow(arena, items->v, items->n * sizeof *items->v, (items->n + 1) * sizeof *items->v);
        items->v[items->n++] = template_compile(arena, item, router->instance.where);
    }
}

/* `name = value`. What makes no sense is said when the router is used, as Exim does. */
static struct router_variable read_variable(const struct router_instance *router, struct str item)
{
    struct arena *arena = router->instance.arena;
    ptrdiff_t equals = str_find(item, '=');
    struct router_variable variable = {.name = item};

    if (equals < 0)
        return variable;
    variable.name = str_trim(arena, str_sub(arena, item, 0, (size_t)equals));
    if (str_starts(variable.name, "r_"))
        variable.value = template_compile(arena, rest_behind(arena, item, (size_t)equals + 1), router->instance.where);
    return variable;
}

static void read_variables(struct router_instance *router)
{
    struct arena *arena = router->instance.arena;
    struct strlist it;
    struct str item;

    if (!router->set)
        return;
    strlist_begin(&it, template_source(router->set), ';');
    while (strlist_next(&it, arena, &item)) {
        size_t size = sizeof *router->variables;

        router->variables =
            arena_grow(arena, router->variables, router->variable_count * size, (router->variable_count + 1) * size);
        router->variables[router->variable_count++] = read_variable(router, item);
    }
}

/* --- A stanza */

/* Whether the local part plays a part in whether the router runs (manual: retry_use_local_part). */
static bool depends_on_local_part(const struct router_instance *router)
{
    return router->check_local_user || router->local_parts || router->condition ||
           !str_is_null(router->local_part_prefix) || !str_is_null(router->local_part_suffix) ||
           router->senders || router->require_files.n > 0;
}

static bool check_transport(const struct router_instance *router, const struct router_driver *driver,
                            struct error *err)
{
    if (driver->transport == ROUTER_TRANSPORT_NONE && router->transport)
        return fault(router, err, "a transport must not be defined for this router");
    if (driver->transport == ROUTER_TRANSPORT_REQUIRED && !router->transport && !router->verify_only)
        return fault(router, err, "a transport is required for this router");
    return true;
}

static bool init(struct driver_instance *instance, struct error *err)
{
    struct router_instance *router = (struct router_instance *)instance;
    const struct router_driver *driver = (const struct router_driver *)instance->driver;
    enum { LONGEST_NAME = 64 };

    if (instance->name.n > LONGEST_NAME)
        return fault(router, err, "the name is too long");
    if (!router->retry_use_local_part.set)
        router->retry_use_local_part.value = depends_on_local_part(router);
    if (!router->log_as_local.set)
        router->log_as_local.value = driver->logs_as_local;
    split(router, router->headers_add, '\n', &router->added_headers);
    split(router, router->headers_remove, ':', &router->removed_headers);
    read_variables(router);
    router->fallback = host_list_read(instance->arena, router->fallback_hosts, false);
    return read_self(router, err) && check_transport(router, driver, err) &&
           (!driver->init || driver->init(router, err));
}

/* --- The section */

/* The router that an option of another names. below: it has to be below that one. False: err. */
static bool resolve(const struct driver_instance *first, const struct router_instance *router, struct str name,
                    bool below, const struct router_instance **found, struct error *err)
{
    bool passed = false;

    if (str_is_null(name))
        return true;
    for (const struct driver_instance *i = first; i; i = i->next) {
        if (str_eq(i->name, name)) {
            if (below && !passed)
                return error_at(err, router->instance.where, "new_router \"%.*s\" does not follow \"%.*s\" router",
                                STR_ARG(name), STR_ARG(router->instance.name));
            *found = (const struct router_instance *)i;
            return true;
        }
        passed |= i == &router->instance;
    }
    return error_at(err, router->instance.where, "new_router \"%.*s\" not found for \"%.*s\" router", STR_ARG(name),
                    STR_ARG(router->instance.name));
}

static bool check(const struct driver_instance *first, struct error *err)
{
    for (const struct driver_instance *i = first; i; i = i->next) {
        struct router_instance *router = (struct router_instance *)i;

        router->pass_to = router_next(router);
        if (!resolve(first, router, router->pass_router, true, &router->pass_to, err) ||
            !resolve(first, router, router->redirect_router, false, &router->children_from, err))
            return false;
    }
    return true;
}

const struct driver_class router_class = {
    .section = "routers",
    .noun = "router",
    .instance_size = sizeof(struct router_instance),
    .options = generic_options,
    .option_count = sizeof generic_options / sizeof *generic_options,
    .find = find,
    .known = router_drivers_known,
    .each = router_driver_each,
    .init = init,
    .check = check,
};
