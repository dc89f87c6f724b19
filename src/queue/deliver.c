/* Delivering one message: see queue.h. */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "lookups/lookup.h"
#include "queue/job.h"

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

static void attempt(struct job *job)
{
    collect(job);
    if (job->request->give_up) {
        log_write(LOG_MAIN, "cancelled by %.*s", STR_ARG(job->request->who));
        give_up(job, STR("delivery cancelled by administrator"));
    } else {
        job_route(job);
        job_deliver_local(job);
        job_put_off_remote(job);
        job_deliver_remote(job);
    }
    job_finish(job);
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
        return true;
    }
    attempt(job);
    return true;
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

    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        recipients_init(lists[i]);
    tried = run(&job);
    log_set_message(STR_NULL);
    search_tidyup();
    arena_free(arena);
    return tried;
}

/* --- In a process of its own */

/* What a daemon or a session has set up is not for a delivery. */
static void leave_parent(void)
{
    static const int by_default[] = {SIGHUP, SIGINT, SIGTERM, SIGCHLD, SIGUSR1, SIGALRM};
    sigset_t none;

    for (size_t i = 0; i < sizeof by_default / sizeof *by_default; i++)
        signal(by_default[i], SIG_DFL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    setsid();
}

bool queue_deliver_in_process(const struct queue *queue, const struct delivery_request *request, bool wait)
{
    pid_t pid = fork();

    if (pid == 0) {
        if (!wait) { /* nobody waits: a process in between ends at once, so that there is nobody to be waited for */
            leave_parent();
            if (fork() != 0)
                _exit(0);
        }
        queue_deliver(queue, request);
        log_close();
        _exit(0);
    }
    if (pid < 0) {
        log_write(LOG_MAIN | LOG_PANIC, "cannot start a delivery process: %s", strerror(errno));
        return false;
    }
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
        continue;
    return true;
}
