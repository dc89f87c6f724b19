/* Transport filters: see filter.h. Three processes as in a shell's pipeline: one writes the message, one is
 * the filter, this one reads. */
#include "transports/filter.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"

static bool write_all(void *ctx, const char *p, size_t n)
{
    int fd = *(int *)ctx;

    while (n > 0) {
        ssize_t done = write(fd, p, n);

        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            return false;
        p += done;
        n -= (size_t)done;
    }
    return true;
}

/* The process that feeds the filter. A filter that does not want all of it is no failure. */
static _Noreturn void feed(const struct message_writer *writer, int fd)
{
    struct message_writer plain = *writer;
    struct error err = ERROR_IN(writer->delivery->arena);

    plain.filter = NULL;
    plain.crlf = plain.dots = plain.end_dot = false;
    plain.check_string = plain.escape_string = STR("");
    plain.write = write_all;
    plain.ctx = &fd;
    _exit(message_writer_run(&plain, &err) || errno == EPIPE ? 0 : 1);
}

static _Noreturn void become_filter(char *const *argv, int in, int out)
{
    dup2(in, STDIN_FILENO);
    dup2(out, STDOUT_FILENO);
    dup2(out, STDERR_FILENO);
    signal(SIGPIPE, SIG_DFL);
    execv(argv[0], argv);
    _exit(127);
}

struct pipeline {
    pid_t feeder, filter;
    int out;
};

static bool start(const struct message_writer *writer, struct pipeline *p, struct error *err)
{
    int in[2], out[2];

    if (pipe2(in, O_CLOEXEC) != 0)
        return error_set(err, "Failed to create pipe for transport filter: %s", strerror(errno));
    if (pipe2(out, O_CLOEXEC) != 0) {
        close(in[0]);
        close(in[1]);
        return error_set(err, "Failed to create pipe for transport filter: %s", strerror(errno));
    }
    p->filter = fork();
    if (p->filter == 0)
        become_filter(writer->filter, in[0], out[1]);
    p->feeder = p->filter < 0 ? -1 : fork();
    if (p->feeder == 0) {
        close(in[0]);
        close(out[0]);
        close(out[1]);
        feed(writer, in[1]);
    }
    close(in[0]);
    close(in[1]);
    close(out[1]);
    p->out = out[0];
    if (p->feeder > 0)
        return true;
    error_set(err, "Failed to create process for transport filter: %s", strerror(errno));
    close(p->out);
    if (p->filter > 0) {
        kill(p->filter, SIGKILL);
        waitpid(p->filter, NULL, 0);
    }
    return false;
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
    struct pipeline p = {-1, -1, -1};
    bool ok;
    int filter, feeder;

    if (!start(writer, &p, err))
        return false;
    ok = copy_output(&p, writer->delivery->transport->transport_filter_timeout, output, err);
    close(p.out);
    if (!ok) {
        kill(p.filter, SIGKILL);
        kill(p.feeder, SIGKILL);
    }
    filter = code_of(p.filter);
    feeder = code_of(p.feeder);
    if (!ok)
        return false;
    if (filter != 0)
        return error_set(err, "transport filter process failed (%d)%s", filter,
                         filter == 127 ? ": unable to execute command" : "");
    return feeder == 0 || error_set(err, "process writing to transport filter failed (%d)", feeder);
}
