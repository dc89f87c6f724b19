/* When addresses and hosts may be tried again: see retry.h. A record's key is Exim's: R: and the domain or the
 * address for routing, T: and the address, or host name, address and port, for deliveries. */
#include "queue/retry.h"

#include "base/log.h"
#include "hints/fields.h"
#include "queue/waiting.h"
#include "routers/generic.h"

enum { LAYOUT = 1 };

struct retry_record {
    int64_t first_failed, last_try, next_try;
    bool expired;
    int error, more_error;
    struct str text;
};

/* --- Records */

static bool read_record(struct job *job, struct str key, struct retry_record *record)
{
    struct error err = ERROR_IN(job->arena);
    struct hints_record found;
    struct fields f;

    if (!job->queue->hints)
        return false;
    switch (hints_get(job->queue->hints, HINTS_RETRY, key, job->arena, &found, &err)) {
    case HINTS_FOUND:
        break;
    case HINTS_MISSING:
        return false;
    case HINTS_FAILED:
        log_write(LOG_MAIN | LOG_PANIC, "retry data: %.*s", STR_ARG(err.text));
        return false;
    }
    if (!fields_begin(&f, found.value, LAYOUT))
        return false;
    record->first_failed = fields_int(&f);
    record->last_try = fields_int(&f);
    record->next_try = fields_int(&f);
    record->expired = fields_int(&f) != 0;
    record->error = (int)fields_int(&f);
    record->more_error = (int)fields_int(&f);
    record->text = fields_str(&f);
    return fields_end(&f) && job->now - record->last_try <= job->queue->options->retry_data_expire;
}

static void write_record(struct job *job, struct str key, const struct retry_record *record)
{
    struct error err = ERROR_IN(job->arena);
    struct buffer value = BUFFER_IN(job->arena);
    struct hints_record to_write = {.key = key,
                                    .expires = record->next_try + job->queue->options->retry_data_expire};

    fields_add_int(&value, LAYOUT);
    fields_add_int(&value, record->first_failed);
    fields_add_int(&value, record->last_try);
    fields_add_int(&value, record->next_try);
    fields_add_int(&value, record->expired);
    fields_add_int(&value, record->error);
    fields_add_int(&value, record->more_error);
    fields_add_str(&value, record->text);
    to_write.value = buffer_str(&value);
    if (job->queue->hints && !hints_put(job->queue->hints, HINTS_RETRY, &to_write, &err))
        log_write(LOG_MAIN | LOG_PANIC, "retry data: %.*s", STR_ARG(err.text));
}

static void forget(struct job *job, struct str key)
{
    struct error err = ERROR_IN(job->arena);
    struct retry_record record;

    if (read_record(job, key, &record) && !hints_delete(job->queue->hints, HINTS_RETRY, key, &err))
        log_write(LOG_MAIN | LOG_PANIC, "retry data: %.*s", STR_ARG(err.text));
}

/* A failure now: the record with its next time, by the rule that is for it. Without a rule there is no next time,
 * and nothing to remember. */
static bool note(struct job *job, struct str key, const struct retry_key *what, struct str text)
{
    const struct retry_rule *rule = retry_rules_find(&job->scope, job->queue->retry, what);
    struct retry_record record = {.first_failed = job->now};
    struct retry_times times = {.first_failed = job->now};

    if (!rule)
        return true;
    if (job->queue->options->mua_wrapper) /* no retry data is kept (manual, chapter 52) */
        return false;
    if (read_record(job, key, &record))
        times = (struct retry_times){record.first_failed, record.last_try, record.next_try};
    record.last_try = job->now;
    record.error = what->failure.error;
    record.more_error = what->failure.more;
    record.text = text;
    record.next_try = retry_rule_next(rule, &times, job->now, job->queue->options->retry_interval_max, &record.expired);
    debug(DEBUG_retry, "retry %.*s: next try in %llds%s\n", STR_ARG(key), (long long)(record.next_try - job->now),
          record.expired ? " (expired)" : "");
    write_record(job, key, &record);
    return record.expired;
}

/* Whether the time has not come. */
static bool waits(struct job *job, struct str key)
{
    struct retry_record record;

    return read_record(job, key, &record) && record.next_try > job->now;
}

static void set_waiting(struct mail_recipient *r, int error, struct str text)
{
    r->result = MAIL_DEFER;
    r->error = error;
    r->message = text;
}

/* --- Addresses. Delivering at once, not from the queue, pays no heed to them. */

static bool heeds(const struct job *job)
{
    return job->request->in_queue_run && !job->request->forced;
}

static struct str with_sender(struct job *job, struct str key)
{
    return str_join3(job->arena, key, STR(":<"), str_join(job->arena, job->message->sender, STR(">")));
}

static struct str routing_key(struct job *job, const struct mail_recipient *r, bool whole)
{
    return str_join(job->arena, STR("R:"), whole ? r->address : r->domain);
}

bool retry_may_route(struct job *job, struct mail_recipient *r)
{
    struct str address = routing_key(job, r, true);

    if (!heeds(job) ||
        (!waits(job, address) && !waits(job, routing_key(job, r, false)) && !waits(job, with_sender(job, address))))
        return true;
    set_waiting(r, DELIVERY_ROUTE_RETRY, STR("retry time not reached"));
    return false;
}

void retry_routed(struct job *job, const struct mail_recipient *r)
{
    forget(job, routing_key(job, r, true));
    forget(job, routing_key(job, r, false));
}

