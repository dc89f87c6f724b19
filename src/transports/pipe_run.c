/* Running a command with a message as its input: see pipe.h. One process writes the message, one is the command;
 * this one reads what it says, and watches the time. */
#include <errno.h>
#include <fcntl.h>
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

struct processes {
    pid_t command, feeder;
    int out;
};

static _Noreturn void become_command(const struct pipe_run *run, int in, int out)
{
    const struct rlimit none = {0, 0};

    setpgid(0, 0);
    umask((mode_t)run->config->umask);
    if (!run->config->permit_coredump)
        setrlimit(RLIMIT_CORE, &none);
    dup2(in, STDIN_FILENO);
    dup2(out, STDOUT_FILENO);
    dup2(out, STDERR_FILENO);
    signal(SIGPIPE, SIG_DFL);
    execve(run->argv[0], run->argv, run->envp);
    _exit(127);
}

/* A command that does not read all of the message is no failure. */
static _Noreturn void feed(struct pipe_run *run, int in)
{
    struct error err = ERROR_IN(run->delivery->arena);

    _exit(local_message_write(&run->message, in, &err) || errno == EPIPE ? 0 : 1);
}

static bool start(struct pipe_run *run, struct processes *p, struct error *err)
{
    int in[2], out[2];

    if (pipe2(in, O_CLOEXEC) != 0)
        return error_set(err, "Failed to create pipe: %s", strerror(errno));
    if (pipe2(out, O_CLOEXEC) != 0) {
        close(in[0]);
        close(in[1]);
        return error_set(err, "Failed to create pipe: %s", strerror(errno));
    }
    p->command = fork();
    if (p->command == 0)
        become_command(run, in[0], out[1]);
    p->feeder = p->command < 0 ? -1 : fork();
    if (p->feeder == 0) {
        close(in[0]);
        close(out[0]);
        close(out[1]);
        feed(run, in[1]);
    }
    close(in[0]);
    close(in[1]);
    close(out[1]);
    p->out = out[0];
    if (p->feeder > 0)
        return true;
    error_set(err, "Failed to create child process: %s", strerror(errno));
    close(p->out);
    if (p->command > 0) {
        kill(p->command, SIGKILL);
        waitpid(p->command, NULL, 0);
    }
    return false;
}

/* False: the time is over. A command that says too much is killed. */
static bool read_output(struct pipe_run *run, const struct processes *p, int64_t deadline)
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
    struct processes p = {-1, -1, -1};
    int status = 0;
    bool in_time;

    if (!start(run, &p, err))
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
