/* A message at the beginning of an attempt: see job.h. */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "expand/expand.h"
#include "mail/header.h"
#include "queue/envelope.h"
#include "queue/job.h"
#include "routers/generic.h"

void recipients_init(struct recipient_list *list)
{
    list->first = NULL;
    list->last = &list->first;
    list->n = 0;
}

void recipients_add(struct recipient_list *list, struct mail_recipient *recipient)
{
    recipient->next = NULL;
    *list->last = recipient;
    list->last = &recipient->next;
    list->n++;
}

struct str job_path(const struct job *job, const char *kind, const char *suffix)
{
    return spool_path(job->arena, &job->queue->spool, job->request->queue, kind, job->sub, job->message->id, suffix);
}

/* --- Logs */

void job_message_log(struct job *job, const char *format, ...)
{
    struct buffer line = BUFFER_IN(job->arena);
    struct error err = ERROR_IN(job->arena);
    struct str stamp;
    va_list args;
    int fd;

    if (!job->queue->options->message_logs)
        return;
    fd = spool_create(&job->queue->spool, job_path(job, "msglog", ""), O_WRONLY | O_APPEND, &err);
    if (fd < 0) {
        log_write(LOG_MAIN | LOG_PANIC, "%.*s", STR_ARG(err.text));
        return;
    }
    if (*format != '*' && expand_string(&job->scope, STR("$tod_log"), job->arena, &stamp, NULL) == EXPAND_OK) {
        buffer_add(&line, stamp);
        buffer_add_char(&line, ' ');
    }
    va_start(args, format);
    buffer_vprintf(&line, format, args);
    va_end(args);
    buffer_add_char(&line, '\n');
    if (!spool_write(fd, line.s, line.n))
        log_write(LOG_MAIN | LOG_PANIC, "failed to write message log: %s", strerror(errno));
    close(fd);
}

void job_log(struct job *job, struct str line)
{
    log_write_str(LOG_MAIN, line);
    job_message_log(job, "%.*s", STR_ARG(line));
}

/* --- What expansions see */

static void publish_message(struct job *job)
{
    const struct main_options *options = job->queue->options;
    struct mail_message *m = job->message;
    struct scope_message *s = &job->scope_message;
    size_t visible = options->message_body_visible > 0 ? (size_t)options->message_body_visible : 0;
    int64_t headers = 0;

    for (const struct mail_header *h = m->headers; h; h = h->next) {
        headers += h->type == HEADER_DELETED ? 0 : (int64_t)h->text.n;
        s->received_count += h->type == HEADER_RECEIVED;
        for (size_t i = 0; h->type != HEADER_DELETED && i < h->text.n; i++)
            m->linecount += h->text.s[i] == '\n';
    }
    m->linecount += m->body_linecount + 1;
    s->sender_address = m->sender;
    s->sender_set = true;
    s->authenticated_sender = m->authenticated_sender;
    s->message_id = m->id;
    s->message_smtputf8 = m->smtputf8 ? STR("yes") : STR_NULL;
    s->size = headers + m->body_size + 1;
    s->body_size = m->body_size;
    s->headers = mail_headers_text(job->arena, m);
    s->linecount = m->linecount;
    s->body_linecount = m->body_linecount;
    s->body_zerocount = m->body_zerocount;
    s->received_time = m->received;
    s->acl_m = m->acl_m;
    s->max_received_linelength = str_printf(job->arena, "%d", m->max_received_linelength);
    s->body = mail_body_part(job->arena, m, 0, visible, options->message_body_newlines);
    s->body_end = mail_body_part(job->arena, m, m->body_size - (int64_t)visible, visible,
                                 options->message_body_newlines);
}

static void make_scope(struct job *job)
{
    job->message->origin.is_test = false;
    publish_message(job);
    job->scope = (struct scope){
        .arena = job->arena,
        .services = job->queue->services,
        .lists = job->queue->config->lists,
        .process = job->queue->process,
        .connection = &job->message->origin,
        .message = &job->scope_message,
        .address = &job->scope_address,
    };
    job->queue->begin_scope(job->queue, &job->scope);
}

