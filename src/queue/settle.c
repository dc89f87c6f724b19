/* What becomes of a recipient whose result is known: see job.h. */
#include <string.h>

#include "base/log.h"
#include "queue/compose.h"
#include "queue/job.h"
#include "queue/retry.h"
#include "routers/generic.h"
#include "transports/event.h"

/* Neither router nor transport may be told not to log. */
static bool is_logged(const struct mail_recipient *r)
{
    return !(r->transport && r->transport->disable_logging) && !(r->router && r->router->disable_logging);
}

/* The line without its two-character flag, for the message's own log. */
static void add_to_message_log(struct job *job, struct str line)
{
    job_message_log(job, "%.*s", (int)(line.n - 3), line.s + 3);
}

void job_done(struct job *job, struct mail_recipient *r)
{
    struct mail_recipient *parent = r->parent;

    if (!parent || parent->pending == 0 || --parent->pending > 0)
        return;
    if (address_set_add(&job->message->delivered, parent->unique)) {
        job_message_log(job, "%.*s: children all complete", STR_ARG(parent->address));
        journal_add(job, parent);
    }
    job_done(job, parent);
}

/* The transport's event, of which the main section does not hear (manual, chapter 61). error: see $event_defer_errno. */
static void raise_event(struct job *job, const struct mail_recipient *r, const char *name, struct str data, int error)
{
    if (!r->transport || !r->transport->event_action)
        return;
    job_show(job, r);
    if (r->host_used) {
        job->scope_address.host = r->host_used->name;
        job->scope_address.host_address = r->host_used->address;
    }
    transport_event(r->transport, &job->scope, name, data, error);
}

/* The message of a recipient, and what its errno means. */
static struct str reason_of(const struct job *job, const struct mail_recipient *r)
{
    if (r->error <= 0)
        return r->message;
    if (str_is_empty(r->message))
        return str_of(strerror(r->error));
    return str_join3(job->arena, r->message, STR(": "), str_of(strerror(r->error)));
}

void job_raise_failure(struct job *job, const struct mail_recipient *r)
{
    if (r->transport) {
        raise_event(job, r, "msg:fail:delivery", r->message, 0);
    } else {
        job_show(job, r);
        job_event(job, "msg:fail:internal", r->message);
    }
}

static void log_blackhole(struct job *job, const struct mail_recipient *r)
{
    struct buffer line = BUFFER_IN(job->arena);

    buffer_add_cstr(&line, "=> :blackhole: <");
    buffer_add(&line, r->address);
    buffer_add_char(&line, '>');
    if (r->router) {
        buffer_add_cstr(&line, " R=");
        buffer_add(&line, r->router->instance.name);
    }
    log_write_str(LOG_MAIN, buffer_str(&line));
}

static void log_success(struct job *job, const struct mail_recipient *r, bool others)
{
    const struct mail_recipient *top = mail_recipient_top(r);

    if (!r->transport) {
        log_blackhole(job, r);
        return;
    }
    log_write_str(LOG_MAIN, delivery_line_success(job, r, others));
    if (top == r)
        job_message_log(job, "%.*s: %.*s transport succeeded", STR_ARG(r->address), STR_ARG(r->transport->instance.name));
    else
        job_message_log(job, "%.*s <%.*s>: %.*s transport succeeded", STR_ARG(r->address), STR_ARG(top->address),
                        STR_ARG(r->transport->instance.name));
}

static void succeeded(struct job *job, struct mail_recipient *r, bool others)
{
    /* Processes that deliver have noted this already. */
    if (address_set_add(&job->message->delivered, r->unique) && !r->transport)
        journal_add(job, r);
    if (is_logged(r))
        log_success(job, r, others);
    raise_event(job, r, "msg:delivery", r->confirmation, 0);
    recipients_add(&job->succeeded, r);
    job_done(job, r);
}

static void failed(struct job *job, struct mail_recipient *r)
{
    struct str line = delivery_line_failure(job, r);

    if (r->special) {
        job->freeze = true;
        job->freeze_reason = STR("");
    }
    job_raise_failure(job, r);
    if (is_logged(r)) {
        log_write_str(LOG_MAIN, line);
        if (!r->router && !r->transport)
            job_message_log(job, "routing failed for %.*s", (int)(line.n - 3), line.s + 3);
        else
            add_to_message_log(job, line);
    }
    r->next = job->failed.first;
    job->failed.first = r;
    job->failed.n++;
}

/* A message of which the retry time has not come is only of interest at first. */
static bool is_defer_logged(const struct mail_recipient *r)
{
    return !delivery_was_waiting(r->error) || log_selected(LOG_SEL_retry_defer);
}

static void deferred(struct job *job, struct mail_recipient *r)
{
    struct str line = delivery_line_defer(job, r);

    if (r->special) {
        job->freeze = true;
        job->freeze_reason = STR("");
    }
    if (r->error != DELIVERY_RCPT_4XX) /* of which the transport has told */
        raise_event(job, r, "msg:defer", reason_of(job, r), r->error);
    if (is_logged(r) && is_defer_logged(r)) {
        log_write_str(LOG_MAIN | (r->result == MAIL_PANIC ? LOG_PANIC : 0), line);
        if (job->message->first_delivery || !delivery_was_waiting(r->error))
            add_to_message_log(job, line);
    }
    recipients_add(&job->deferred, r);
}

/* What the transport wants to be sent: the process of the delivery may not write to the spool. */
static void submit(struct job *job, struct mail_recipient *r)
{
    struct error err = ERROR_IN(job->arena);

    if (r->result == MAIL_OK && !str_is_empty(r->submission) && !compose_text(job, r->submission, STR_NULL, &err))
        log_write(LOG_MAIN | LOG_PANIC, "%.*s transport: message not sent: %.*s",
                  STR_ARG(r->transport->instance.name), STR_ARG(err.text));
}

void job_settle(struct job *job, struct mail_recipient *r, bool others)
{
    submit(job, r);
    if (r->result == MAIL_OK || r->result == MAIL_FAIL)
        retry_delivered(job, r);
    switch (r->result) {
    case MAIL_OK:
        succeeded(job, r, others);
        break;
    case MAIL_FAIL:
        failed(job, r);
        break;
    case MAIL_PENDING:
    case MAIL_DEFER:
    case MAIL_PANIC:
        deferred(job, r);
        break;
    }
}

void job_settle_all(struct job *job, struct mail_recipient *first)
{
    struct mail_recipient *next;
    bool others = false;

    for (struct mail_recipient *r = first; r; r = next) {
        bool delivered = r->result == MAIL_OK;

        next = r->next;
        job_settle(job, r, others);
        others |= delivered;
    }
}
