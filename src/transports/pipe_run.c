/* Running a command with a message as its input: see pipe.h. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "transports/pipe.h"
#include "transports/pipeline.h"

static void become_command(void *ctx)
{
    const struct pipe_run *run = ctx;
    const struct rlimit none = {0, 0};

    setpgid(0, 0);
    umask((mode_t)run->config->umask);
    if (!run->config->permit_coredump)
        setrlimit(RLIMIT_CORE, &none);
    execve(run->argv[0], run->argv, run->envp);
}

static bool feed(void *ctx, int fd)
{
    struct pipe_run *run = ctx;
    struct error err = ERROR_IN(run->delivery->arena);

    return local_message_write(&run->message, fd, &err);
}

/* False: the time is over. A command that says too much is killed. */
static bool read_output(struct pipe_run *run, const struct pipeline *p, int64_t deadline)
{
    char block[4096];

    for (;;) {
        struct pollfd wait = {.fd = p->out, .events = POLLIN};
        int ready = poll(&wait, 1, deadline_left_ms(deadline));
        ssize_t n;

        if (ready < 0 && errno == EINTR)
            continue;
        if (ready == 0)
            return false;
        n = read(p->out, block, sizeof block);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return true;
        buffer_add_n(&run->output, block, (size_t)n);
        if (run->config->max_output > 0 && run->output.n > (size_t)run->config->max_output) {
            buffer_add_cstr(&run->output, "\n\n*** Too much output - remainder discarded ***\n");
            kill(-p->command, SIGKILL);
            return true;
        }
    }
}

/* It may go on without an output: the time counts until it has ended. False: the time is over. */
static bool wait_for(pid_t pid, int64_t deadline, int *status)
{
    while (waitpid(pid, status, WNOHANG) == 0) {
        if (deadline_left_ms(deadline) == 0)
            return false;
        poll(NULL, 0, 10);
    }
    return true;
}

enum pipe_end pipe_execute(struct pipe_run *run, int *code, struct error *err)
{
    int64_t deadline = deadline_in(run->config->timeout);
    const struct pipeline_work work = {become_command, feed, run, ""};
    struct pipeline p = {-1, -1, -1};
    int status = 0;
    bool in_time;

    if (!pipeline_start(&work, &p, err))
        return PIPE_FAILED;
    in_time = read_output(run, &p, deadline) && wait_for(p.command, deadline, &status);
    close(p.out);
    if (!in_time) {
        kill(-p.command, SIGKILL);
        waitpid(p.command, NULL, 0);
    }
    kill(p.feeder, SIGKILL); /* nobody reads any more */
    waitpid(p.feeder, NULL, 0);
    if (!in_time)
        return PIPE_TIMEOUT;
    *code = WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status);
    return WIFSIGNALED(status) ? PIPE_KILLED : PIPE_EXITED;
}
