/* From the items of a redirect router's list to addresses and deliveries: see redirect_children.h. */
#include "routers/redirect_children.h"

#include "base/buffer.h"

/* --- Files and pipes */

static void defer_child(struct mail_recipient *child, int error, struct str message)
{
    child->result = MAIL_DEFER;
    child->error = error;
    child->message = message;
}

static const struct template *transport_option(const struct redirect_config *config, enum mail_target target,
                                               struct str text, const char **name)
{
    if (target == TARGET_PIPE) {
        *name = "pipe_transport";
        return config->pipe_transport;
    }
    if (str_ends(text, "/")) {
        *name = "directory_transport";
        return config->directory_transport;
    }
    *name = "file_transport";
    return config->file_transport;
}

/* Finds the transport. What is wrong is the child's concern, not that of the address at hand. */
static void give_transport(struct routing *r, const struct redirect_config *config, struct mail_recipient *child)
{
    struct mail_recipient *recipient = r->recipient;
    struct mail_recipient kept = *recipient;
    const char *name;
    const struct template *option = transport_option(config, child->target, child->address, &name);

    if (!option) {
        defer_child(child, DELIVERY_NO_TRANSPORT,
                    str_printf(r->arena, "%s unset in %.*s router", name, STR_ARG(r->router->instance.name)));
        return;
    }
    child->transport = routing_transport(r, option, "transport");
    if (!child->transport)
        defer_child(child, recipient->error, recipient->message);
    *recipient = kept;
}

/* A delivery to a file or a pipe. */
static bool add_delivery(struct routing *r, const struct redirect_config *config, const struct redirect_item *item)
{
    bool pipe = item->target == TARGET_PIPE;
    struct mail_recipient *child = routing_add_child(r, item->text, item->target), *recipient = r->recipient;

    child->router = r->router;
    child->local_part = recipient->local_part;
    child->caseful_local_part = recipient->caseful_local_part;
    child->lower_local_part = recipient->lower_local_part;
    child->prefix = recipient->prefix;
    child->prefix_v = recipient->prefix_v;
    child->suffix = recipient->suffix;
    child->suffix_v = recipient->suffix_v;
    child->domain = recipient->domain;
    child->home_directory = r->user.found ? r->user.home : r->home;
    child->local_user_uid = recipient->local_user_uid;
    child->local_user_gid = recipient->local_user_gid;
    child->hidden = config->hide_child_in_errmsg;
    if (pipe ? config->forbid_pipe : config->forbid_file)
        defer_child(child, DELIVERY_FORBIDDEN, pipe ? STR("delivery to pipe forbidden") : STR("delivery to file forbidden"));
    give_transport(r, config, child);
    return routing_take_user(r, child);
}

/* --- Addresses */

/* An address that the one at hand comes from is replaced by the one at hand (manual: check_ancestor). */
static struct str replace_ancestor(struct routing *r, struct str address)
{
    for (const struct mail_recipient *a = r->recipient; a; a = a->parent)
        if (str_eq_nocase(address, a->address)) {
            debug(DEBUG_route, "generated parent replaced by child");
            return r->recipient->address;
        }
    return address;
}

static void add_address(struct routing *r, const struct redirect_config *config, struct str address)
{
    struct mail_recipient *child;

    if (config->check_ancestor)
        address = replace_ancestor(r, address);
    if (config->rewrite)
        address = routing_rewrite_child(r, address);
    child = routing_add_child(r, address, TARGET_ADDRESS);
    child->hidden = config->hide_child_in_errmsg;
    child->one_time = config->one_time;
    /* The redirection is what a success of the delivery is reported for, if that is wanted (RFC 3461, 5.2.7). */
    child->dsn_flags &= ~(unsigned)DSN_SUCCESS;
    child->dsn_orcpt = STR_NULL;
}

enum router_verdict redirect_add_children(struct routing *r, const struct redirect_config *config,
                                          const struct redirect_item *items)
{
    if (!routing_take_properties(r))
        return ROUTER_DEFER;
    for (; items; items = items->next)
        if (items->target == TARGET_ADDRESS)
            add_address(r, config, items->text);
        else if (!add_delivery(r, config, items))
            return ROUTER_DEFER;
    return ROUTER_ACCEPT;
}

/* --- Telling about errors */

void redirect_report_faults(struct routing *r, const struct redirect_config *config,
                            const struct redirect_result *list)
{
    struct error err = ERROR_IN(r->arena);
    struct buffer b = BUFFER_IN(r->arena);
    struct str to, text;

    if (!r->send || r->purpose != ROUTING_DELIVERY || str_is_null(config->syntax_errors_to))
        return;
    if (expand_string(r->scope, config->syntax_errors_to, r->arena, &to, &err) != EXPAND_OK) {
        log_write(LOG_MAIN, "%.*s router: failed to expand syntax_errors_to: %.*s", STR_ARG(r->router->instance.name),
                  STR_ARG(err.text));
        return;
    }
    buffer_printf(&b, "Auto-Submitted: auto-replied\nFrom: Mail Delivery System <Mailer-Daemon@%.*s>\nTo: %.*s\n"
                      "Subject: error(s) in forwarding or filtering\n\n",
                  STR_ARG(r->scope->process->qualify_domain), STR_ARG(to));
    if (config->syntax_errors_text &&
        expand(r->scope, config->syntax_errors_text, r->arena, &text, &err) == EXPAND_OK) {
        buffer_add(&b, text);
        buffer_add_cstr(&b, "\n\n");
    }
    buffer_printf(&b, "The %.*s router encountered the following error(s):\n\n", STR_ARG(r->router->instance.name));
    for (const struct redirect_fault *fault = list->faults; fault; fault = fault->next)
        buffer_printf(&b, "  %.*s in the address\n  \"%.*s\"\n\n", STR_ARG(fault->why), STR_ARG(fault->item));
    buffer_add_cstr(&b, list->kind == REDIRECT_NOTHING ? "No valid addresses were generated.\n"
                                                        : "Other addresses were processed normally.\n");
    r->send(r->send_ctx, to, buffer_str(&b));
}
