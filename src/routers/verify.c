/* Verifying addresses with the routers (manual, 44.33): for ACLs, VRFY, errors_to. */
#include "routers/verify.h"

#include "config/config.h"
#include "routers/verifying.h"

/* --- Following an address to its end */

/* The only child, when it is an address; NULL: there is none, or several. */
static struct mail_recipient *only_child(struct routing *r)
{
    struct mail_recipient *child = r->children;

    r->children = NULL;
    return child && !child->next && child->target == TARGET_ADDRESS ? child : NULL;
}

/* A router that accepts some addresses only to have them refused. */
static bool fails_by_option(const struct routing *r)
{
    const struct router_instance *router = r->recipient->router;

    return router && (r->purpose == ROUTING_VERIFY_RECIPIENT ? router->fail_verify_recipient
                      : r->purpose == ROUTING_VERIFY_SENDER  ? router->fail_verify_sender
                                                             : false);
}

static void refuse_by_option(struct routing *r, struct verified *verified)
{
    routing_say(r, ROUTER_FAIL, "%.*s router forced verify failure",
                STR_ARG(r->recipient->router->instance.name));
    verified->result = ROUTED_FAIL;
}

void verify_by_routing(struct routing *r, struct str address, bool follow, struct verified *verified)
{
    struct mail_recipient *child;

    *verified = (struct verified){.result = ROUTED};
    r->recipient = mail_recipient_new(r->arena, address);
    for (;;) {
        r->children = NULL;
        verified->recipient = r->recipient;
        verified->result = route_recipient(r);
        if (verified->result != ROUTED)
            return;
        if (fails_by_option(r)) {
            refuse_by_option(r, verified);
            return;
        }
        if (!r->children)
            return;
        verified->redirected = true;
        child = only_child(r);
        verified->one_child = child != NULL;
        if (!child || !follow)
            return;
        r->recipient = child;
    }
}

/* --- errors_to */

bool verify_errors_to(struct routing *r, struct str *address)
{
    struct routing inner = *r;
    struct scope *scope = r->scope;
    struct scope_address *shown = scope->address, own = {.host_port = 0};
    struct varset *variables = scope->routed_vars;
    struct str sender = STR("");
    struct verified verified;

    if (str_find(*address, '@') < 0)
        *address = str_join3(r->arena, *address, STR("@"), scope->process->qualify_domain);
    *address = routing_rewrite_child(r, *address);
    if (scope->message) {
        sender = scope->message->sender_address;
        scope->message->sender_address = STR("");
    }
    scope->address = &own;
    inner.purpose = ROUTING_VERIFY_RECIPIENT;
    verify_by_routing(&inner, *address, true, &verified);
    scope->address = shown;
    scope->routed_vars = variables;
    if (scope->message)
        scope->message->sender_address = sender;
    return verified.result == ROUTED || verified.result == ROUTED_DISCARDED;
}

/* --- For ACLs */

void routing_begin(struct routing *r, const struct config *config, struct scope *scope, struct arena *arena,
                   enum routing_purpose purpose)
{
    *r = (struct routing){
        .config = config,
        .routers = config_drivers(config, "routers"),
        .transports = config_drivers(config, "transports"),
        .purpose = purpose,
        .scope = scope,
        .arena = arena,
    };
}

/* What routing an address changes in the scope, to be put back. */
struct kept {
    struct scope_address *address;
    struct varset *variables;
    struct str sender, verify_mode;
    struct scope_acl *acl;
};

static void keep(struct scope *scope, struct kept *kept)
{
    *kept = (struct kept){.address = scope->address, .variables = scope->routed_vars, .acl = scope->acl};
    if (scope->message)
        kept->sender = scope->message->sender_address;
    if (scope->acl)
        kept->verify_mode = scope->acl->verify_mode;
}

static void put_back(struct scope *scope, const struct kept *kept)
{
    scope->address = kept->address;
    scope->routed_vars = kept->variables;
    if (scope->message)
        scope->message->sender_address = kept->sender;
    if (scope->acl)
        scope->acl->verify_mode = kept->verify_mode;
}

/* The sender does not count while it is itself verified. */
static void show_verification(struct scope *scope, const struct mail_verify *request, struct scope_address *own)
{
    scope->address = own;
    if (scope->message && request->sender)
        scope->message->sender_address = STR("");
    if (scope->acl)
        scope->acl->verify_mode = request->sender ? STR("S") : STR("R");
}

static enum mail_verify_result answer(const struct verified *verified, struct mail_verify *request)
{
    const struct mail_recipient *recipient = verified->recipient;

    request->address_data = recipient->properties.address_data;
    request->one_child = verified->one_child;
    switch (verified->result) {
    case ROUTED:
    case ROUTED_DISCARDED:
        return VERIFY_OK;
    case ROUTED_FAIL:
    case ROUTED_DEFER:
        break;
    }
    request->log_message = recipient->message;
    request->user_message = recipient->user_message;
    request->failure = STR("route");
    return verified->result == ROUTED_FAIL ? VERIFY_FAIL : VERIFY_DEFER;
}

/* There is nobody to be called for an address that was redirected to several, or discarded. */
static bool is_for_callout(const struct verified *verified, const struct mail_verify *request)
{
    return request->options.callout && verified->result == ROUTED && verified->recipient->transport &&
           (!verified->redirected || verified->one_child);
}

enum mail_verify_result router_verify(const struct config *config, struct scope *scope, struct mail_verify *request,
                                      router_callout *callout)
{
    enum mail_verify_result result;
    struct scope_address own = {.host_port = 0};
    struct routing r;
    struct verified verified;
    struct kept kept;
    struct str address;

    if (str_is_empty(request->address))
        return VERIFY_OK; /* the null sender */
    routing_begin(&r, config, scope, scope->arena,
                  request->sender ? ROUTING_VERIFY_SENDER : ROUTING_VERIFY_RECIPIENT);
    keep(scope, &kept);
    show_verification(scope, request, &own);
    address = router_rewrite(&r, request->address, request->sender);
    request->rewritten = str_eq(address, request->address) ? STR_NULL : address;
    verify_by_routing(&r, address, !request->options.success_on_redirect, &verified);
    result = answer(&verified, request);
    put_back(scope, &kept);
    if (result == VERIFY_OK && callout && is_for_callout(&verified, request))
        result = callout(config, scope, verified.recipient, request);
    return result;
}

bool router_expand(const struct config *config, struct scope *scope, struct str address,
                   void (*each)(void *each_ctx, struct str line), void *each_ctx, bool *defer, struct error *err)
{
    struct scope_address own = {.host_port = 0};
    struct mail_verify request = {.sender = false};
    struct routing r;
    struct verified verified;
    struct kept kept;

    routing_begin(&r, config, scope, scope->arena, ROUTING_EXPN);
    keep(scope, &kept);
    show_verification(scope, &request, &own);
    r.recipient = mail_recipient_new(r.arena, address);
    verified.result = route_recipient(&r);
    put_back(scope, &kept);
    *defer = verified.result == ROUTED_DEFER;
    if (verified.result == ROUTED_FAIL)
        return error_set(err, "%.*s is undeliverable", STR_ARG(address));
    if (*defer)
        return error_set(err, "%.*s cannot be resolved at this time", STR_ARG(address));
    if (!r.children)
        each(each_ctx, address);
    for (const struct mail_recipient *child = r.children; child; child = child->next)
        each(each_ctx, child->address);
    return true;
}
