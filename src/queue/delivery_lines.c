/* Log lines of deliveries (manual, 53.7 to 53.10 and 53.15): see job.h. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "queue/job.h"
#include "routers/generic.h"
#include "tls/tls.h"

/* --- Parts */

void delivery_add_interval(struct job *job, struct buffer *line, const char *tag, const struct timeval *interval)
{
    struct str whole = interval_format(job->arena, (int)interval->tv_sec);
    bool seconds = interval->tv_sec % 60 > 0 || interval->tv_sec == 0;

    buffer_printf(line, " %s=", tag);
    if (!log_selected(LOG_SEL_millisec)) {
        buffer_add(line, whole);
        return;
    }
    buffer_add_n(line, whole.s, whole.n - seconds); /* the milliseconds belong to the seconds, which come last */
    buffer_printf(line, "%s.%03ds", seconds ? "" : "0", (int)(interval->tv_usec / 1000));
}

static void add_endpoint(struct buffer *line, struct str address, int port)
{
    buffer_add_cstr(line, " [");
    buffer_add(line, address);
    buffer_add_char(line, ']');
    if (port > 0)
        buffer_printf(line, ":%d", port);
}

/* In the local style the domain is left out (manual, 15: log_as_local). */
static struct str short_address(struct job *job, const struct mail_recipient *r)
{
    if (r->target != TARGET_ADDRESS || !r->router || !r->router->log_as_local.value)
        return r->address;
    return str_join3(job->arena, r->prefix, r->local_part, r->suffix);
}

/* The addresses between it and that of the envelope. */
static void add_parents(struct buffer *line, const struct mail_recipient *r)
{
    if (!log_selected(LOG_SEL_all_parents))
        return;
    for (const struct mail_recipient *p = r->parent; p && p->parent; p = p->parent) {
        buffer_add_cstr(line, " (");
        buffer_add(line, p->address);
        buffer_add_char(line, ')');
    }
}

static void add_address(struct job *job, struct buffer *line, const struct mail_recipient *r, bool success)
{
    const struct mail_recipient *top = mail_recipient_top(r);
    struct str shown = !str_is_null(r->sent_address) ? r->sent_address
                       : success                   ? short_address(job, r)
                                                   : r->address;

    buffer_add(line, shown);
    add_parents(line, r);
    if (!str_eq(shown, top->address)) {
        buffer_add_cstr(line, " <");
        buffer_add(line, top->address);
        buffer_add_char(line, '>');
    }
}

static void add_sender(struct job *job, struct buffer *line)
{
    if (!log_selected(LOG_SEL_sender_on_delivery))
        return;
    buffer_add_cstr(line, " F=<");
    buffer_add(line, job->message->sender);
    buffer_add_char(line, '>');
}

static void add_return_path(struct job *job, struct buffer *line, const struct mail_recipient *r)
{
    if (!log_selected(LOG_SEL_return_path_on_delivery) || !r->transport)
        return;
    buffer_add_cstr(line, " P=<");
    buffer_add(line, !str_is_null(r->return_path)                   ? r->return_path
                     : str_is_null(r->properties.errors_address) ? job->message->sender
                                                                  : r->properties.errors_address);
    buffer_add_char(line, '>');
}

static void add_drivers(struct buffer *line, const struct mail_recipient *r)
{
    if (r->router) {
        buffer_add_cstr(line, " R=");
        buffer_add(line, r->router->instance.name);
    }
    if (r->transport) {
        buffer_add_cstr(line, " T=");
        buffer_add(line, r->transport->instance.name);
    }
}

static void add_host(struct buffer *line, const struct mail_recipient *r)
{
    const struct mail_host *host = r->host_used;

    if (!host)
        return;
    buffer_add_cstr(line, " H=");
    buffer_add(line, host->name);
    if (log_selected(LOG_SEL_dnssec) && host->dnssec)
        buffer_add_cstr(line, " DS");
    add_endpoint(line, host->address, log_selected(LOG_SEL_outgoing_port) ? host->port : 0);
    if (r->second_on_connection)
        buffer_add_char(line, '*');
    if (log_selected(LOG_SEL_incoming_interface) && log_selected(LOG_SEL_outgoing_interface) &&
        !str_is_empty(r->interface_address)) {
        buffer_add_cstr(line, " I=[");
        buffer_add(line, r->interface_address);
        buffer_add_char(line, ']');
        if (log_selected(LOG_SEL_outgoing_port) && r->interface_port > 0)
            buffer_printf(line, ":%d", r->interface_port);
    }
}

static void add_tls(struct buffer *line, const struct mail_recipient *r)
{
    if (log_selected(LOG_SEL_tls_cipher) && !str_is_empty(r->tls.cipher)) {
        buffer_add_cstr(line, " X=");
        buffer_add(line, r->tls.cipher);
        if (log_selected(LOG_SEL_tls_resumption) && !str_is_empty(r->tls.resumption) &&
            strtol(r->tls.resumption.s, NULL, 10) & TLS_RESUMED)
            buffer_add_char(line, '*');
    }
    if (log_selected(LOG_SEL_tls_certificate_verified) && r->tls.active && r->tls.verify_tried)
        buffer_add_cstr(line, r->tls.certificate_verified ? " CV=yes" : " CV=no");
    if (log_selected(LOG_SEL_tls_peerdn) && !str_is_empty(r->tls.peerdn)) {
        buffer_add_cstr(line, " DN=\"");
        buffer_add(line, r->tls.peerdn);
        buffer_add_char(line, '"');
    }
}

