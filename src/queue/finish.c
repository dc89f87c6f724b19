/* The end of an attempt: see job.h. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "expand/expand.h"
#include "queue/bounce.h"
#include "queue/compose.h"
#include "queue/envelope.h"
#include "queue/retry.h"

/* --- Events of the main option (manual, chapter 61) */

void job_event(struct job *job, const char *name, struct str data)
{
    const struct scope_event event = {.name = str_of(name), .data = data};
    const struct template *action = job->queue->options->event_action;
    struct error err = ERROR_IN(job->arena);
    struct str result;

    if (!action)
        return;
    job->scope.event = &event;
    if (expand(&job->scope, action, job->arena, &result, &err) == EXPAND_FAILED)
        log_write(LOG_MAIN | LOG_PANIC, "failed to expand event_action %s: %.*s", name, STR_ARG(err.text));
    job->scope.event = NULL;
}

/* --- Addresses that have been tried for long enough */

static void push_failed(struct job *job, struct mail_recipient *r)
{
    r->next = job->failed.first;
    job->failed.first = r;
    job->failed.n++;
}

/* The latest first, as Exim goes through them. */
static void time_out(struct job *job, struct mail_recipient *r, struct recipient_list *kept)
{
    struct mail_recipient *next = r->next;

    if (next)
        time_out(job, next, kept);
    if (!retry_note(job, r)) {
        r->next = kept->first;
        kept->first = r;
        kept->n++;
        return;
    }
    r->result = MAIL_FAIL;
    r->timed_out = true;
    r->user_message = STR_NULL;
    r->message = str_is_empty(r->message) ? STR("retry timeout exceeded")
                                          : str_join(job->arena, r->message, STR(": retry timeout exceeded"));
    r->pass_message = true;
    log_write(LOG_MAIN, "** %.*s: retry timeout exceeded", STR_ARG(r->address));
    job_raise_failure(job, r);
    push_failed(job, r);
}

static void update_retry(struct job *job)
{
    struct recipient_list kept;
    struct mail_recipient *next;

    recipients_init(&kept);
    if (job->deferred.first)
        time_out(job, job->deferred.first, &kept);
    recipients_init(&job->deferred);
    for (struct mail_recipient *r = kept.first; r; r = next) {
        next = r->next;
        recipients_add(&job->deferred, r);
    }
}

/* --- Failures */

static void mark_done(struct job *job, struct mail_recipient *r)
{
    if (address_set_add(&job->message->delivered, r->unique))
        journal_add(job, r);
    job_done(job, r);
}

static struct str bounce_address(const struct job *job, const struct mail_recipient *r)
{
    if (r->ignore_error)
        return STR("");
    return str_is_null(r->properties.errors_address) ? job->message->sender : r->properties.errors_address;
}

static bool is_old(const struct job *job, int limit)
{
    return job->now - job->message->received.tv_sec >= limit;
}

/* Nobody is to be told. True: that is all there is to be done; false: the message has to wait for a person, which is not
 * for those who were tried for long enough. */
static bool ignore(struct job *job, const struct mail_recipient *r)
{
    const struct main_options *o = job->queue->options;

    if (r->dsn_flags != 0 && !(r->dsn_flags & DSN_FAILURE)) {
        log_write(LOG_MAIN, "%.*s: error ignored: RFC 3461 DSN, failure notify not requested", STR_ARG(r->address));
        return true;
    }
    if (r->ignore_error || !str_is_empty(job->message->sender)) {
        log_write(LOG_MAIN, "%.*s: error ignored", STR_ARG(r->address));
        return true;
    }
    if (!r->timed_out && o->ignore_bounce_errors_after > 0 && !is_old(job, o->ignore_bounce_errors_after))
        return false;
    log_write(LOG_MAIN, "%.*s: error ignored", STR_ARG(r->address));
    return true;
}

