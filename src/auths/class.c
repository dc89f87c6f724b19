/* The authenticators section as the configuration reader sees it: the generic options
 * (manual, 33.1) and what is checked once a stanza, and the section, has been read. */
#include "auths/auth.h"

#include "base/buffer.h"

#define GENERIC(option_, type_) \
    {.name = #option_, .type = (type_), .state = OPTION_USED, .offset = offsetof(struct auth_instance, option_)}

/* In alphabetical order, as -bP prints them. */
static const struct option generic_options[] = {
    GENERIC(client_condition, OPTION_TEMPLATE),
    GENERIC(client_set_id, OPTION_TEMPLATE),
    GENERIC(public_name, OPTION_STRING),
    GENERIC(server_advertise_condition, OPTION_TEMPLATE),
    GENERIC(server_condition, OPTION_TEMPLATE),
    GENERIC(server_debug_print, OPTION_TEMPLATE),
    GENERIC(server_mail_auth_condition, OPTION_TEMPLATE),
    GENERIC(server_set_id, OPTION_TEMPLATE),
};

static const struct driver_info *find(struct str name, struct error *err)
{
    const struct auth_driver *driver = auth_driver_find(name, err);

    return driver ? &driver->info : NULL;
}

static bool init(struct driver_instance *instance, struct error *err)
{
    struct auth_instance *auth = (struct auth_instance *)instance;
    const struct auth_driver *driver = (const struct auth_driver *)instance->driver;

    if (str_is_null(auth->public_name))
        auth->public_name = instance->name;
    if (auth->public_name.n == 0)
        return error_at(err, instance->where, "authenticator %.*s: public_name must not be empty",
                        STR_ARG(instance->name));
    return driver->init(auth, err);
}

static bool same_name(const struct auth_instance *a, const struct auth_instance *b, bool server)
{
    return (server ? a->server && b->server : a->client && b->client) && str_eq_nocase(a->public_name, b->public_name);
}

static bool is_by_tls(const struct auth_instance *auth)
{
    return ((const struct auth_driver *)auth->instance.driver)->by_tls;
}

/* A mechanism can be served, or used, by one authenticator only; and one at most runs without any. */
static bool check(const struct driver_instance *first, struct error *err)
{
    for (const struct driver_instance *i = first; i; i = i->next)
        for (const struct driver_instance *j = i->next; j; j = j->next) {
            const struct auth_instance *a = (const struct auth_instance *)i, *b = (const struct auth_instance *)j;
            bool servers = same_name(a, b, true);

            if (is_by_tls(a) && is_by_tls(b))
                return error_at(err, j->where, "two authenticators (%.*s and %.*s) with the driver %s: there may be one",
                                STR_ARG(i->name), STR_ARG(j->name), i->driver->name);
            if (servers || same_name(a, b, false))
                return error_set(err, "two %s authenticators (%.*s and %.*s) have the same public name (%.*s)",
                                 servers ? "server" : "client", STR_ARG(i->name), STR_ARG(j->name),
                                 STR_ARG(a->public_name));
        }
    return true;
}

const struct driver_class auth_class = {
    .section = "authenticators",
    .noun = "authenticator",
    .instance_size = sizeof(struct auth_instance),
    .options = generic_options,
    .option_count = sizeof generic_options / sizeof *generic_options,
    .find = find,
    .known = auth_drivers_known,
    .each = auth_driver_each,
    .init = init,
    .check = check,
};
