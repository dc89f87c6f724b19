/* Messages that wait for a host: see waiting.h. There is one record for each transport and host: the ids one behind
 * the other, the oldest first. */
#include "queue/waiting.h"

#include <string.h>

#include "base/log.h"
#include "mail/id.h"

enum { MOST = 200 /* ids in a record: later ones are found by queue runs */ };

static struct str key_of(struct job *job, const struct transport_instance *transport, const struct mail_host *host)
{
    return str_join3(job->arena, transport->instance.name, STR(":"), str_lower(job->arena, host->name));
}

struct adding {
    struct job *job;
    struct str id;
    size_t n; /* ids in the record, when there is a new one */
};

static enum hints_change add(void *context, bool found, struct hints_record *record)
{
    struct adding *a = context;
    size_t n = found ? record->value.n / MAIL_ID_LENGTH : 0;

    for (size_t i = 0; i < n; i++)
        if (memcmp(record->value.s + i * MAIL_ID_LENGTH, a->id.s, MAIL_ID_LENGTH) == 0)
            return HINTS_KEEP;
    if (n >= MOST)
        return HINTS_KEEP;
    a->n = n + 1;
    record->value = str_join(a->job->arena, found ? record->value : STR(""), a->id);
    record->expires = a->job->now + a->job->queue->options->retry_data_expire;
    return HINTS_WRITE;
}

size_t waiting_add(struct job *job, const struct transport_instance *transport, const struct mail_host *host)
{
    struct adding a = {.job = job, .id = job->message->id};
    struct error err = ERROR_IN(job->arena);

    if (!job->queue->hints || a.id.n != MAIL_ID_LENGTH)
        return 0;
    if (!hints_update(job->queue->hints, HINTS_WAIT, key_of(job, transport, host), job->arena, add, &a, &err))
        log_write(LOG_MAIN | LOG_PANIC, "waiting messages: %.*s", STR_ARG(err.text));
    return a.n;
}

static enum hints_change take(void *context, bool found, struct hints_record *record)
{
    struct adding *a = context;

    a->id = STR_NULL;
    if (!found || record->value.n < MAIL_ID_LENGTH)
        return found ? HINTS_DELETE : HINTS_KEEP;
    a->id = str_copy_n(a->job->arena, record->value.s, MAIL_ID_LENGTH, true);
    record->value = str_sub(a->job->arena, record->value, MAIL_ID_LENGTH, record->value.n);
    return record->value.n > 0 ? HINTS_WRITE : HINTS_DELETE;
}

struct str waiting_next(struct job *job, const struct transport_instance *transport, const struct mail_host *host)
{
    struct adding a = {.job = job, .id = STR_NULL};
    struct error err = ERROR_IN(job->arena);
    char sub;

    if (!job->queue->hints)
        return STR_NULL;
    do {
        if (!hints_update(job->queue->hints, HINTS_WAIT, key_of(job, transport, host), job->arena, take, &a, &err)) {
            log_write(LOG_MAIN | LOG_PANIC, "waiting messages: %.*s", STR_ARG(err.text));
            return STR_NULL;
        }
    } while (!str_is_null(a.id) && (str_eq(a.id, job->message->id) || !mail_id_is_valid(a.id) ||
                                    !spool_find(&job->queue->spool, job->request->queue, a.id, &sub)));
    return a.id;
}