/* Sorts out those of whom nobody is told; what is left is in the list, in its order. */
static void ignore_some(struct job *job)
{
    struct mail_recipient **link = &job->failed.first;

    while (*link) {
        struct mail_recipient *r = *link;
        bool tell = !str_is_empty(bounce_address(job, r)) && (r->dsn_flags == 0 || (r->dsn_flags & DSN_FAILURE));

        if (tell) {
            link = &r->next;
            continue;
        }
        *link = r->next;
        if (ignore(job, r)) {
            mark_done(job, r);
        } else {
            job->freeze = true;
            job->freeze_reason = STR(" (delivery error message)");
            recipients_add(&job->deferred, r);
        }
    }
}

/* One bounce for all failures that the same address is to be told of. */
static void bounce_all(struct job *job)
{
    while (job->failed.first) {
        struct str to = bounce_address(job, job->failed.first);
        struct mail_recipient *group = NULL, **end = &group, **link = &job->failed.first, *next;
        bool told;

        while (*link) {
            struct mail_recipient *r = *link;

            if (!str_eq(bounce_address(job, r), to)) {
                link = &r->next;
                continue;
            }
            *link = r->next;
            r->next = NULL;
            *end = r;
            end = &r->next;
        }
        told = bounce_send(job, to, group);
        for (struct mail_recipient *r = group; r; r = next) {
            next = r->next;
            if (told)
                mark_done(job, r);
            else
                recipients_add(&job->deferred, r);
        }
    }
}

/* --- The message goes, or stays */

static void remove_message_log(struct job *job)
{
    struct str path = job_path(job, "msglog", "");
    char kept[4096];

    if (!job->queue->options->preserve_message_logs) {
        unlink(path.s);
        return;
    }
    snprintf(kept, sizeof kept, "%.*s", STR_ARG(spool_path(job->arena, &job->queue->spool, job->request->queue,
                                                           "msglog.OLD", '\0', job->message->id, "")));
    struct error err = ERROR_IN(job->arena);

    if (!spool_make_directory(&job->queue->spool, str_of(kept), &err) || rename(path.s, kept) != 0)
        log_write(LOG_MAIN | LOG_PANIC, "failed to move %.*s to the msglog.OLD directory", STR_ARG(path));
}

/* The -H file goes first: without it there is no message, whatever a crash leaves. */
void job_remove(struct job *job)
{
    struct error err = ERROR_IN(job->arena);
    struct str path = job_path(job, "input", "-H");

    if (unlink(path.s) != 0 && errno != ENOENT)
        log_write(LOG_MAIN | LOG_PANIC, "failed to unlink %.*s: %s", STR_ARG(path), strerror(errno));
    spool_sync_directory(&job->queue->spool, path, &err);
    unlink(job_path(job, "input", "-D").s);
    unlink(job_path(job, "input", "-J").s);
    remove_message_log(job);
}

void job_complete(struct job *job)
{
    struct buffer line = BUFFER_IN(job->arena);

    buffer_add_cstr(&line, "Completed");
    if (log_selected(LOG_SEL_queue_time_overall)) {
        struct timeval now, spent = {0};
        const struct timeval *from = log_selected(LOG_SEL_queue_time_exclusive) ? &job->message->received_complete
                                                                                 : &job->message->received;

        gettimeofday(&now, NULL);
        if (timercmp(&now, from, >))
            timersub(&now, from, &spent);
        delivery_add_interval(job, &line, "QT", &spent);
    }
    job_remove(job);
    log_write_str(LOG_MAIN, buffer_str(&line));
    job_show(job, NULL);
    job_event(job, "msg:complete", STR_NULL);
}

bool job_update(struct job *job)
{
    struct error err = ERROR_IN(job->arena);
    struct str text = envelope_write(job->arena, job->message, job->queue->process->primary_hostname);

    if (!spool_replace(&job->queue->spool, job_path(job, "input", "-H"), text, &err)) {
        log_write(LOG_MAIN | LOG_PANIC, "%.*s", STR_ARG(err.text)); /* the journal still has what is new */
        return false;
    }
    unlink(job_path(job, "input", "-J").s);
    return true;
}