static void add_authentication(struct buffer *line, const struct mail_recipient *r)
{
    if (str_is_empty(r->authenticator))
        return;
    buffer_add_cstr(line, " A=");
    buffer_add(line, r->authenticator);
    if (str_is_empty(r->authenticated_id))
        return;
    buffer_add_char(line, ':');
    buffer_add(line, r->authenticated_id);
    if (log_selected(LOG_SEL_smtp_mailauth) && !str_is_empty(r->authenticated_sender)) {
        buffer_add_char(line, ':');
        buffer_add(line, r->authenticated_sender);
    }
}

/* In double quotes, a backslash before the quotes in it; what stands for a line's end is a backslash, too. */
static void add_confirmation(struct buffer *line, const struct mail_recipient *r)
{
    if (!log_selected(LOG_SEL_smtp_confirmation) || str_is_empty(r->confirmation))
        return;
    buffer_add_cstr(line, " C=\"");
    for (size_t i = 0; i < r->confirmation.n; i++) {
        if (r->confirmation.s[i] == '"' || r->confirmation.s[i] == '\\')
            buffer_add_char(line, '\\');
        if (r->confirmation.s[i] == '\n')
            buffer_add_cstr(line, "\\\\n");
        else
            buffer_add_char(line, r->confirmation.s[i]);
    }
    buffer_add_char(line, '"');
}

static void add_features(struct buffer *line, const struct mail_recipient *r)
{
    if (log_selected(LOG_SEL_protocol_detail) && !str_is_empty(r->protocol_start)) {
        buffer_add_cstr(line, " PS=");
        buffer_add(line, r->protocol_start);
    }
    if (log_selected(LOG_SEL_pipelining) && r->pipelining)
        buffer_add_cstr(line, r->early_pipelining ? " L*" : " L");
    if (r->chunking)
        buffer_add_cstr(line, " K");
    if (r->prdr)
        buffer_add_cstr(line, " PRDR");
    add_confirmation(line, r);
}

/* Since the message began to come, or since it was here. */
static struct timeval queue_time(const struct job *job)
{
    const struct timeval *from =
        log_selected(LOG_SEL_queue_time_exclusive) ? &job->message->received_complete : &job->message->received;
    struct timeval now, spent = {0};

    gettimeofday(&now, NULL);
    if (timercmp(&now, from, >))
        timersub(&now, from, &spent);
    return spent;
}

static void add_times(struct job *job, struct buffer *line, const struct mail_recipient *r, bool success)
{
    struct timeval spent = queue_time(job);

    if (success && log_selected(LOG_SEL_queue_time))
        delivery_add_interval(job, line, "QT", &spent);
    if (log_selected(LOG_SEL_deliver_time))
        delivery_add_interval(job, line, "DT", &r->delivery_time);
}

/* Newlines, as answers of several lines have them, become "\n". */
static void add_text(struct buffer *line, struct str text)
{
    for (size_t i = 0; i < text.n; i++)
        if (text.s[i] == '\n')
            buffer_add_cstr(line, "\\n");
        else
            buffer_add_char(line, text.s[i]);
}

static void add_error(struct buffer *line, const struct mail_recipient *r)
{
    if (r->error > 0) {
        buffer_add_cstr(line, ": ");
        buffer_add_cstr(line, strerror(r->error));
    }
    if (!str_is_empty(r->message)) {
        buffer_add_cstr(line, ": ");
        add_text(line, r->message);
    }
}

/* --- Lines */

struct str delivery_line_success(struct job *job, const struct mail_recipient *r, bool others)
{
    struct buffer line = BUFFER_IN(job->arena);

    buffer_add_cstr(&line, job->request->dont_deliver ? "*> " : others ? "-> " : "=> ");
    add_address(job, &line, r, true);
    add_sender(job, &line);
    add_return_path(job, &line, r);
    add_drivers(&line, r);
    if (log_selected(LOG_SEL_delivery_size))
        buffer_printf(&line, " S=%lld", (long long)r->octets);
    add_host(&line, r);
    add_tls(&line, r);
    add_authentication(&line, r);
    add_features(&line, r);
    if (!str_is_empty(r->shadow_message)) {
        buffer_add_cstr(&line, " ST=");
        buffer_add(&line, r->shadow_message);
    }
    add_times(job, &line, r, true);
    return buffer_str(&line);
}

struct str delivery_line_failure(struct job *job, const struct mail_recipient *r)
{
    struct buffer line = BUFFER_IN(job->arena);

    buffer_add_cstr(&line, "** ");
    add_address(job, &line, r, false);
    add_sender(job, &line);
    add_return_path(job, &line, r);
    add_drivers(&line, r);
    add_host(&line, r);
    add_tls(&line, r);
    add_error(&line, r);
    add_times(job, &line, r, false);
    return buffer_str(&line);
}

struct str delivery_line_defer(struct job *job, const struct mail_recipient *r)
{
    struct buffer line = BUFFER_IN(job->arena);

    buffer_add_cstr(&line, "== ");
    add_address(job, &line, r, false);
    add_drivers(&line, r);
    if (!r->router)
        buffer_add_cstr(&line, " routing");
    buffer_printf(&line, " defer (%d)", r->error);
    if (r->error > 0)
        buffer_printf(&line, ": %s", strerror(r->error));
    add_host(&line, r);
    add_times(job, &line, r, false);
    if (!str_is_empty(r->message)) {
        buffer_add_cstr(&line, ": ");
        add_text(&line, r->message);
    }
    return buffer_str(&line);
}
