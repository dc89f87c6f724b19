/* Deliveries to other machines, several at a time (manual, 14: remote_max_parallel): see job.h. */
#include <poll.h>

#include "match/list.h"
#include "queue/process.h"

enum { MOST = 64 };

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

/* All of them, or those of queue_smtp_domains when the message has just come. */
static bool waits(struct job *job, const struct mail_recipient *r)
{
    const struct list *list = job->queue->options->queue_smtp_domains;
    struct error err = ERROR_IN(job->arena);

    if (job->request->local_only)
        return true;
    return list && !job->request->in_queue_run && !job->request->forced &&
           list_match(&job->scope, list, r->domain, NULL, &err) == MATCH_YES;
}

void job_put_off_remote(struct job *job)
{
    struct recipient_list go;
    struct mail_recipient *next;

    recipients_init(&go);
    for (struct mail_recipient *r = job->remote.first; r; r = next) {
        next = r->next;
        if (!waits(job, r)) {
            recipients_add(&go, r);
            continue;
        }
        r->result = MAIL_DEFER;
        r->error = DELIVERY_LOCAL_ONLY;
        r->message = STR("domain matches queue_smtp_domains, or -odqs set");
        job_settle(job, r, false);
    }
    job->remote = go;
    if (go.n == 0)
        recipients_init(&job->remote);
}

void job_deliver_remote(struct job *job)
{
    struct running running = {.max = (size_t)job->queue->options->remote_max_parallel};

    if (running.max < 1 || running.max > MOST)
        running.max = running.max < 1 ? 1 : MOST;
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
