/* The transports section as the configuration reader sees it: the generic options (manual, chapter 24) and what
 * is checked once a stanza, and the section, has been read. */
#include "mail/rewrite.h"
#include "transports/transport.h"

#define GENERIC(option_, type_, default_) \
    {.name = #option_, \
     .type = OPTION_##type_, \
     .state = OPTION_USED, \
     .offset = offsetof(struct transport_instance, option_), \
     .default_text = (default_)}

/* In alphabetical order, as -bP prints them. */
static const struct option generic_options[] = {
    GENERIC(body_only, BOOL, NULL),
    GENERIC(current_directory, TEMPLATE, NULL),
    GENERIC(debug_print, TEMPLATE, NULL),
    GENERIC(delivery_date_add, BOOL, NULL),
    GENERIC(disable_logging, BOOL, NULL),
    GENERIC(envelope_to_add, BOOL, NULL),
    GENERIC(event_action, TEMPLATE, NULL),
    GENERIC(group, GROUP_TEMPLATE, NULL),
    GENERIC(headers_add, HEADERS, NULL),
    GENERIC(headers_only, BOOL, NULL),
    GENERIC(headers_remove, HEADER_NAMES, NULL),
    GENERIC(headers_rewrite, REWRITE, NULL),
    GENERIC(home_directory, TEMPLATE, NULL),
    GENERIC(initgroups, BOOL, NULL),
    GENERIC(max_parallel, TEMPLATE, NULL),
    GENERIC(message_size_limit, TEMPLATE, NULL),
    GENERIC(rcpt_include_affixes, BOOL, NULL),
    GENERIC(retry_use_local_part, TRISTATE, NULL),
    GENERIC(return_path, TEMPLATE, NULL),
    GENERIC(return_path_add, BOOL, NULL),
    GENERIC(shadow_condition, TEMPLATE, NULL),
    GENERIC(shadow_transport, STRING, NULL),
    GENERIC(transport_filter, COMMAND, NULL),
    GENERIC(transport_filter_timeout, TIME, "5m"),
    GENERIC(user, USER_TEMPLATE, NULL),
};

static const struct driver_info *find(struct str name, struct error *err)
{
    const struct transport_driver *driver = transport_driver_find(name, err);

    return driver ? &driver->info : NULL;
}

/* What depends on several options, or on the driver. */
static void fill_in(struct transport_instance *transport, bool local)
{
    struct option_account *group = &transport->group;

    if (!transport->retry_use_local_part.set)
        transport->retry_use_local_part.value = local;
    if (transport->user.has_group && !group->set && !group->expanded)
        *group = (struct option_account){.set = true, .id = transport->user.group};
}

static bool init(struct driver_instance *instance, struct error *err)
{
    struct transport_instance *transport = (struct transport_instance *)instance;
    const struct transport_driver *driver = (const struct transport_driver *)instance->driver;

    if (transport->body_only && transport->headers_only)
        return error_set(err, "%.*s transport: body_only and headers_only are mutually exclusive",
                         STR_ARG(instance->name));
    if (!str_is_null(transport->shadow_transport) && !driver->local)
        return error_set(err, "shadow transport not allowed on non-local transport %.*s", STR_ARG(instance->name));
    if (!str_is_null(transport->headers_rewrite) &&
        !(transport->rewrite_rules = rewrite_compile_list(instance->arena, transport->headers_rewrite,
                                                          instance->where, err)))
        return false;
    fill_in(transport, driver->local);
    return !driver->init || driver->init(transport, err);
}

const struct transport_instance *transport_find(const struct driver_instance *first, struct str name)
{
    while (first && !str_eq(first->name, name))
        first = first->next;
    return (const struct transport_instance *)first;
}

const struct driver_class transport_class = {
    .section = "transports",
    .noun = "transport",
    .instance_size = sizeof(struct transport_instance),
    .options = generic_options,
    .option_count = sizeof generic_options / sizeof *generic_options,
    .find = find,
    .known = transport_drivers_known,
    .each = transport_driver_each,
    .init = init,
};
