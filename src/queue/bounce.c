/* Bounces and reports of success: see bounce.h. */
#include "queue/bounce.h"

#include "base/log.h"
#include "base/print.h"
#include "base/strlist.h"
#include "mail/header.h"
#include "match/list.h"
#include "queue/dsn_parts.h"
#include "queue/template_file.h"

/* --- errors_copy: pairs of an address pattern and addresses, separated by colons (manual, 14) */

static void add_copies(struct dsn *d, struct str to)
{
    const struct template *option = d->job->queue->options->errors_copy;
    struct strlist list;
    struct str text, item;

    if (!option || expand(&d->job->scope, option, d->job->arena, &text, NULL) != EXPAND_OK)
        return;
    strlist_begin(&list, text, ':');
    while (strlist_next(&list, d->job->arena, &item)) {
        ptrdiff_t space = str_find(item, ' ');
        struct strlist addresses;
        struct str pattern, address;

        if (space <= 0)
            continue;
        pattern = str_sub(d->job->arena, item, 0, (size_t)space);
        if (list_match_text(&d->job->scope, MATCH_ADDRESS_LIST, to, pattern, NULL, NULL) != MATCH_YES)
            continue;
        strlist_begin(&addresses, str_sub(d->job->arena, item, (size_t)space + 1, item.n), ',');
        while (strlist_next(&addresses, d->job->arena, &address))
            compose_recipient(&d->c, address);
        return;
    }
}

/* --- Bounces */

static void add_failed_header(struct dsn *d, const struct mail_recipient *failed)
{
    struct buffer b = BUFFER_IN(d->job->arena);
    unsigned n = 0;

    for (const struct mail_recipient *r = failed; r; r = r->next) {
        const struct mail_recipient *named = r->target == TARGET_ADDRESS ? r : mail_recipient_top(r);

        if (r->hidden)
            named = mail_recipient_top(r);
        if (n++ > 0)
            buffer_add_cstr(&b, n > 50 ? "\n  ..." : ",\n  ");
        if (n > 50)
            break;
        buffer_add(&b, d->c.message->smtputf8 ? dsn_readable(d, named->address)
                                              : printable(d->job->arena, named->address));
    }
    compose_header(&d->c, "X-Failed-Recipients", buffer_str(&b));
}

static void add_text(struct dsn *d, const struct template_file *file, struct str to, const struct mail_recipient *failed)
{
    struct job *job = d->job;
    struct buffer *b = &d->c.body;
    const struct main_options *o = job->queue->options;

    if (!template_file_item(file, 1, &job->scope, b)) {
        buffer_add_cstr(b, "This message was created automatically by mail delivery software.\n");
        if (str_is_empty(o->bounce_message_text)) {
            buffer_add_char(b, '\n');
        } else {
            buffer_add(b, o->bounce_message_text);
            buffer_add_char(b, '\n');
        }
        if (str_eq(to, job->message->sender))
            buffer_add_cstr(b, "A message that you sent could not be delivered to one or more of its\n"
                               "recipients. This is a permanent error. The following address(es) failed:\n");
        else
            buffer_printf(b,
                          "A message sent by\n\n  <%.*s>\n\n"
                          "could not be delivered to one or more of its recipients. The following\n"
                          "address(es) failed:\n",
                          STR_ARG(dsn_readable(d, job->message->sender)));
    }
    buffer_add_char(b, '\n');
    for (const struct mail_recipient *r = failed; r; r = r->next) {
        buffer_add_cstr(b, "  ");
        dsn_add_address(d, r, "    ");
        if (!job->request->give_up) /* an administrator's doing is for the log */
            dsn_add_error(b, r);
        buffer_add_char(b, '\n');
    }
}

/* What pipes have said. */
static void add_returned_output(struct dsn *d, const struct template_file *file, const struct mail_recipient *failed)
{
    struct buffer *b = &d->c.body;
    bool begun = false;

    for (const struct mail_recipient *r = failed; r; r = r->next) {
        if (str_is_empty(r->transport_return_message))
            continue;
        if (!begun)
            buffer_add_char(b, '\n');
        if (!begun && !template_file_item(file, 2, &d->job->scope, b))
            buffer_add_cstr(b, "The following text was generated during the delivery attempt:\n");
        begun = true;
        buffer_add_cstr(b, "\n------ ");
        dsn_add_address(d, r, "       ");
        buffer_add_cstr(b, " ------\n\n");
        buffer_add(b, r->transport_return_message);
        if (r->transport_return_message.s[r->transport_return_message.n - 1] != '\n')
            buffer_add_char(b, '\n');
    }
}

/* As Exim has it: those whose output is returned, then the others, the last one first. */
static void add_statuses(struct dsn *d, const struct mail_recipient *r, bool returned)
{
    if (r->next)
        add_statuses(d, r->next, returned);
    if (str_is_empty(r->transport_return_message) == returned)
        return;
    dsn_add_status(d, r, "failed", "5.0.0");
    dsn_add_remote(d, r);
    buffer_add_char(&d->c.body, '\n');
}

