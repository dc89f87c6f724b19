/* The journal: who has a message already, while an attempt at delivering it is under way (manual, 57). */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "queue/envelope.h"
#include "queue/job.h"

static size_t octets(const struct mail_recipient *r)
{
    size_t n = 0;

    for (; r; r = r->next)
        n += r->unique.n + 1;
    return n;
}

/* Room for all that may have to be noted: an address that has the message while the disk is full would otherwise get
 * it again. File systems that cannot reserve it go without. */
static bool reserve(const struct job *job, const struct mail_recipient *going)
{
    enum { PARENTS = 4096 };
    size_t n = octets(going) + octets(job->local.first) + octets(job->remote.first) + PARENTS;

    return fallocate(job->journal_fd, FALLOC_FL_KEEP_SIZE, 0, (off_t)n) == 0 || (errno != ENOSPC && errno != EDQUOT);
}

bool journal_open(struct job *job, const struct mail_recipient *going)
{
    struct error err = ERROR_IN(job->arena);

    int error;

    if (job->journal_fd >= 0)
        return true;
    job->journal_fd = spool_create(&job->queue->spool, job_path(job, "input", "-J"), O_WRONLY | O_APPEND, &err);
    if (job->journal_fd >= 0 && reserve(job, going))
        return true;
    error = errno;
    if (job->journal_fd < 0) {
        log_write(LOG_MAIN | LOG_PANIC, "Couldn't open journal file: %.*s", STR_ARG(err.text));
    } else {
        log_write(LOG_MAIN | LOG_PANIC, "no room for the journal: %s", strerror(error));
        close(job->journal_fd);
        job->journal_fd = -1;
    }
    errno = error;
    return false;
}

bool journal_add(struct job *job, const struct mail_recipient *recipient)
{
    struct error err = ERROR_IN(job->arena);
    struct str line = str_join(job->arena, recipient->unique, STR("\n"));

    if (!journal_open(job, recipient))
        return false;
    if (spool_write(job->journal_fd, line.s, line.n) && spool_sync(&job->queue->spool, job->journal_fd, &err))
        return true;
    log_write(LOG_MAIN | LOG_PANIC, "failed to update journal for %.*s: %s", STR_ARG(recipient->unique),
              strerror(errno));
    return false;
}

/* A line that was not written to its end does not count: its address is delivered to once more. */
static void take_lines(struct job *job, struct str content)
{
    const char *p = content.s, *end = str_end(content), *lf;

    while ((lf = p < end ? memchr(p, '\n', (size_t)(end - p)) : NULL)) {
        address_set_add(&job->message->delivered, (struct str){p, (size_t)(lf - p), true});
        p = lf + 1;
    }
}

bool journal_replay(struct job *job)
{
    struct error err = ERROR_IN(job->arena);
    struct str path = job_path(job, "input", "-J"), content;

    if (!spool_read(job->arena, path, &content, &err)) {
        if (errno != ENOENT)
            log_write(LOG_MAIN | LOG_PANIC, "%.*s", STR_ARG(err.text));
        return errno == ENOENT;
    }
    take_lines(job, content);
    if (!spool_replace(&job->queue->spool, job_path(job, "input", "-H"),
                       envelope_write(job->arena, job->message, job->queue->process->primary_hostname), &err)) {
        log_write(LOG_MAIN | LOG_PANIC, "%.*s", STR_ARG(err.text));
        return false;
    }
    unlink(path.s);
    return true;
}
