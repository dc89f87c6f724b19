/* Deliveries in processes of their own: see process.h. A process notes its successes in the journal itself, as
 * soon as there are any, and keeps the lock on the message with its body open: whoever is killed, nobody
 * delivers a second time because of it. */
#include "queue/process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "queue/fork.h"
#include "queue/results.h"

static void fail_all(struct mail_recipient *first, int error, struct str message)
{
    for (struct mail_recipient *r = first; r; r = r->next)
        if (r->result == MAIL_PENDING) {
            r->result = MAIL_DEFER;
            r->error = error;
            r->message = message;
        }
}

static void note_successes(struct job *job, const struct mail_recipient *first)
{
    for (const struct mail_recipient *r = first; r; r = r->next)
        if (r->result == MAIL_OK && !job->request->dont_deliver)
            journal_add(job, r);
}

/* A message that waits for the host that is connected goes down the same connection. */
static void go_on(struct job *job, const struct delivery *delivery)
{
    const struct delivery_request request = {
        .queue = job->request->queue,
        .id = delivery->next_message,
        .in_queue_run = job->request->in_queue_run,
        .held = delivery->held,
        .held_transport = delivery->transport,
        .run_fd = job->request->run_fd,
    };

    if (!delivery->held)
        return;
    if (str_is_empty(delivery->next_message) || !queue_deliver(job->queue, &request))
        transport_release(delivery->held);
}

static _Noreturn void run(struct job *job, struct mail_recipient *first, int out)
{
    struct delivery delivery = {.held = NULL, .next_message = STR_NULL};
    struct str octets;

    delivery_run(job, first, &delivery);
    note_successes(job, first);
    octets = results_write(job->arena, first);
    if (!spool_write(out, octets.s, octets.n))
        log_write(LOG_MAIN | LOG_PANIC, "delivery process cannot tell its results: %s", strerror(errno));
    close(out);
    close(job->message->body_fd);
    go_on(job, &delivery);
    log_close();
    _exit(0);
}

static bool start(struct job *job, struct mail_recipient *first, struct delivery_process *process)
{
    int ends[2];

    *process = (struct delivery_process){.first = first, .pid = -1, .fd = -1, .output = BUFFER_IN(job->arena)};
    gettimeofday(&process->begun, NULL);
    if (!journal_open(job, first)) { /* nothing may be delivered that cannot be noted */
        fail_all(first, errno, STR("journal cannot be written"));
        return false;
    }
    if (pipe2(ends, O_CLOEXEC) != 0) {
        fail_all(first, errno, STR("unable to create pipe for a delivery process"));
        return false;
    }
    process->pid = queue_fork(job->queue->hints);
    if (process->pid == 0) {
        close(ends[0]);
        run(job, first, ends[1]);
    }
    close(ends[1]);
    process->fd = ends[0];
    if (process->pid > 0)
        return true;
    fail_all(first, errno, STR("fork failed for a delivery process"));
    close(ends[0]);
    return false;
}

bool delivery_process_start(struct job *job, struct mail_recipient *first, struct delivery_process *process)
{
    bool claimed;

    if (!parallel_claim(job, first, &claimed))
        return false;
    if (start(job, first, process)) {
        process->claimed = claimed;
        return true;
    }
    if (claimed)
        parallel_release(job, first);
    return false;
}

static void finish(struct job *job, struct delivery_process *process)
{
    struct timeval now, spent = {0};
    int status = 0;

    close(process->fd);
    if (!results_read(job->arena, process->first, buffer_str(&process->output))) {
        while (waitpid(process->pid, &status, 0) < 0 && errno == EINTR)
            continue;
        log_write(LOG_MAIN | LOG_PANIC, "delivery process %d died (status %#x): its addresses are put off",
                  (int)process->pid, (unsigned)status);
        fail_all(process->first, DELIVERY_UNKNOWN, STR("delivery process died"));
    } else {
        waitpid(process->pid, NULL, WNOHANG); /* it may go on with another message */
    }
    if (process->claimed)
        parallel_release(job, process->first);
    gettimeofday(&now, NULL);
    if (timercmp(&now, &process->begun, >))
        timersub(&now, &process->begun, &spent);
    for (struct mail_recipient *r = process->first; r; r = r->next)
        r->delivery_time = spent;
}

bool delivery_process_read(struct job *job, struct delivery_process *process)
{
    char block[4096];
    ssize_t n = read(process->fd, block, sizeof block);

    if (n > 0) {
        buffer_add_n(&process->output, block, (size_t)n);
        return true;
    }
    if (n < 0 && errno == EINTR)
        return true;
    finish(job, process);
    return false;
}
