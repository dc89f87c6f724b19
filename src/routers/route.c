/* Routing an address: it is offered to one router after another until one handles it (manual, 3.10). */
#include <stdarg.h>

#include "base/buffer.h"
#include "routers/redirect.h"
#include "routers/routing.h"

/* --- What drivers say */

enum router_verdict routing_say_str(struct routing *r, enum router_verdict verdict, struct str text)
{
    if (r->recipient->error == 0)
        r->recipient->error = DELIVERY_UNKNOWN;
    r->recipient->message = text;
    return verdict;
}

enum router_verdict routing_say(struct routing *r, enum router_verdict verdict, const char *format, ...)
{
    struct buffer text = BUFFER_IN(r->arena);
    va_list args;

    va_start(args, format);
    buffer_vprintf(&text, format, args);
    va_end(args);
    return routing_say_str(r, verdict, buffer_str(&text));
}

struct mail_recipient *routing_add_child(struct routing *r, struct str address, enum mail_target target)
{
    struct mail_recipient *child = mail_recipient_child(r->arena, r->recipient, address, target);
    struct mail_recipient **last = &r->children;

    while (*last)
        last = &(*last)->next;
    child->start_router = r->router->children_from;
    *last = child;
    return child;
}

/* --- What expansions see */

static struct str id_text(struct routing *r, bool set, unsigned long id)
{
    return set ? str_printf(r->arena, "%lu", id) : STR_NULL;
}

/* With its prefix and suffix. */
static struct str whole_local_part(const struct mail_recipient *recipient)
{
    return recipient->router && recipient->router->caseful_local_part ? recipient->caseful_local_part
                                                                      : recipient->lower_local_part;
}

static void show_ancestors(const struct routing *r, struct scope_address *shown)
{
    const struct mail_recipient *recipient = r->recipient, *parent = recipient->parent;
    const struct mail_recipient *top = mail_recipient_top(recipient);

    shown->original_local_part = whole_local_part(top);
    shown->original_domain = top->domain;
    shown->parent_local_part = parent ? whole_local_part(parent) : STR_NULL;
    shown->parent_domain = parent ? parent->domain : STR_NULL;
}

void routing_show(struct routing *r)
{
    const struct mail_recipient *recipient = r->recipient;
    const struct mail_properties *properties = &recipient->properties;
    struct scope_address *shown = r->scope->address;

    *shown = (struct scope_address){
        .local_part = recipient->local_part,
        .domain = recipient->domain,
        .local_part_data = properties->local_part_data,
        .domain_data = properties->domain_data,
        .local_part_prefix = recipient->prefix,
        .local_part_suffix = recipient->suffix,
        .local_part_prefix_v = recipient->prefix_v,
        .local_part_suffix_v = recipient->suffix_v,
        .address_data = properties->address_data,
        .home = r->home,
        .local_user_uid = id_text(r, r->user.found, r->user.uid),
        .local_user_gid = id_text(r, r->user.found, r->user.gid),
        .router_name = r->router ? r->router->instance.name : STR_NULL,
        .self_hostname = recipient->self_hostname,
        .recipient_data = shown->recipient_data,
        .sender_data = shown->sender_data,
    };
    show_ancestors(r, shown);
    r->scope->routed_vars = properties->router_vars;
}

/* --- Loops (manual, 22.5 and 22.10: repeat_use) */

static bool uses_once(const struct router_instance *router)
{
    return str_is(str_of(router->instance.driver->name), "redirect") &&
           !((const struct redirect_config *)router->instance.config)->repeat_use;
}

/* Whether this router had the same address, or with repeat_use = false any ancestor, before. */
static bool was_here(const struct routing *r)
{
    const struct mail_recipient *recipient = r->recipient;
    bool once = uses_once(r->router);

    for (const struct mail_recipient *a = recipient->parent; a; a = a->parent)
        if (a->router == r->router &&
            (once || (str_eq(a->domain, recipient->domain) &&
                      str_eq(r->router->caseful_local_part ? a->caseful_local_part : a->lower_local_part,
                             r->router->caseful_local_part ? recipient->caseful_local_part
                                                           : recipient->lower_local_part))))
            return true;
    return false;
}

/* --- set, address_data */

/* Adds to the address's variables: those of its ancestors stay as they are. */
static struct varset *copy_variables(struct routing *r)
{
    struct varset *copy = ARENA_NEW(r->arena, struct varset);

    copy->arena = r->arena;
    if (r->recipient->properties.router_vars)
        copy->first = r->recipient->properties.router_vars->first;
    return copy;
}

static bool bad_variable(struct routing *r, struct str name)
{
    struct str text = str_printf(r->arena, "bad router variable name '%.*s' in router '%.*s'", STR_ARG(name),
                                 STR_ARG(r->router->instance.name));

    log_write_str(LOG_MAIN | LOG_PANIC, text);
    routing_say_str(r, ROUTER_DEFER, text);
    return false;
}

