/* Deliveries to other machines, several at a time (manual, 14: remote_max_parallel), or not now: see job.h. */
#include <poll.h>

#include "base/strlist.h"
#include "expand/expand.h"
#include "match/list.h"
#include "queue/process.h"
#include "queue/waiting.h"

enum {
    MOST = 64, /* processes at a time */
    RAMP = 10, /* messages that wait for a host when queue_fast_ramp has a connection made */
};

struct running {
    struct delivery_process v[MOST];
    size_t n, max;
};

/* Waits until one of them says something, and hears all that do. */
static void wait_for_some(struct job *job, struct running *running)
{
    struct pollfd fds[MOST];

    for (size_t i = 0; i < running->n; i++)
        fds[i] = (struct pollfd){.fd = running->v[i].fd, .events = POLLIN};
    if (poll(fds, running->n, -1) < 0)
        return;
    for (size_t i = running->n; i-- > 0;)
        if (fds[i].revents && !delivery_process_read(job, &running->v[i])) {
            struct mail_recipient *first = running->v[i].first;

            running->v[i] = running->v[--running->n];
            job_settle_all(job, first);
        }
}

/* --- Those that wait */

/* Whoever reaches one of the recipient's hosts may send this message, too. */
static void note_hosts(struct job *job, struct mail_recipient *r)
{
    const struct transport_driver *driver = (const struct transport_driver *)r->transport->instance.driver;
    struct delivery delivery = delivery_of(job, r->transport, r);

    job_show(job, r);
    if (!driver->hosts)
        return;
    for (const struct mail_host *host = driver->hosts(&delivery); host; host = host->next)
        if (waiting_add(job, r->transport, host) == RAMP)
            job->ramp = job->request->fast_ramp && job->request->remote == REMOTE_NOTED;
}

static bool is_in_queue_smtp_domains(struct job *job, const struct mail_recipient *r)
{
    const struct list *list = job->queue->options->queue_smtp_domains;
    struct error err = ERROR_IN(job->arena);

    return list && !job->request->in_queue_run && !job->request->forced &&
           list_match(&job->scope, list, r->domain, NULL, &err) == MATCH_YES;
}

static void put_off(struct mail_recipient *r, int error, struct str text)
{
    r->result = MAIL_DEFER;
    r->error = error;
    r->message = text;
}

static void put_off_routed(struct mail_recipient *r)
{
    put_off(r, DELIVERY_UNKNOWN, STR("first-pass only routing due to -odqs, queue_smtp_domains or control=queue"));
}

/* True: the recipient waits, and its result says why. */
static bool waits(struct job *job, struct mail_recipient *r)
{
    switch (job->request->remote) {
    case REMOTE_SUPPRESSED:
        put_off(r, DELIVERY_LOCAL_ONLY, STR("remote deliveries suppressed"));
        return true;
    case REMOTE_QUEUED:
        put_off(r, 0, STR("SMTP delivery explicitly queued"));
        break;
    case REMOTE_NOTED:
        put_off(r, DELIVERY_LOCAL_ONLY, STR("first pass"));
        break;
    case REMOTE_ROUTED:
        put_off_routed(r);
        break;
    case REMOTE_NOW:
        if (!is_in_queue_smtp_domains(job, r))
            return false;
        put_off_routed(r);
        break;
    }
    note_hosts(job, r);
    return true;
}

void job_put_off_remote(struct job *job)
{
    struct recipient_list go;
    struct mail_recipient *next;

    recipients_init(&go);
    for (struct mail_recipient *r = job->remote.first; r; r = next) {
        next = r->next;
        if (!waits(job, r))
            recipients_add(&go, r);
        else if (job->request->remote == REMOTE_NOTED) /* which is nobody's concern: the second pass is to come */
            recipients_add(&job->deferred, r);
        else
            job_settle(job, r, false);
    }
    job->remote = go;
    if (go.n == 0)
        recipients_init(&job->remote);
}

/* --- remote_sort_domains */

static void take_matching(struct job *job, struct str pattern, struct recipient_list *sorted)
{
    struct recipient_list rest;
    struct mail_recipient *next;

    recipients_init(&rest);
    for (struct mail_recipient *r = job->remote.first; r; r = next) {
        bool matches =
            list_match_text(&job->scope, MATCH_DOMAIN_LIST, r->domain, pattern, NULL, NULL) == MATCH_YES;

        next = r->next;
        recipients_add(matches ? sorted : &rest, r);
    }
    job->remote = rest;
    if (rest.n == 0)
        recipients_init(&job->remote);
}

static void sort_domains(struct job *job)
{
    const struct template *option = job->queue->options->remote_sort_domains;
    struct recipient_list sorted;
    struct strlist list;
    struct str text, pattern;

    if (!option || job->remote.n < 2 || expand(&job->scope, option, job->arena, &text, NULL) != EXPAND_OK)
        return;
    recipients_init(&sorted);
    strlist_begin(&list, text, ':');
    while (strlist_next(&list, job->arena, &pattern))
        take_matching(job, pattern, &sorted);
    while (job->remote.n > 0) {
        struct mail_recipient *r = job->remote.first;

        job->remote.first = r->next;
        job->remote.n--;
        recipients_add(&sorted, r);
    }
    job->remote = sorted;
    if (sorted.n == 0)
        recipients_init(&job->remote);
}

void job_deliver_remote(struct job *job)
{
    struct running running = {.max = (size_t)job->queue->options->remote_max_parallel};

    if (running.max < 1 || running.max > MOST)
        running.max = running.max < 1 ? 1 : MOST;
    sort_domains(job);
    while (job->remote.n > 0 || running.n > 0) {
        while (job->remote.n > 0 && running.n < running.max) {
            struct mail_recipient *first = group_take(job, &job->remote);

            if (delivery_process_start(job, first, &running.v[running.n]))
                running.n++;
            else
                job_settle_all(job, first);
        }
        if (running.n > 0)
            wait_for_some(job, &running);
    }
}