static void add_headers(struct dsn *d, const struct template_file *file, struct str to,
                        const struct mail_recipient *failed)
{
    const struct main_options *o = d->job->queue->options;
    struct buffer own = BUFFER_IN(d->job->arena);

    add_failed_header(d, failed);
    if (!str_is_empty(o->errors_reply_to))
        compose_header(&d->c, "Reply-To", o->errors_reply_to);
    compose_header(&d->c, "Auto-Submitted", STR("auto-replied"));
    compose_from(&d->c);
    compose_header(&d->c, "To", to);
    dsn_references(d);
    dsn_mime_headers(d);
    if (template_file_item(file, 0, &d->job->scope, &own))
        mail_headers_append(d->c.message, buffer_str(&own));
    else
        compose_header(&d->c, "Subject",
                       str_eq(to, d->job->message->sender) ? STR("Mail delivery failed: returning message to sender")
                                                           : STR("Mail delivery failed"));
}

bool bounce_send(struct job *job, struct str to, const struct mail_recipient *failed)
{
    const struct main_options *o = job->queue->options;
    struct error err = ERROR_IN(job->arena);
    struct template_file file;
    struct dsn d;

    job->scope_message.bounce_recipient = to;
    template_file_read(job, o->bounce_message_file, "bounce_message_file", &file);
    dsn_begin(&d, job, to);
    d.c.message->authenticated_sender = o->bounce_sender_authentication;
    add_copies(&d, to);
    add_headers(&d, &file, to, failed);
    dsn_begin_text(&d);
    add_text(&d, &file, to, failed);
    add_returned_output(&d, &file, failed);
    dsn_begin_status(&d);
    add_statuses(&d, failed, true);
    add_statuses(&d, failed, false);
    d.c.body.n--; /* the part that follows begins with an empty line */
    if (o->bounce_return_message)
        dsn_add_message(&d, o->bounce_return_body && job->message->dsn_ret != DSN_RET_HDRS);
    else
        buffer_printf(&d.c.body, "\n--%.*s--\n", STR_ARG(d.boundary));
    if (compose_send(&d.c, &err))
        return true;
    log_write(LOG_MAIN | LOG_PANIC, "Process failed when writing error message to %.*s: %.*s", STR_ARG(to),
              STR_ARG(err.text));
    return false;
}

/* --- Reports of success (RFC 3461) */

static bool wants_report(const struct mail_recipient *r)
{
    return (r->dsn_flags & DSN_SUCCESS) && !r->dsn_aware;
}

void bounce_report_success(struct job *job)
{
    struct error err = ERROR_IN(job->arena);
    struct dsn d;
    bool any = false;

    for (const struct mail_recipient *r = job->succeeded.first; r; r = r->next)
        any |= wants_report(r);
    if (!any || str_is_empty(job->message->sender))
        return;
    dsn_begin(&d, job, job->message->sender);
    compose_from(&d.c);
    compose_header(&d.c, "Auto-Submitted", STR("auto-generated"));
    compose_header(&d.c, "To", job->message->sender);
    compose_header(&d.c, "Subject", STR("Delivery Status Notification"));
    dsn_references(&d);
    dsn_mime_headers(&d);
    dsn_begin_text(&d);
    buffer_add_cstr(&d.c.body, "This message was created automatically by mail delivery software.\n"
                               " ----- The following addresses had successful delivery notifications -----\n");
    for (const struct mail_recipient *r = job->succeeded.first; r; r = r->next)
        if (wants_report(r))
            buffer_printf(&d.c.body, "<%.*s> (relayed %s)\n", STR_ARG(dsn_readable(&d, r->address)),
                          r->host_used ? "to non-DSN-aware mailer" : "via non \"Remote SMTP\" router");
    dsn_begin_status(&d);
    for (const struct mail_recipient *r = job->succeeded.first; r; r = r->next)
        if (wants_report(r)) {
            dsn_add_status(&d, r, "delivered", "2.0.0");
            if (r->host_used)
                buffer_printf(&d.c.body, "Remote-MTA: dns; %.*s\nDiagnostic-Code: smtp; 250 Ok\n",
                              STR_ARG(r->host_used->name));
            else
                buffer_add_cstr(&d.c.body, "Diagnostic-Code: X-Exim; relayed via non SMTP router\n");
            buffer_add_char(&d.c.body, '\n');
        }
    d.c.body.n--;
    dsn_add_message(&d, false);
    if (!compose_send(&d.c, &err))
        log_write(LOG_MAIN | LOG_PANIC, "Failed to send a delivery report to %.*s: %.*s",
                  STR_ARG(job->message->sender), STR_ARG(err.text));
}