static bool set_variables(struct routing *r)
{
    struct error err = ERROR_IN(r->arena);
    struct str value;

    if (r->router->variable_count == 0)
        return true;
    r->recipient->properties.router_vars = r->scope->routed_vars = copy_variables(r);
    for (size_t i = 0; i < r->router->variable_count; i++) {
        const struct router_variable *variable = &r->router->variables[i];

        if (!variable->value)
            return bad_variable(r, variable->name);
        switch (expand(r->scope, variable->value, r->arena, &value, &err)) {
        case EXPAND_OK:
            varset_push(r->scope->routed_vars, variable->name, value);
            break;
        case EXPAND_FORCED:
            break;
        case EXPAND_FAILED:
        case EXPAND_DEFER:
            routing_say(r, ROUTER_DEFER, "expansion of \"%.*s\" failed in %.*s router: %.*s",
                        STR_ARG(template_source(variable->value)), STR_ARG(r->router->instance.name),
                        STR_ARG(err.text));
            return false;
        }
    }
    return true;
}

/* ROUTER_ACCEPT: go on; ROUTER_DECLINE: its expansion was forced to fail. */
static enum router_verdict set_address_data(struct routing *r)
{
    struct error err = ERROR_IN(r->arena);
    const struct template *option = r->router->address_data;
    struct str value;

    if (!option)
        return ROUTER_ACCEPT;
    switch (expand(r->scope, option, r->arena, &value, &err)) {
    case EXPAND_OK:
        r->recipient->properties.address_data = value;
        routing_show(r);
        return ROUTER_ACCEPT;
    case EXPAND_FORCED:
        return ROUTER_DECLINE;
    case EXPAND_FAILED:
    case EXPAND_DEFER:
        break;
    }
    return routing_say(r, ROUTER_DEFER, "expansion of \"%.*s\" failed in %.*s router: %.*s",
                       STR_ARG(template_source(option)), STR_ARG(r->router->instance.name), STR_ARG(err.text));
}

/* --- more, unseen */

/* False: said why. */
static bool decide_bool(struct routing *r, const struct option_bool *option, const char *name, bool usual,
                        bool *value)
{
    struct error err = ERROR_IN(r->arena);
    struct str text;

    *value = option->value;
    if (!option->expanded)
        return true;
    switch (expand(r->scope, option->expanded, r->arena, &text, &err)) {
    case EXPAND_OK:
        *value = str_is_nocase(text, "true") || str_is_nocase(text, "yes");
        if (*value || str_is_nocase(text, "false") || str_is_nocase(text, "no"))
            return true;
        routing_say(r, ROUTER_DEFER, "\"%.*s\" is not a valid value for the \"%s\" option in the %.*s router",
                    STR_ARG(text), name, STR_ARG(r->router->instance.name));
        return false;
    case EXPAND_FORCED:
        *value = usual;
        return true;
    case EXPAND_FAILED:
    case EXPAND_DEFER:
        break;
    }
    routing_say(r, ROUTER_DEFER, "failed to expand \"%.*s\" in %.*s router: %.*s",
                STR_ARG(template_source(option->expanded)), STR_ARG(r->router->instance.name), STR_ARG(err.text));
    return false;
}

/* The address that was accepted becomes a child of itself, and so does a copy, which the routers behind take
 * further, if there are any. The copy is no duplicate of it. */
static void add_unseen_copy(struct routing *r, const struct mail_properties *before)
{
    struct mail_recipient *recipient = r->recipient, *parent, *copy;

    if (!router_next(r->router))
        return;
    parent = ARENA_NEW(r->arena, struct mail_recipient);
    *parent = *recipient;
    parent->next = NULL;
    recipient->parent = parent;
    copy = mail_recipient_child(r->arena, parent, recipient->address, TARGET_ADDRESS);
    copy->unique = str_join3(r->arena, STR("\\"), str_join(r->arena, r->router->instance.name, STR("\\")),
                             recipient->unique);
    copy->properties = recipient->properties;
    copy->properties.headers_add = copy->properties.headers_remove = STR_NULL;
    copy->properties.errors_address = before->errors_address;
    copy->start_router = router_next(r->router);
    copy->next = r->children;
    r->children = copy;
}

/* --- The routers, one by one */

static void begin_router(struct routing *r, const struct router_instance *router)
{
    struct mail_recipient *recipient = r->recipient;

    debug(DEBUG_route, "--------> %.*s router <--------\nlocal_part=%.*s domain=%.*s", STR_ARG(router->instance.name),
          STR_ARG(recipient->local_part), STR_ARG(recipient->domain));
    r->router = recipient->router = router;
    r->user = (struct routing_user){.found = false};
    r->home = STR_NULL;
    recipient->local_user_uid = (uid_t)-1;
    recipient->local_user_gid = (gid_t)-1;
    recipient->properties.domain_data = recipient->properties.local_part_data = STR_NULL;
}