void job_show(struct job *job, const struct mail_recipient *r)
{
    struct scope_address *a = &job->scope_address;
    const struct mail_recipient *top;

    *a = (struct scope_address){0};
    job->scope.routed_vars = NULL;
    if (!r)
        return;
    top = mail_recipient_top(r);
    a->local_part = r->local_part;
    a->domain = r->domain;
    a->local_part_data = r->properties.local_part_data;
    a->domain_data = r->properties.domain_data;
    a->local_part_prefix = r->prefix;
    a->local_part_prefix_v = r->prefix_v;
    a->local_part_suffix = r->suffix;
    a->local_part_suffix_v = r->suffix_v;
    a->address_data = r->properties.address_data;
    a->original_local_part = top->caseful_local_part;
    a->original_domain = top->domain;
    if (r->parent) {
        a->parent_local_part = r->parent->caseful_local_part;
        a->parent_domain = r->parent->domain;
    }
    a->home = r->home_directory;
    a->self_hostname = r->self_hostname;
    a->address_file = r->target == TARGET_FILE ? r->address : STR_NULL;
    a->address_pipe = r->target == TARGET_PIPE ? str_sub(job->arena, r->address, 1, r->address.n) : STR_NULL;
    if (r->target != TARGET_ADDRESS && r->parent) { /* what files and pipes belong to (manual, 11.9: $local_part) */
        a->local_part = r->parent->local_part;
        a->domain = r->parent->domain;
    }
    if (r->hosts) {
        a->host = r->hosts->name;
        a->host_address = r->hosts->address;
    }
    a->router_name = r->router ? r->router->instance.name : STR_NULL;
    a->transport_name = r->transport ? r->transport->instance.name : STR_NULL;
    a->return_path = str_is_null(r->properties.errors_address) ? job->message->sender : r->properties.errors_address;
    job->scope.routed_vars = r->properties.router_vars;
}

void job_show_run(struct job *job, const struct mail_recipient *first)
{
    struct scope_address *a = &job->scope_address;

    job_show(job, first);
    for (const struct mail_recipient *r = first->next; r; r = r->next) {
        if (!str_eq(r->local_part, first->local_part))
            a->local_part = STR("");
        if (!str_eq(r->domain, first->domain))
            a->domain = STR("");
    }
}

void job_log_gone(const struct job *job)
{
    log_set_message(job->message->id);
    log_write(LOG_MAIN, "Spool file %.*s-D not found", STR_ARG(job->message->id));
}

/* --- Reading */

/* What cannot be read is kept for a while, for a person to look at (manual, 14: keep_malformed). */
static void remove_if_old(struct job *job)
{
    int limit = job->queue->options->keep_malformed;
    struct stat info;

    if (fstat(job->message->body_fd, &info) != 0 || time(NULL) - info.st_mtime <= limit)
        return;
    job_remove(job);
    log_write(LOG_MAIN, "Message removed because older than %.*s", STR_ARG(interval_format(job->arena, limit)));
}

static bool read_envelope(struct job *job)
{
    struct error err = ERROR_IN(job->arena);
    struct str content;

    if (!spool_read(job->arena, job_path(job, "input", "-H"), &content, &err)) {
        log_write(LOG_MAIN | LOG_PANIC, "%.*s", STR_ARG(err.text));
        return false;
    }
    if (envelope_read(job->message, content, true, &err))
        return true;
    log_write(LOG_MAIN, "Format error in spool file %.*s-H: size=%zu", STR_ARG(job->message->id), content.n);
    debug(DEBUG_deliver, "%.*s\n", STR_ARG(err.text));
    remove_if_old(job);
    return false;
}

enum job_load job_load(struct job *job)
{
    struct mail_message *m = ARENA_NEW(job->arena, struct mail_message);
    struct error err = ERROR_IN(job->arena);

    m->arena = job->arena;
    m->id = str_copy(job->arena, job->request->id);
    m->handling.queue = str_copy(job->arena, job->request->queue);
    m->body_fd = -1;
    job->message = m;
    log_set_message(m->id);
    switch (spool_lock(&job->queue->spool, m, &job->sub, &err)) {
    case SPOOL_LOCKED:
        break;
    case SPOOL_BUSY:
        return JOB_BUSY;
    case SPOOL_GONE:
        return JOB_GONE;
    case SPOOL_BROKEN:
        log_write(LOG_MAIN | LOG_PANIC, "%.*s", STR_ARG(err.text));
        return JOB_BROKEN;
    }
    if (!read_envelope(job)) {
        close(m->body_fd);
        return JOB_BROKEN;
    }
    job->now = time(NULL);
    make_scope(job);
    return JOB_LOADED;
}
