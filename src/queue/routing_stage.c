/* Routing what is to be delivered: see job.h. */
#include "base/log.h"
#include "queue/compose.h"
#include "queue/job.h"
#include "queue/retry.h"
#include "routers/generic.h"
#include "routers/router.h"

/* Each generation of addresses is routed from its end, and its deliveries are put in front, so that in the end
 * they stand in the order of the envelope, as in Exim's log. */
static void push(struct recipient_list *list, struct mail_recipient *r)
{
    r->next = list->first;
    list->first = r;
    if (!r->next)
        list->last = &r->next;
    list->n++;
}

static struct mail_recipient *pop(struct recipient_list *list)
{
    struct mail_recipient *r = list->first;

    list->first = r->next;
    if (!list->first)
        list->last = &list->first;
    list->n--;
    r->next = NULL;
    return r;
}

static void to_deliver(struct job *job, struct mail_recipient *r)
{
    push(((const struct transport_driver *)r->transport->instance.driver)->local ? &job->local : &job->remote, r);
}

/* Files, pipes and replies are not routed; their keys name the address that they come from. */
static void take_child(struct job *job, struct mail_recipient *child, struct recipient_list *next)
{
    if (child->parent)
        child->parent->pending++;
    if (child->target == TARGET_ADDRESS) {
        push(next, child);
        return;
    }
    if (child->parent)
        child->unique = str_join3(job->arena, child->address, STR(":"), child->parent->address);
    if (address_set_has(&job->message->delivered, child->unique))
        job_done(job, child);
    else if (child->result != MAIL_PENDING || !child->transport)
        job_settle(job, child, false);
    else
        to_deliver(job, child);
}

/* Already delivered, or the same address again. */
static bool is_done_with(struct job *job, struct mail_recipient *r)
{
    if (address_set_has(&job->message->delivered, r->unique)) {
        debug(DEBUG_deliver, "%.*s was delivered to before\n", STR_ARG(r->unique));
        job_done(job, r);
        return true;
    }
    if (address_set_add(&job->seen, r->unique))
        return false;
    debug(DEBUG_deliver, "%.*s is a duplicate\n", STR_ARG(r->unique));
    r->duplicate = true;
    job_done(job, r);
    return true;
}

/* A router with `unseen` took it: what it made of the address, and a copy that goes on, are now children of the
 * address. Their keys have to differ from its own. */
static void settle_unseen(struct job *job, struct mail_recipient *r, struct mail_recipient *before,
                          struct mail_recipient *children)
{
    if (r->parent == before)
        return;
    r->parent->pending = 1;
    r->unique = str_join(job->arena, str_printf(job->arena, "\\%.*s\\", STR_ARG(r->router->instance.name)), r->unique);
    for (struct mail_recipient *child = children; child; child = child->next)
        if (child->parent == r->parent)
            child->unique = str_join(
                job->arena, str_printf(job->arena, "\\>%.*s\\", STR_ARG(r->router->instance.name)), child->unique);
}

static void settle_routing(struct job *job, struct mail_recipient *r, enum routing_result result,
                           struct mail_recipient *children, struct recipient_list *next)
{
    struct mail_recipient *following;

    for (struct mail_recipient *child = children; child; child = following) {
        following = child->next;
        take_child(job, child, next);
    }
    switch (result) {
    case ROUTED:
        if (r->transport && !address_set_has(&job->message->delivered, r->unique))
            to_deliver(job, r);
        else if (r->transport || r->pending == 0)
            job_done(job, r);
        return;
    case ROUTED_DISCARDED:
        r->result = MAIL_OK;
        break;
    case ROUTED_FAIL:
        r->result = MAIL_FAIL;
        break;
    case ROUTED_DEFER:
        r->result = MAIL_DEFER;
        r->error = r->error == 0 ? DELIVERY_UNKNOWN : r->error;
        break;
    }
    job_settle(job, r, false);
}

/* syntax_errors_to of redirect routers. */
static void send(void *ctx, struct str address, struct str text)
{
    struct job *job = ctx;
    struct error err = ERROR_IN(job->arena);

    if (!compose_text(job, text, address, &err))
        log_write(LOG_MAIN | LOG_PANIC, "message about errors in redirection not sent: %.*s", STR_ARG(err.text));
}

static bool in_list(struct job *job, const struct list *list, struct str domain)
{
    struct error err = ERROR_IN(job->arena);

    return list && list_match(&job->scope, list, domain, NULL, &err) == MATCH_YES;
}

/* Domains that the options keep from being routed now. */
static bool is_held(struct job *job, struct mail_recipient *r)
{
    const struct main_options *o = job->queue->options;

    if (job->request->forced)
        return false;
    if (in_list(job, o->hold_domains, r->domain))
        r->message = STR("domain is held");
    else if (!job->request->in_queue_run && in_list(job, o->queue_domains, r->domain))
        r->message = STR("domain is in queue_domains");
    else
        return false;
    r->result = MAIL_DEFER;
    r->error = DELIVERY_HELD;
    return true;
}

static void route_one(struct job *job, struct mail_recipient *r, struct recipient_list *next)
{
    struct mail_recipient *parent = r->parent;
    struct routing routing = {
        .config = job->queue->config,
        .routers = config_drivers(job->queue->config, "routers"),
        .transports = config_drivers(job->queue->config, "transports"),
        .purpose = ROUTING_DELIVERY,
        .scope = &job->scope,
        .arena = job->arena,
        .recipient = r,
        .message = job->message,
        .in_queue_run = job->request->in_queue_run,
        .send = send,
        .send_ctx = job,
    };
    enum routing_result result;

    if (is_done_with(job, r))
        return;
    if (is_held(job, r) || !retry_may_route(job, r)) {
        job_settle(job, r, false);
        return;
    }
    job_show(job, r);
    result = route_recipient(&routing);
    if (result != ROUTED_DEFER)
        retry_routed(job, r);
    settle_unseen(job, r, parent, routing.children);
    settle_routing(job, r, result, routing.children, next);
}

void job_route(struct job *job)
{
    struct recipient_list current = job->todo;

    recipients_init(&job->todo);
    while (current.n > 0) {
        struct recipient_list next;

        recipients_init(&next);
        while (current.n > 0)
            route_one(job, pop(&current), &next);
        current = next;
    }
}
