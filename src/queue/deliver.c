/* Delivering one message: see queue.h. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "lookups/lookup.h"
#include "queue/fork.h"
#include "queue/process.h"

/* --- Frozen messages */

static void thaw(struct job *job, const char *why)
{
    job->message->frozen = false;
    log_write(LOG_MAIN, "Unfrozen by %s", why);
}

static bool is_past(int64_t now, int64_t then, int limit)
{
    return limit > 0 && now >= then + limit;
}

/* A bounce, or with timeout_frozen_after anything, that has been frozen for too long is given up. */
static bool is_given_up(struct job *job)
{
    const struct main_options *o = job->queue->options;
    struct mail_message *m = job->message;
    int64_t age = job->now - m->received.tv_sec;

    if (is_past(job->now, m->frozen_at, o->timeout_frozen_after)) {
        log_write(LOG_MAIN, "cancelled by timeout_frozen_after");
        return true;
    }
    if (str_is_empty(m->sender) && o->ignore_bounce_errors_after > 0 && age >= o->ignore_bounce_errors_after) {
        thaw(job, "ignore_bounce_errors_after");
        return false;
    }
    return false;
}

enum frozen { FROZEN_GO_ON, FROZEN_SKIP, FROZEN_GIVE_UP };

static enum frozen check_frozen(struct job *job)
{
    struct mail_message *m = job->message;

    if (!m->frozen)
        return FROZEN_GO_ON;
    if (job->request->force_frozen) {
        thaw(job, "forced delivery");
        return FROZEN_GO_ON;
    }
    if (is_given_up(job))
        return FROZEN_GIVE_UP;
    if (!m->frozen)
        return FROZEN_GO_ON;
    if (!m->local_error && is_past(job->now, m->frozen_at, job->queue->options->auto_thaw)) {
        thaw(job, "auto-thaw");
        return FROZEN_GO_ON;
    }
    if (log_selected(LOG_SEL_skip_delivery))
        log_write(LOG_MAIN, "Message is frozen");
    return FROZEN_SKIP;
}

/* --- The attempt */

/* Copies: the envelope itself stays as it is, for the spool file. */
static void collect(struct job *job)
{
    for (const struct mail_recipient *r = job->message->recipients; r; r = r->next) {
        struct mail_recipient *copy = ARENA_NEW(job->arena, struct mail_recipient);

        *copy = *r;
        if (!str_is_null(r->properties.errors_address) && r->one_time_parent < 0)
            copy->properties.errors_address = STR_NULL;
        copy->next = job->todo.first;
        job->todo.first = copy;
        if (!copy->next)
            job->todo.last = &copy->next;
        job->todo.n++;
    }
}

static void give_up(struct job *job, struct str why)
{
    struct mail_recipient **last = &job->failed.first;

    while (job->todo.first) {
        struct mail_recipient *r = job->todo.first;

        job->todo.first = r->next;
        if (address_set_has(&job->message->delivered, r->unique))
            continue;
        r->result = MAIL_FAIL;
        r->message = why;
        r->next = NULL;
        *last = r;
        last = &r->next;
        job->failed.n++;
    }
    recipients_init(&job->todo);
}

/* As if routing had failed for each, in the order of the envelope, which is the opposite of the list's. */
static void fail_all(struct job *job, struct str why)
{
    struct mail_recipient *r = job->todo.first, *reversed = NULL, *next;

    recipients_init(&job->todo);
    for (; r; r = next) {
        next = r->next;
        r->next = reversed;
        reversed = r;
    }
    for (r = reversed; r; r = next) {
        next = r->next;
        r->next = NULL;
        if (address_set_has(&job->message->delivered, r->unique))
            continue;
        r->result = MAIL_FAIL;
        r->message = why;
        job_settle(job, r, false);
    }
}

/* Every machine on the way adds a Received: line: a message with so many goes in circles (manual, 14:
 * received_headers_max). */
static bool is_looping(const struct job *job)
{
    int n = 0;

    for (const struct mail_header *h = job->message->headers; h; h = h->next)
        n += h->type == HEADER_RECEIVED;
    return n > job->queue->options->received_headers_max;
}

/* What was opened for the attempt. */
static void end_attempt(struct job *job)
{
    if (job->journal_fd >= 0)
        close(job->journal_fd);
    close(job->message->body_fd);
}

/* False: with mua_wrapper, the message was not delivered. */
static bool attempt(struct job *job)
{
    bool ok = true;

    collect(job);
    if (job->queue->options->mua_wrapper && !job->request->give_up) {
        ok = job_deliver_together(job);
        end_attempt(job);
        return ok;
    }
    if (job->request->give_up) {
        log_write(LOG_MAIN, "cancelled by %.*s", STR_ARG(job->request->who));
        give_up(job, STR("delivery cancelled by administrator"));
    } else if (is_looping(job)) {
        fail_all(job, STR("Too many \"Received\" headers - suspected mail loop"));
    } else {
        job_route(job);
        job_deliver_local(job);
        job_put_off_remote(job);
        job_deliver_remote(job);
    }
    job_finish(job);
    end_attempt(job);
    return true;
}

