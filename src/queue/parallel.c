/* How many runs of a transport there may be at the same time, of all messages (manual, chapter 24: max_parallel): see
 * job.h. A record has the messages that runs are for, with their queues, one for each run: whose message is not locked
 * any more did not live to take his run out of it, and is not counted. */
#include <limits.h>
#include <stdlib.h>

#include "base/log.h"
#include "expand/expand.h"
#include "hints/fields.h"
#include "hints/hints.h"
#include "mail/id.h"
#include "queue/job.h"

enum {
    LAYOUT = 1,
    STALE_AFTER = 6 * 60 * 60, /* seconds without a change */
};

static struct str key_of(struct job *job, const struct transport_instance *transport)
{
    return str_join(job->arena, STR("max-parallel-"), transport->instance.name);
}

static bool read_number(struct str text, int *number)
{
    char *end;
    long value = strtol(text.s, &end, 0);

    *number = (int)value;
    return end > text.s && *end == '\0' && value >= 0 && value <= INT_MAX;
}

/* The option; 0: no limit. False: *why. */
static bool read_limit(struct job *job, const struct mail_recipient *first, int *limit, struct str *why)
{
    const struct template *t = first->transport->max_parallel;
    struct error err = ERROR_IN(job->arena);
    struct str text;

    *limit = 0;
    job_show_run(job, first);
    switch (t ? expand(&job->scope, t, job->arena, &text, &err) : EXPAND_FORCED) {
    case EXPAND_OK:
        break;
    case EXPAND_FORCED:
        return true;
    case EXPAND_DEFER:
    case EXPAND_FAILED:
        *why = err.text;
        return false;
    }
    text = str_trim(job->arena, text);
    if (str_is_empty(text) || read_number(text, limit))
        return true;
    *why = str_printf(job->arena, "integer expected but \"%.*s\" found", STR_ARG(text));
    return false;
}

/* --- The record */

struct change {
    struct job *job;
    int limit; /* of a claim; -1: one of ours goes */
    bool allowed;
};

static void add_run(struct buffer *out, struct str queue, struct str id)
{
    fields_add_str(out, queue);
    fields_add_str(out, id);
}

/* Copies the runs that are there, without one of ours if one is to go. Returns how many. */
static int copy_living(struct change *c, struct str value, struct buffer *out)
{
    struct fields fields;
    bool drop = c->limit < 0;
    int n = 0;

    fields_add_int(out, LAYOUT);
    if (!fields_begin(&fields, value, LAYOUT))
        return 0;
    while (!fields_end(&fields)) {
        struct str queue = fields_str(&fields), id = fields_str(&fields);

        if (fields.bad)
            break;
        queue = str_copy(c->job->arena, queue);
        id = str_copy(c->job->arena, id);
        if (drop && str_eq(id, c->job->message->id)) {
            drop = false;
        } else if (mail_id_is_valid(id) && spool_is_locked(&c->job->queue->spool, c->job->arena, queue, id)) {
            add_run(out, queue, id);
            n++;
        }
    }
    return n;
}

static enum hints_change change(void *context, bool found, struct hints_record *record)
{
    struct change *c = context;
    struct buffer value = BUFFER_IN(c->job->arena);
    int n = copy_living(c, found ? record->value : STR(""), &value);

    c->allowed = n < c->limit;
    if (c->allowed) {
        add_run(&value, c->job->request->queue, c->job->message->id);
        n++;
    }
    record->value = buffer_str(&value);
    record->expires = c->job->now + STALE_AFTER;
    return n > 0 ? HINTS_WRITE : found ? HINTS_DELETE : HINTS_KEEP;
}

/* Without the hints store there is nothing to count with: then there is no limit. */
static bool update(struct job *job, const struct transport_instance *transport, int limit)
{
    struct change c = {.job = job, .limit = limit, .allowed = true};
    struct error err = ERROR_IN(job->arena);

    if (job->queue->hints && !hints_update(job->queue->hints, HINTS_MISC, key_of(job, transport), job->arena, change,
                                           &c, &err)) {
        log_write(LOG_MAIN | LOG_PANIC, "%.*s", STR_ARG(err.text));
        return true;
    }
    return c.allowed;
}

/* --- Runs */

static void put_off(struct mail_recipient *first, int error, struct str why)
{
    for (struct mail_recipient *r = first; r; r = r->next) {
        r->result = MAIL_DEFER;
        r->error = error;
        r->message = why;
    }
}

bool parallel_claim(struct job *job, struct mail_recipient *first, bool *claimed)
{
    struct str why;
    int limit;

    *claimed = false;
    if (!read_limit(job, first, &limit, &why)) {
        why = str_printf(job->arena, "Failed to expand max_parallel option in %.*s transport (%.*s): %.*s",
                         STR_ARG(first->transport->instance.name), STR_ARG(first->address), STR_ARG(why));
        log_write(LOG_MAIN | LOG_PANIC, "%.*s", STR_ARG(why));
        put_off(first, DELIVERY_EXPANSION, why);
        return false;
    }
    if (limit == 0)
        return true;
    *claimed = update(job, first->transport, limit);
    if (!*claimed)
        put_off(first, DELIVERY_CONCURRENCY, STR("concurrency limit reached for transport"));
    return *claimed;
}

void parallel_release(struct job *job, const struct mail_recipient *first)
{
    update(job, first->transport, -1);
}
