/* What becomes of an address that a router takes: where errors go to, header lines, the transport, the user
 * (manual, chapters 15 and 23). */
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/strlist.h"
#include "routers/routing.h"
#include "routers/verifying.h"

/* --- errors_to, headers_add, headers_remove */

/* An expansion that may be forced to fail. *given: there is a value. False: said why. */
static bool expand_or_none(struct routing *r, const struct template *t, const char *what, struct str *value,
                           bool *given)
{
    struct error err = ERROR_IN(r->arena);

    switch (expand(r->scope, t, r->arena, value, &err)) {
    case EXPAND_OK:
        *given = true;
        return true;
    case EXPAND_FORCED:
        *given = false;
        return true;
    case EXPAND_FAILED:
    case EXPAND_DEFER:
        break;
    }
    routing_say(r, ROUTER_DEFER, "%.*s router failed to expand %s\"%.*s\": %.*s", STR_ARG(r->router->instance.name),
                what, STR_ARG(template_source(t)), STR_ARG(err.text));
    return false;
}

/* An address that cannot be verified is not used: errors then go where they went before. */
static bool take_errors_to(struct routing *r)
{
    struct mail_properties *properties = &r->recipient->properties;
    struct str address;
    bool given;

    if (!r->router->errors_to)
        return true;
    if (!expand_or_none(r, r->router->errors_to, "", &address, &given))
        return false;
    if (!given)
        return true;
    address = str_trim(r->arena, address);
    if (routing_verifies(r) || str_is_empty(address) || verify_errors_to(r, &address))
        properties->errors_address = address;
    else
        debug(DEBUG_route, "errors_to \"%.*s\" does not verify: ignored", STR_ARG(address));
    return true;
}

static bool add_headers(struct routing *r)
{
    const struct option_templates *items = &r->router->added_headers;
    struct mail_properties *properties = &r->recipient->properties;
    struct buffer all = BUFFER_IN(r->arena);
    struct str header;
    bool given;

    if (items->n == 0)
        return true;
    if (!str_is_null(properties->headers_add))
        buffer_add(&all, properties->headers_add);
    for (size_t i = 0; i < items->n; i++) {
        if (!expand_or_none(r, items->v[i], "add_headers item ", &header, &given))
            return false;
        if (!given || str_is_empty(header))
            continue;
        buffer_add(&all, header);
        if (!str_ends(header, "\n"))
            buffer_add_char(&all, '\n');
    }
    properties->headers_add = buffer_str(&all);
    return true;
}

static bool remove_headers(struct routing *r)
{
    const struct option_templates *items = &r->router->removed_headers;
    struct mail_properties *properties = &r->recipient->properties;
    struct buffer all = BUFFER_IN(r->arena);
    struct str name;
    bool given;

    if (items->n == 0)
        return true;
    if (!str_is_null(properties->headers_remove))
        buffer_add(&all, properties->headers_remove);
    for (size_t i = 0; i < items->n; i++) {
        if (!expand_or_none(r, items->v[i], "remove_headers item ", &name, &given))
            return false;
        if (!given || str_is_empty(name))
            continue;
        if (all.n > 0)
            buffer_add_char(&all, ':');
        buffer_add(&all, name);
    }
    properties->headers_remove = buffer_str(&all);
    return true;
}

bool routing_take_properties(struct routing *r)
{
    return take_errors_to(r) && add_headers(r) && remove_headers(r);
}

/* --- The transport */

static enum router_verdict no_transport(struct routing *r)
{
    r->recipient->error = DELIVERY_NO_TRANSPORT;
    return ROUTER_DEFER;
}

const struct transport_instance *routing_transport(struct routing *r, const struct template *option,
                                                   const char *what)
{
    struct error err = ERROR_IN(r->arena);
    struct str name, router = r->router->instance.name, source = template_source(option);
    const struct transport_instance *transport;

    if (expand(r->scope, option, r->arena, &name, &err) != EXPAND_OK) {
        routing_say(r, no_transport(r), "failed to expand %s \"%.*s\" in %.*s router: %.*s", what, STR_ARG(source),
                    STR_ARG(router), STR_ARG(err.text));
        return NULL;
    }
    if (name.tainted) {
        log_write(LOG_MAIN | LOG_PANIC, "attempt to use tainted value '%.*s' from '%.*s' for transport",
                  STR_ARG(name), STR_ARG(source));
        routing_say(r, no_transport(r), "internal configuration error");
        return NULL;
    }
    transport = transport_find(r->transports, name);
    if (!transport)
        routing_say(r, no_transport(r), "%s \"%.*s\" not found in %.*s router", what, STR_ARG(name),
                    STR_ARG(router));
    return transport;
}

