/* Commands with a message as their input: see pipeline.h. */
#include "transports/pipeline.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static _Noreturn void become(const struct pipeline_work *work, int in, int out)
{
    enum { NOT_EXECUTED = 127 };

    dup2(in, STDIN_FILENO);
    dup2(out, STDOUT_FILENO);
    dup2(out, STDERR_FILENO);
    signal(SIGPIPE, SIG_DFL);
    work->become(work->ctx);
    _exit(NOT_EXECUTED);
}

static bool open_pipes(int in[2], int out[2])
{
    if (pipe2(in, O_CLOEXEC) != 0)
        return false;
    if (pipe2(out, O_CLOEXEC) == 0)
        return true;
    close(in[0]);
    close(in[1]);
    return false;
}

bool pipeline_start(const struct pipeline_work *work, struct pipeline *p, struct error *err)
{
    int in[2], out[2];

    if (!open_pipes(in, out))
        return error_set(err, "Failed to create pipe%s: %s", work->purpose, strerror(errno));
    p->command = fork();
    if (p->command == 0)
        become(work, in[0], out[1]);
    p->feeder = p->command < 0 ? -1 : fork();
    if (p->feeder == 0) {
        close(in[0]);
        close(out[0]);
        close(out[1]);
        _exit(work->feed(work->ctx, in[1]) || errno == EPIPE ? 0 : 1);
    }
    close(in[0]);
    close(in[1]);
    close(out[1]);
    p->out = out[0];
    if (p->feeder > 0)
        return true;
    error_set(err, "Failed to create child process%s: %s", work->purpose, strerror(errno));
    close(p->out);
    if (p->command > 0) {
        kill(p->command, SIGKILL);
        waitpid(p->command, NULL, 0);
    }
    return false;
}

bool pipeline_write(void *ctx, const char *octets, size_t n)
{
    int fd = *(int *)ctx;

    while (n > 0) {
        ssize_t done = write(fd, octets, n);

        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            return false;
        octets += done;
        n -= (size_t)done;
    }
    return true;
}