static struct str transport_key(struct job *job, const struct mail_recipient *r)
{
    if (r->target != TARGET_ADDRESS)
        return str_join(job->arena, STR("T:"), r->unique);
    return str_join(job->arena, STR("T:"), r->transport->retry_use_local_part.value ? r->address : r->domain);
}

bool retry_may_deliver(struct job *job, struct mail_recipient *first)
{
    if (!heeds(job) || !waits(job, transport_key(job, first)))
        return true;
    for (struct mail_recipient *r = first; r; r = r->next)
        set_waiting(r, DELIVERY_LOCAL_RETRY, STR("Retry time not yet reached"));
    return false;
}

void retry_delivered(struct job *job, const struct mail_recipient *r)
{
    if (!r->transport)
        return;
    if (((const struct transport_driver *)r->transport->instance.driver)->local)
        forget(job, transport_key(job, r));
    else
        forget(job, with_sender(job, routing_key(job, r, true)));
}

/* Those that were not tried have nothing to be noted, nor those that a mistake here keeps from being tried. */
static bool was_tried(const struct mail_recipient *r)
{
    return !delivery_was_waiting(r->error) && r->result != MAIL_PANIC;
}

bool retry_note(struct job *job, struct mail_recipient *r)
{
    struct retry_key what = {
        .key = r->address,
        .alternate = STR_NULL,
        .failure = {r->error, r->more_error},
        .sender = job->message->sender,
    };
    struct str text = str_is_null(r->message) ? STR("") : r->message;

    if (!was_tried(r))
        return r->timed_out;
    if (!r->transport) {
        bool whole = r->router && r->router->retry_use_local_part.value;

        what.key = whole ? r->address : r->domain;
        return note(job, routing_key(job, r, whole), &what, text);
    }
    if (((const struct transport_driver *)r->transport->instance.driver)->local) {
        if (r->target == TARGET_ADDRESS && !r->transport->retry_use_local_part.value)
            what.key = r->domain;
        return note(job, transport_key(job, r), &what, text);
    }
    if (r->retry_address) {
        struct str key = routing_key(job, r, true);

        return note(job, r->retry_sender ? with_sender(job, key) : key, &what, text);
    }
    return r->timed_out;
}

/* --- Hosts */

static struct str host_key(struct job *job, const struct mail_host *host, const struct delivery_retry *retry,
                           bool message)
{
    struct buffer b = BUFFER_IN(job->arena);

    buffer_add_cstr(&b, "T:");
    buffer_add(&b, host->name);
    if (!retry->without_address && !str_is_empty(host->address)) {
        buffer_add_char(&b, ':');
        buffer_add(&b, host->address);
    }
    if (retry->port > 0 && retry->port != 25)
        buffer_printf(&b, ":%d", retry->port);
    if (message) {
        buffer_add_char(&b, ':');
        buffer_add(&b, job->message->id);
    }
    return buffer_str(&b);
}

/* The record about the host, or about this message there, may keep it from being tried. */
static void apply(struct job *job, struct mail_host *host, struct str key)
{
    struct retry_record record;

    if (job->queue->options->mua_wrapper || !read_record(job, key, &record))
        return;
    host->first_failed = record.first_failed;
    host->last_try = record.last_try;
    if (record.next_try > job->now && !job->request->forced) {
        if (host->status != MAIL_HOST_UNUSABLE)
            host->status = record.expired ? MAIL_HOST_UNUSABLE_EXPIRED : MAIL_HOST_UNUSABLE;
    } else if (record.expired) {
        host->expired = true;
    }
}

static void retry_state(struct delivery *delivery, struct mail_host *host, const struct delivery_retry *retry)
{
    struct job *job = delivery->host_ctx;

    apply(job, host, host_key(job, host, retry, false));
    apply(job, host, host_key(job, host, retry, true));
}

static void note_host(struct delivery *delivery, const struct mail_host *host, const struct delivery_retry *retry,
                      int error, int more_error, struct str text)
{
    struct job *job = delivery->host_ctx;
    struct retry_key what = {
        .key = host->name,
        .alternate = delivery->recipients->domain,
        .failure = {error, more_error},
        .sender = job->message->sender,
    };

    job->hosts_failed++;
    job_message_log(job, "H=%.*s [%.*s]%.*s %.*s", STR_ARG(host->name), STR_ARG(host->address),
                    STR_ARG(log_selected(LOG_SEL_outgoing_port) ? str_printf(job->arena, ":%d", retry->port) : STR("")),
                    STR_ARG(text));
    if (note(job, host_key(job, host, retry, retry->message), &what, str_is_null(text) ? STR("") : text))
        job->hosts_expired++;
}

static void forget_host(struct delivery *delivery, const struct mail_host *host, const struct delivery_retry *retry)
{
    struct job *job = delivery->host_ctx;

    forget(job, host_key(job, host, retry, false));
    forget(job, host_key(job, host, retry, true));
}

bool retry_hosts_expired(const struct job *job)
{
    return job->hosts_failed > 0 && job->hosts_failed == job->hosts_expired;
}

static struct str next_message(struct delivery *delivery, const struct mail_host *host)
{
    struct job *job = delivery->host_ctx;

    return waiting_next(job, delivery->transport, host);
}

static void wait_for(struct delivery *delivery, const struct mail_host *hosts)
{
    struct job *job = delivery->host_ctx;

    for (const struct mail_host *host = hosts; host; host = host->next)
        waiting_add(job, delivery->transport, host);
}

const struct delivery_host retry_delivery_host = {
    .retry_state = retry_state,
    .note_host = note_host,
    .forget_host = forget_host,
    .next_message = next_message,
    .wait_for = wait_for,
};
