/* Delivering for a mail program that wants to know at once (manual, chapter 52: mua_wrapper): to all recipients in one
 * transaction, or to none. Nothing waits, nothing bounces: see job.h. */
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "queue/process.h"

/* --- What keeps the message from being sent at all */

static bool refuse_routing(struct job *job, const struct mail_recipient *r, const char *kind)
{
    fprintf(stderr, "routing %.*s yielded a %s delivery%s%.*s\n", STR_ARG(r->address), kind,
            str_is_empty(r->message) ? "" : ": ", STR_ARG(r->message));
    if (r->result != MAIL_FAIL) /* which is in the log already */
        job_log(job, str_printf(job->arena, "** %.*s routing yielded a %s delivery", STR_ARG(r->address), kind));
    return false;
}

static bool is_routed(struct job *job)
{
    if (job->local.first)
        return refuse_routing(job, job->local.first, "local");
    if (job->deferred.first)
        return refuse_routing(job, job->deferred.first, "deferred");
    if (job->failed.first)
        return refuse_routing(job, job->failed.first, "failed");
    return true;
}

/* --- Sending it */

static const struct mail_recipient *first_failure(const struct mail_recipient *r)
{
    while (r && r->result == MAIL_OK)
        r = r->next;
    return r;
}

/* One has failed, so all have. */
static bool fail_all(struct job *job, struct mail_recipient *first)
{
    const struct mail_recipient failure = *first_failure(first);
    struct buffer text = BUFFER_IN(job->arena);

    if (failure.host_used)
        buffer_printf(&text, "H=%.*s [%.*s]: ", STR_ARG(failure.host_used->name), STR_ARG(failure.host_used->address));
    if (!str_is_empty(failure.message))
        buffer_add(&text, failure.message);
    else
        buffer_add_cstr(&text, failure.error > 0 ? strerror(failure.error) : "unknown error");
    fprintf(stderr, "Delivery failed: %.*s\n", STR_ARG(buffer_str(&text)));
    for (struct mail_recipient *r = first; r; r = r->next) {
        r->result = MAIL_FAIL;
        r->error = failure.error;
        r->more_error = failure.more_error;
        r->message = failure.message;
        r->host_used = failure.host_used;
    }
    job_settle_all(job, first);
    return false;
}

static bool send_all(struct job *job, struct mail_recipient *first)
{
    struct delivery_process process;

    if (delivery_process_start(job, first, &process))
        while (delivery_process_read(job, &process))
            continue;
    if (first_failure(first))
        return fail_all(job, first);
    job_settle_all(job, first);
    return true;
}

bool job_deliver_together(struct job *job)
{
    struct mail_recipient *first = NULL;
    bool sent = true;

    job_route(job);
    if (!is_routed(job)) {
        sent = false;
    } else if (job->remote.n > 0) {
        first = group_take(job, &job->remote);
        if (job->remote.n > 0) {
            job_log(job, STR("** mua_wrapper is set but recipients cannot all be delivered in one transaction"));
            fputs("delivery to smarthost failed (configuration problem)\n", stderr);
            sent = false;
        } else {
            sent = send_all(job, first);
        }
    }
    job_complete(job);
    return sent;
}