/* freeze_tell: somebody is to look at it. Bounces have gone through enough hands. */
static void tell(struct job *job)
{
    struct str to = job->queue->options->freeze_tell;
    struct error err = ERROR_IN(job->arena);
    struct buffer b = BUFFER_IN(job->arena);

    if (str_is_empty(to) || job->message->local_error)
        return;
    buffer_printf(&b, "From: Mail Delivery System <Mailer-Daemon@%.*s>\nTo: %.*s\nSubject: Message %.*s frozen\n"
                      "Auto-Submitted: auto-generated\n\n"
                      "Message %.*s has been frozen%.*s.\nThe sender is <%.*s>.\n\n"
                      "The following address(es) have yet to be delivered:\n\n",
                  STR_ARG(job->queue->process->qualify_domain), STR_ARG(to), STR_ARG(job->message->id),
                  STR_ARG(job->message->id), STR_ARG(job->freeze_reason), STR_ARG(job->message->sender));
    for (const struct mail_recipient *r = job->deferred.first; r; r = r->next)
        buffer_printf(&b, "  %.*s%s%.*s\n", STR_ARG(r->address), str_is_empty(r->message) ? "" : ": ",
                      STR_ARG(r->message));
    if (!compose_text(job, buffer_str(&b), STR_NULL, &err))
        log_write(LOG_MAIN | LOG_PANIC, "freeze_tell: %.*s", STR_ARG(err.text));
}

static void freeze(struct job *job)
{
    job->message->frozen = true;
    job->message->frozen_at = job->now;
    log_write(LOG_MAIN, "Frozen%.*s", STR_ARG(job->freeze_reason));
    job_message_log(job, "*** Frozen%.*s", STR_ARG(job->freeze_reason));
    tell(job);
}

/* What one_time has made of an address takes its place in the envelope (manual, 22: one_time). */
static void keep_one_time(struct job *job, struct mail_recipient *r)
{
    const struct mail_recipient *top = mail_recipient_top(r);
    struct mail_recipient **last = &job->message->recipients, *added;
    int place = 0;

    if (!r->one_time || top == r || r->target != TARGET_ADDRESS)
        return;
    added = mail_recipient_new(job->arena, r->address);
    added->properties.errors_address = r->properties.errors_address;
    added->dsn_flags = r->dsn_flags;
    added->one_time_parent = 0;
    for (int i = 0; *last; i++, last = &(*last)->next)
        if (str_eq((*last)->unique, top->unique))
            place = i;
    added->one_time_parent = place;
    *last = added;
    job->message->recipient_count++;
    address_set_add(&job->message->delivered, top->unique);
}

void job_move_frozen(struct job *job)
{
    const struct spool_place from = {job->request->queue, job->sub, ""}, to = {job->request->queue, job->sub, "F"};
    struct error err = ERROR_IN(job->arena);

    if (job->queue->options->move_frozen_messages &&
        !spool_move(&job->queue->spool, job->message->id, &from, &to, &err))
        log_write(LOG_MAIN | LOG_PANIC, "%.*s", STR_ARG(err.text));
}

static void keep(struct job *job)
{
    for (struct mail_recipient *r = job->deferred.first; r; r = r->next)
        keep_one_time(job, r);
    job->message->first_delivery = false;
    if (job->freeze)
        freeze(job);
    else
        bounce_warn(job);
    job_update(job);
    if (job->freeze)
        job_move_frozen(job);
}

void job_finish(struct job *job)
{
    job_show(job, NULL);
    update_retry(job);
    bounce_report_success(job);
    ignore_some(job);
    bounce_all(job);
    if (job->deferred.n == 0 && !job->freeze)
        job_complete(job);
    else
        keep(job);
}