bool routing_is_local(const struct transport_instance *transport)
{
    return ((const struct transport_driver *)transport->instance.driver)->local;
}

/* --- The user */

static bool find_user(const char *name, struct mail_recipient *recipient)
{
    const struct passwd *user = getpwnam(name);

    recipient->uid = user ? user->pw_uid : (uid_t)strtoul(name, NULL, 10);
    if (user && !recipient->gid_set) {
        recipient->gid_set = true;
        recipient->gid = user->pw_gid;
    }
    return user || (*name && name[strspn(name, "0123456789")] == '\0');
}

static bool find_group(const char *name, struct mail_recipient *recipient)
{
    const struct group *group = getgrnam(name);

    recipient->gid = group ? group->gr_gid : (gid_t)strtoul(name, NULL, 10);
    return group || (*name && name[strspn(name, "0123456789")] == '\0');
}

/* Says it in the log too. what: "expand user string "..."". */
static bool bad_user(struct routing *r, struct str what, struct str why)
{
    struct buffer b = BUFFER_IN(r->arena);

    buffer_add_cstr(&b, "Failed to ");
    buffer_add(&b, what);
    buffer_printf(&b, " for the %.*s router", STR_ARG(r->router->instance.name));
    if (!str_is_null(why)) {
        buffer_add_cstr(&b, ": ");
        buffer_add(&b, why);
    }
    log_write_str(LOG_MAIN | LOG_PANIC, buffer_str(&b));
    routing_say_str(r, ROUTER_DEFER, buffer_str(&b));
    return false;
}

/* The value of `user` or `group` that has to be expanded. */
static bool expand_account(struct routing *r, const struct option_account *account, bool group,
                           struct mail_recipient *recipient)
{
    struct error err = ERROR_IN(r->arena);
    struct str source = template_source(account->expanded), name;
    const char *kind = group ? "group" : "user";

    if (expand(r->scope, account->expanded, r->arena, &name, &err) != EXPAND_OK)
        return bad_user(r, str_printf(r->arena, "expand %s string \"%.*s\"", kind, STR_ARG(source)), err.text);
    if (!(group ? find_group(name.s, recipient) : find_user(name.s, recipient)))
        return bad_user(r, str_printf(r->arena, "find %s \"%.*s\" from expanded string \"%.*s\"", kind, STR_ARG(name),
                                      STR_ARG(source)), STR_NULL);
    return true;
}

/* The router's user, or the local user that the address is. */
static bool take_uid(struct routing *r, struct mail_recipient *recipient)
{
    const struct option_account *user = &r->router->user;

    recipient->uid_set = user->set || user->expanded || r->user.found;
    if (user->expanded)
        return expand_account(r, user, false, recipient);
    recipient->uid = user->set ? user->id : r->user.uid;
    if (user->has_group || (!user->set && r->user.found)) {
        recipient->gid_set = true;
        recipient->gid = user->has_group ? user->group : r->user.gid;
    }
    return true;
}

bool routing_take_user(struct routing *r, struct mail_recipient *recipient)
{
    const struct option_account *group = &r->router->group;

    recipient->gid_set = false;
    recipient->initgroups = r->router->initgroups;
    if (!take_uid(r, recipient))
        return false;
    if (group->expanded) {
        recipient->gid_set = true;
        return expand_account(r, group, true, recipient);
    }
    if (group->set) {
        recipient->gid_set = true;
        recipient->gid = group->id;
    }
    return true;
}

/* --- All of it */

/* The transport's list of hosts, when the one that it is given is used up. */
static struct mail_host *copy_hosts(struct routing *r, const struct mail_host *hosts)
{
    struct mail_host *first = NULL, **last = &first;

    for (; hosts; hosts = hosts->next, last = &(*last)->next) {
        *last = ARENA_NEW(r->arena, struct mail_host);
        **last = *hosts;
        (*last)->next = NULL;
    }
    return first;
}

enum router_verdict routing_accept(struct routing *r, const struct transport_instance *transport,
                                   struct mail_host *hosts)
{
    struct mail_recipient *recipient = r->recipient;

    if (!routing_take_properties(r))
        return ROUTER_DEFER;
    if (!transport && r->router->transport &&
        !(transport = routing_transport(r, r->router->transport, "transport")))
        return ROUTER_DEFER;
    recipient->transport = transport;
    recipient->hosts = hosts;
    recipient->home_directory = r->user.found ? r->user.home : r->home;
    if (!transport)
        return ROUTER_ACCEPT;
    if (!routing_is_local(transport)) {
        recipient->fallback_hosts = copy_hosts(r, r->router->fallback);
        return ROUTER_ACCEPT;
    }
    return routing_take_user(r, recipient) ? ROUTER_ACCEPT : ROUTER_DEFER;
}
