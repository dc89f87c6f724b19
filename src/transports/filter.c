/* Transport filters: see filter.h. */
#include "transports/filter.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "transports/pipeline.h"

/* In the process that feeds the filter. */
static bool feed(void *ctx, int fd)
{
    const struct message_writer *writer = ctx;
    struct message_writer plain = *writer;
    struct error err = ERROR_IN(writer->delivery->arena);

    plain.filter = NULL;
    plain.crlf = plain.dots = plain.end_dot = false;
    plain.check_string = plain.escape_string = STR("");
    plain.write = pipeline_write;
    plain.ctx = &fd;
    return message_writer_run(&plain, &err);
}

static void become_filter(void *ctx)
{
    const struct message_writer *writer = ctx;

    execv(writer->filter[0], writer->filter);
}

static bool copy_output(struct pipeline *p, int timeout, struct line_output *output, struct error *err)
{
    char block[8192];
    size_t held = 0;

    for (;;) {
        struct pollfd wait = {.fd = p->out, .events = POLLIN};
        int ready = poll(&wait, 1, timeout > 0 ? timeout * 1000 : -1);
        ssize_t n, taken;

        if (ready < 0 && errno == EINTR)
            continue;
        if (ready == 0)
            return error_set(err, "transport filter timed out");
        n = read(p->out, block + held, sizeof block - held);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return error_set(err, "transport filter: %s", strerror(errno));
        taken = line_output_take(output, block, held + (size_t)n, false, n == 0);
        if (taken < 0)
            return error_set(err, "%s", strerror(errno));
        if (n == 0)
            return true;
        held = held + (size_t)n - (size_t)taken;
        memmove(block, block + taken, held);
    }
}

/* Exim's word for how a process ended: its exit code, or the signal as a negative number. */
static int code_of(pid_t pid)
{
    int status = 0;

    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        continue;
    return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

bool message_filter_run(struct message_writer *writer, struct line_output *output, struct error *err)
{
    const struct pipeline_work work = {become_filter, feed, writer, " for transport filter"};
    struct pipeline p = {-1, -1, -1};
    bool ok;
    int filter, feeder;

    if (!pipeline_start(&work, &p, err))
        return false;
    ok = copy_output(&p, writer->delivery->transport->transport_filter_timeout, output, err);
    close(p.out);
    if (!ok) {
        kill(p.command, SIGKILL);
        kill(p.feeder, SIGKILL);
    }
    filter = code_of(p.command);
    feeder = code_of(p.feeder);
    if (!ok)
        return false;
    if (filter != 0)
        return error_set(err, "transport filter process failed (%d)%s", filter,
                         filter == 127 ? ": unable to execute command" : "");
    return feeder == 0 || error_set(err, "process writing to transport filter failed (%d)", feeder);
}
