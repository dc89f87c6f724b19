/* Warnings of delay (manual, 14: delay_warning, and 50.2): see bounce.h. */
#include "base/log.h"
#include "base/truth.h"
#include "mail/header.h"
#include "queue/bounce.h"
#include "queue/dsn_parts.h"
#include "queue/template_file.h"

/* How many warnings there should have been: one at each time of the list, and then at the distance of the last
 * two. *delay: the time of the latest. */
static int warnings_due(const struct option_times *times, int64_t age, int *delay)
{
    int count = 0, step, last;

    *delay = 0;
    while ((size_t)count < times->n && age >= times->seconds[count]) {
        *delay = times->seconds[count];
        count++;
    }
    if (times->n == 0 || (size_t)count < times->n)
        return count;
    last = times->seconds[times->n - 1];
    step = times->n > 1 ? last - times->seconds[times->n - 2] : last;
    if (step > 0) {
        count += (int)((age - last) / step);
        *delay = last + (int)((age - last) / step) * step;
    }
    return count;
}

static bool is_wanted(struct job *job)
{
    const struct template *condition = job->queue->options->delay_warning_condition;
    struct error err = ERROR_IN(job->arena);
    struct str text;

    if (!condition)
        return true;
    switch (expand(&job->scope, condition, job->arena, &text, &err)) {
    case EXPAND_OK:
        return truth_of(text) != TRUTH_NO && !str_is_empty(text);
    case EXPAND_FORCED:
        return true;
    case EXPAND_FAILED:
    case EXPAND_DEFER:
        break;
    }
    log_write(LOG_MAIN | LOG_PANIC, "delay_warning_condition: %.*s", STR_ARG(err.text));
    return true;
}

/* Those who have said what they want to hear of may not want to hear of delays (RFC 3461). */
static bool may_warn(const struct mail_recipient *r)
{
    return r->dsn_flags == 0 || (r->dsn_flags & DSN_DELAY);
}

static struct str delay_text(struct job *job, int delay)
{
    int minutes = delay / 60;

    return minutes < 120 ? str_printf(job->arena, "%d minutes", minutes)
                         : str_printf(job->arena, "%d hours", minutes / 60);
}

/* The header's contents, if there is one. */
static void add_line(struct dsn *d, const char *what, const char *header)
{
    const struct mail_header *h = mail_header_find(d->job->message, header);

    if (h)
        buffer_printf(&d->c.body, "%s%.*s\n", what, STR_ARG(mail_header_value(d->job->arena, h)));
}

/* As Exim has them, the last one first. */
static void add_addresses(struct dsn *d, const struct mail_recipient *r)
{
    struct buffer *b = &d->c.body;

    if (!r)
        return;
    add_addresses(d, r->next);
    if (!may_warn(r))
        return;
    buffer_add_cstr(b, "  ");
    dsn_add_address(d, r, "    ");
    dsn_add_reason(b, r);
    buffer_add_char(b, '\n');
}

static void add_statuses(struct dsn *d, const struct mail_recipient *r)
{
    if (!r)
        return;
    add_statuses(d, r->next);
    if (!may_warn(r))
        return;
    dsn_add_status(d, r, "delayed", "4.0.0");
    dsn_add_remote(d, r);
    buffer_add_char(&d->c.body, '\n');
}

static void add_text(struct dsn *d, const struct template_file *file, struct str to, struct str delay)
{
    struct job *job = d->job;
    struct buffer *b = &d->c.body;
    unsigned n = 0;

    for (const struct mail_recipient *r = job->deferred.first; r; r = r->next)
        n += may_warn(r);
    if (!template_file_item(file, 1, &job->scope, b)) {
        buffer_add_cstr(b, "This message was created automatically by mail delivery software.\n");
        if (str_eq(to, job->message->sender))
            buffer_add_cstr(b, "A message that you sent ");
        else
            buffer_printf(b, "A message sent by\n\n  <%.*s>\n\n",
                          STR_ARG(dsn_readable(d, job->message->sender)));
        buffer_printf(b,
                      "has not yet been delivered to one or more of its\n"
                      "recipients after more than %.*s on the queue on %.*s.\n\n"
                      "The message identifier is:     %.*s\n",
                      STR_ARG(delay), STR_ARG(job->queue->process->primary_hostname), STR_ARG(job->message->id));
        add_line(d, "The subject of the message is: ", "Subject");
        add_line(d, "The date of the message is:    ", "Date");
        buffer_printf(b, "\nThe %s to which the message has not yet been delivered %s:\n",
                      n == 1 ? "address" : "addresses", n == 1 ? "is" : "are");
    }
    buffer_add_char(b, '\n');
    add_addresses(d, job->deferred.first);
    buffer_add_char(b, '\n');
    if (!template_file_item(file, 2, &job->scope, b))
        buffer_add_cstr(b, "No action is required on your part. Delivery attempts will continue for\n"
                           "some time, and this warning may be repeated at intervals if the message\n"
                           "remains undelivered. Eventually the mail delivery software will give up,\n"
                           "and when that happens, the message will be returned to you.\n");
}

static void send(struct job *job, struct str to, struct str delay)
{
    const struct main_options *o = job->queue->options;
    struct error err = ERROR_IN(job->arena);
    struct buffer own = BUFFER_IN(job->arena);
    struct template_file file;
    struct dsn d;

    job->scope_message.warn_message_delay = delay;
    job->scope_message.warn_message_recipients = to;
    template_file_read(job, o->warn_message_file, "warn_message_file", &file);
    dsn_begin(&d, job, to);
    if (!str_is_empty(o->errors_reply_to))
        compose_header(&d.c, "Reply-To", o->errors_reply_to);
    compose_header(&d.c, "Auto-Submitted", STR("auto-replied"));
    compose_from(&d.c);
    compose_header(&d.c, "To", to);
    dsn_references(&d);
    dsn_mime_headers(&d);
    if (template_file_item(&file, 0, &job->scope, &own))
        mail_headers_append(d.c.message, buffer_str(&own));
    else
        compose_header(&d.c, "Subject", str_printf(job->arena, "Warning: message %.*s delayed %.*s",
                                                   STR_ARG(job->message->id), STR_ARG(delay)));
    dsn_begin_text(&d);
    add_text(&d, &file, to, delay);
    dsn_begin_status(&d);
    add_statuses(&d, job->deferred.first);
    d.c.body.n--;
    dsn_add_message(&d, false);
    if (!compose_send(&d.c, &err))
        log_write(LOG_MAIN | LOG_PANIC, "cannot send a warning to %.*s: %.*s", STR_ARG(to), STR_ARG(err.text));
}

void bounce_warn(struct job *job)
{
    struct mail_message *m = job->message;
    struct str to = STR_NULL;
    int delay, due = warnings_due(&job->queue->options->delay_warning, job->now - m->received.tv_sec, &delay);

    if (due <= m->warning_count)
        return;
    for (const struct mail_recipient *r = job->deferred.first; r && str_is_null(to); r = r->next)
        if (may_warn(r))
            to = str_is_null(r->properties.errors_address) ? m->sender : r->properties.errors_address;
    if (str_is_empty(to) || !is_wanted(job))
        return;
    m->warning_count = due;
    send(job, to, delay_text(job, delay));
}