static bool run(struct job *job)
{
    switch (job_load(job)) {
    case JOB_LOADED:
        break;
    case JOB_BUSY:
        if (log_selected(LOG_SEL_skip_delivery))
            log_write(LOG_MAIN, "Spool file is locked (another process is handling this message)");
        return false;
    case JOB_GONE:
        if (job->request->forced && !job->request->in_queue_run)
            job_log_gone(job);
        return false;
    case JOB_BROKEN:
        return false;
    }
    if (!journal_replay(job) || (job->request->first_only && !job->message->first_delivery)) {
        close(job->message->body_fd);
        return false;
    }
    switch (check_frozen(job)) {
    case FROZEN_GO_ON:
        break;
    case FROZEN_SKIP:
        close(job->message->body_fd);
        return false;
    case FROZEN_GIVE_UP:
        collect(job);
        give_up(job, STR("message frozen for too long"));
        job_finish(job);
        end_attempt(job);
        return true;
    }
    return attempt(job);
}

/* deliver_drop_privilege. False: that was not possible, which the log says. */
static bool drop_privilege(const struct queue *queue)
{
    const struct delivery_user user = {queue->process->exim_uid, queue->process->exim_gid, .initgroups = true};
    struct arena *arena;
    struct error err;
    bool ok;

    if (!queue->options->deliver_drop_privilege)
        return true;
    arena = arena_new(ARENA_PLAIN);
    err = ERROR_IN(arena);
    ok = delivery_user_become(&user, &err);
    if (!ok)
        log_write(LOG_MAIN | LOG_PANIC, "delivery cannot give up privilege: %.*s", STR_ARG(err.text));
    arena_free(arena);
    return ok;
}

/* Enough messages wait for a host: this one goes first, and the others follow on its connection, while the queue
 * run looks for more. */
static void ramp(const struct queue *queue, const struct delivery_request *request)
{
    const struct delivery_request at_once = {.queue = request->queue,
                                             .id = request->id,
                                             .in_queue_run = true,
                                             .forced = request->forced,
                                             .run_fd = request->run_fd};

    queue_deliver_in_process(queue, &at_once, false);
}

bool queue_deliver(const struct queue *queue, const struct delivery_request *request)
{
    struct arena *arena = arena_new(ARENA_PLAIN);
    struct job job = {
        .queue = queue,
        .request = request,
        .arena = arena,
        .journal_fd = -1,
        .seen = {.arena = arena},
    };
    struct recipient_list *const lists[] = {&job.todo,   &job.local,    &job.remote,
                                            &job.failed, &job.deferred, &job.succeeded};
    bool tried;

    if (!drop_privilege(queue)) {
        arena_free(arena);
        return false;
    }
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        recipients_init(lists[i]);
    tried = run(&job);
    log_set_message(STR_NULL);
    search_tidyup();
    if (job.ramp)
        ramp(queue, request);
    arena_free(arena);
    return tried;
}

/* --- In a process of its own */

static _Noreturn void run_process(const struct queue *queue, const struct delivery_request *request)
{
    bool ok = queue_deliver(queue, request);

    log_close();
    _exit(ok ? 0 : 1);
}

/* Until nobody has the other end open. */
static void wait_for_end(int fd)
{
    char none;

    while (read(fd, &none, 1) < 0 && errno == EINTR)
        continue;
    close(fd);
}

bool queue_deliver_in_process(const struct queue *queue, const struct delivery_request *request, bool wait)
{
    struct delivery_request own = *request;
    int ends[2], status = 0;
    bool in_run = wait && request->in_queue_run && pipe2(ends, O_CLOEXEC) == 0;
    pid_t pid = wait ? queue_fork(queue->hints) : queue_fork_away(queue->hints);

    if (pid == 0) {
        if (!wait && own.run_fd > 0) {
            close(own.run_fd);
            own.run_fd = 0;
        }
        if (in_run) {
            close(ends[0]);
            own.run_fd = ends[1];
        }
        run_process(queue, &own);
    }
    if (in_run)
        close(ends[1]);
    if (pid < 0)
        log_write(LOG_MAIN | LOG_PANIC, "cannot start a delivery process: %s", strerror(errno));
    while (wait && pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
        continue;
    if (in_run)
        wait_for_end(ends[0]);
    return pid > 0 && (!queue->options->mua_wrapper || status == 0);
}