/* Runs the router at hand. ROUTER_PASS with *skipped: its preconditions do not hold. */
static enum router_verdict run_router(struct routing *r, bool *skipped)
{
    enum router_verdict verdict;

    *skipped = true;
    if (was_here(r)) {
        debug(DEBUG_route, "%.*s router skipped: previously routed %.*s", STR_ARG(r->router->instance.name),
              STR_ARG(r->recipient->address));
        return ROUTER_PASS;
    }
    if (!routing_take_affixes(r))
        return ROUTER_PASS;
    routing_show(r);
    switch (routing_preconditions(r)) {
    case PRECONDITION_SKIPS:
        return ROUTER_PASS;
    case PRECONDITION_DEFERS:
        return ROUTER_DEFER;
    case PRECONDITION_HOLDS:
        break;
    }
    *skipped = false;
    routing_show(r);
    if (!set_variables(r))
        return ROUTER_DEFER;
    verdict = set_address_data(r);
    if (verdict != ROUTER_ACCEPT)
        return verdict;
    debug(DEBUG_route, "calling %.*s router", STR_ARG(r->router->instance.name));
    return ((const struct router_driver *)r->router->instance.driver)->route(r, r->router);
}

static void trace_verdict(const struct routing *r, enum router_verdict verdict)
{
    static const char *const texts[] = {
        [ROUTER_ACCEPT] = "routed by", [ROUTER_DECLINE] = "declined by", [ROUTER_PASS] = "passed by",
        [ROUTER_FAIL] = "failed by",   [ROUTER_DEFER] = "deferred by",   [ROUTER_DISCARD] = "discarded by",
    };

    debug(DEBUG_route, "%s %.*s router", texts[verdict], STR_ARG(r->router->instance.name));
}

/* Nobody wanted it. The last router that saw it may have a text for that. */
static enum routing_result unrouteable(struct routing *r, const struct router_instance *last)
{
    struct error err = ERROR_IN(r->arena);
    struct str text = STR_NULL;

    if (str_is_null(r->recipient->message) && last && last->cannot_route_message) {
        enum expand_status status = expand(r->scope, last->cannot_route_message, r->arena, &text, &err);

        if (status == EXPAND_FAILED || status == EXPAND_DEFER)
            log_write(LOG_MAIN | LOG_PANIC, "failed to expand \"%.*s\" (cannot_route_message in %.*s router): %.*s",
                      STR_ARG(template_source(last->cannot_route_message)), STR_ARG(last->instance.name),
                      STR_ARG(err.text));
        if (status != EXPAND_OK)
            text = STR_NULL;
    }
    /* A router that declined may have said why; that need not be for the client. */
    if (str_is_null(r->recipient->message))
        r->recipient->message = r->recipient->user_message = str_is_null(text) ? STR("Unrouteable address") : text;
    r->recipient->router = NULL;
    debug(DEBUG_route, "no more routers");
    return ROUTED_FAIL;
}

/* The address is taken: what unseen makes of that. */
static enum routing_result taken(struct routing *r, enum routing_result result, const struct mail_properties *before)
{
    bool unseen;

    if (!decide_bool(r, &r->router->unseen, "unseen", false, &unseen)) {
        r->recipient->transport = NULL;
        return ROUTED_DEFER;
    }
    if (unseen)
        add_unseen_copy(r, before);
    return result;
}

static enum routing_result route_from(struct routing *r, const struct router_instance *router)
{
    const struct router_instance *last = NULL, *next;
    struct mail_properties before;
    bool skipped, more;

    for (; router; router = next) {
        enum router_verdict verdict;

        next = router_next(router);
        last = router;
        begin_router(r, router);
        before = r->recipient->properties;
        verdict = run_router(r, &skipped);
        if (skipped && verdict == ROUTER_PASS)
            continue;
        trace_verdict(r, verdict);
        switch (verdict) {
        case ROUTER_ACCEPT:
            return taken(r, ROUTED, &before);
        case ROUTER_DISCARD:
            return taken(r, ROUTED_DISCARDED, &before);
        case ROUTER_FAIL:
            return ROUTED_FAIL;
        case ROUTER_DEFER:
            return ROUTED_DEFER;
        case ROUTER_PASS:
            next = router->pass_to;
            break;
        case ROUTER_DECLINE:
            if (!decide_bool(r, &router->more, "more", true, &more))
                return ROUTED_DEFER;
            if (!more)
                next = NULL;
            break;
        }
    }
    return unrouteable(r, last);
}

enum routing_result route_recipient(struct routing *r)
{
    struct mail_recipient *recipient = r->recipient;
    const struct router_instance *first = (const struct router_instance *)r->routers;

    debug(DEBUG_route, "routing %.*s", STR_ARG(recipient->address));
    recipient->error = 0;
    recipient->message = recipient->user_message = STR_NULL;
    r->router = NULL;
    r->children = NULL;
    if (routing_undo_percent_hack(r))
        return ROUTED;
    if (recipient->start_router)
        first = recipient->start_router;
    return route_from(r, first);
}
