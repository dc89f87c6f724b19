/* Running a command as a child process: see child.h. The child leads a session of its own, so that
 * the deadline reaches whatever it starts; it inherits three descriptors and no signal settings. */
#include "base/child.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"

enum {
    CANNOT_EXECUTE = 127,  /* exit status, as the shell has it; the parent gets to know errno, too */
    REPORT_FD = 3,         /* where a child that cannot execute its command writes errno */
    PIECE = 4096,          /* octets read or written at once */
    INT_DIGITS = 11,       /* of a number, with its sign */
    DECIMAL = 10,
    GENERATIONS = 8,       /* of descendants that are looked for when there is no more time */
};

/* A child and the parent's ends of its pipes; -1: closed. */
struct child {
    pid_t pid;
    int pidfd;
    int in;     /* its standard input */
    int out;    /* its output */
    int report; /* end of file: the command runs */
};

/* The child's ends, while it is being started. */
struct child_ends {
    int in, out, report;
};

static void close_end(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

static void close_all(struct child *child, struct child_ends *ends)
{
    close_end(&child->pidfd);
    close_end(&child->in);
    close_end(&child->out);
    close_end(&child->report);
    close_end(&ends->in);
    close_end(&ends->out);
    close_end(&ends->report);
}

/* A pipe whose ends close at exec and lie above the standard descriptors, which the child replaces. */
static bool open_pipe(int *read_end, int *write_end)
{
    int fds[2];

    if (pipe2(fds, O_CLOEXEC) != 0)
        return false;
    *read_end = fcntl(fds[0], F_DUPFD_CLOEXEC, REPORT_FD + 1);
    *write_end = fcntl(fds[1], F_DUPFD_CLOEXEC, REPORT_FD + 1);
    close(fds[0]);
    close(fds[1]);
    return *read_end >= 0 && *write_end >= 0;
}

static bool open_ends(const struct child_spec *spec, struct child *child, struct child_ends *ends)
{
    if (str_is_null(spec->input)) {
        int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
        ends->in = null < 0 ? -1 : fcntl(null, F_DUPFD_CLOEXEC, REPORT_FD + 1);
        close_end(&null);
        if (ends->in < 0)
            return false;
    } else if (!open_pipe(&ends->in, &child->in) || fcntl(child->in, F_SETFL, O_NONBLOCK) != 0) {
        return false;
    }
    return open_pipe(&child->out, &ends->out) && open_pipe(&child->report, &ends->report);
}

/* Signals as a program expects them: no handlers, nothing ignored, nothing blocked. */
static void reset_signals(void)
{
    sigset_t none;

    for (int signal_number = 1; signal_number < NSIG; signal_number++)
        signal(signal_number, SIG_DFL); /* refused for two of them, which cannot be changed anyway */
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

/* In the child: puts the ends where the command expects them and closes everything else. */
static bool arrange_descriptors(const struct child_spec *spec, const struct child_ends *ends)
{
    if (dup2(ends->in, STDIN_FILENO) < 0 || dup2(ends->out, STDOUT_FILENO) < 0)
        return false;
    /* Opened only now: whatever number it gets, it is not one of the two. */
    int error_fd = spec->merge_stderr ? ends->out : open("/dev/null", O_WRONLY);
    return error_fd >= 0 && dup2(error_fd, STDERR_FILENO) >= 0 &&
           dup3(ends->report, REPORT_FD, O_CLOEXEC) >= 0 && close_range(REPORT_FD + 1, UINT_MAX, 0) == 0;
}

/* In the child: takes on who the command runs as, and where. */
static bool arrange_user(const struct child_spec *spec)
{
    if (spec->change_user && (setgroups(1, &spec->gid) != 0 || setgid(spec->gid) != 0 || setuid(spec->uid) != 0))
        return false;
    return spec->directory == NULL || chdir(spec->directory) == 0;
}

/* In the child: becomes the command, or runs the function, or reports why not. */
static _Noreturn void become(const struct child_spec *spec, const struct child_ends *ends)
{
    setsid();
    bool ready = arrange_descriptors(spec, ends) && arrange_user(spec);
    if (ready) {
        reset_signals();
        if (!spec->argv) {
            close(REPORT_FD); /* as exec does */
            _exit(spec->run(spec->ctx));
        }
        execve(spec->argv[0], spec->argv, spec->envp == NULL ? environ : spec->envp);
    }
    int error = errno;
    ssize_t reported = write(ready ? REPORT_FD : ends->report, &error, sizeof error);
    _exit(reported == sizeof error ? CANNOT_EXECUTE : EXIT_FAILURE);
}

/* Kills what a process has started, and what that has, as far as /proc tells. Each is stopped before its children are
 * looked for: so none of them gets away meanwhile. */
static void kill_descendants(pid_t pid, unsigned generations)
{
    char path[sizeof "/proc//task//children" + 2 * INT_DIGITS], *number = NULL;
    size_t room = 0;
    FILE *children;

    snprintf(path, sizeof path, "/proc/%d/task/%d/children", pid, pid);
    children = generations > 0 ? fopen(path, "re") : NULL;
    while (children && getdelim(&number, &room, ' ', children) > 0) {
        pid_t child = (pid_t)strtol(number, NULL, DECIMAL);

        if (child <= 1)
            continue;
        kill(child, SIGSTOP);
        kill_descendants(child, generations - 1);
        kill(child, SIGKILL);
    }
    free(number);
    if (children)
        fclose(children);
}

/* Kills the child, whatever it started in its session's first process group, and those of its descendants that have
 * made sessions of their own. */
static void kill_all(const struct child *child)
{
    kill(-child->pid, SIGSTOP);
    kill_descendants(child->pid, GENERATIONS);
    kill(-child->pid, SIGKILL);
}

/* Waits for the end of the child, which has come or is certain to come. False: somebody else took it. */
static bool reap(const struct child *child, int *wait_status)
{
    pid_t pid;

    do
        pid = waitpid(child->pid, wait_status, 0);
    while (pid < 0 && errno == EINTR);
    return pid == child->pid;
}

/* Starts the command. False: err says why not; nothing is left behind. */
static bool start(const struct child_spec *spec, struct child *child, struct error *err)
{
    struct child_ends ends = {-1, -1, -1};
    int error = 0, wait_status;

    *child = (struct child){.pid = -1, .pidfd = -1, .in = -1, .out = -1, .report = -1};
    if (open_ends(spec, child, &ends))
        child->pid = fork();
    if (child->pid == 0)
        become(spec, &ends);
    if (child->pid < 0) {
        error_set(err, "couldn't create child process: %s", strerror(errno));
        close_all(child, &ends);
        return false;
    }
    close_end(&ends.in);
    close_end(&ends.out);
    close_end(&ends.report);
    child->pidfd = pidfd_open(child->pid, 0);
    ssize_t got;
    do
        got = read(child->report, &error, sizeof error);
    while (got < 0 && errno == EINTR);
    close_end(&child->report);
    if (got == 0 && child->pidfd >= 0)
        return true;
    if (got == sizeof error)
        error_set(err, "failed to execute %s: %s", spec->argv[0], strerror(error));
    else
        error_set(err, "couldn't watch child process: %s", strerror(errno));
    kill_all(child);
    kill(child->pid, SIGKILL);
    reap(child, &wait_status);
    close_all(child, &ends);
    return false;
}

/* Writes more of the input; closes the pipe after the last of it, or when nobody reads it. */
static void feed(struct child *child, struct str *input)
{
    ssize_t put = 0;

    if (input->n > 0)
        put = write(child->in, input->s, input->n < PIECE ? input->n : PIECE);
    if (put > 0) {
        input->s += put;
        input->n -= (size_t)put;
    }
    if (input->n == 0 || (put < 0 && errno != EINTR && errno != EAGAIN))
        close_end(&child->in);
}

/* Reads more of the output and keeps what the limit allows; closes the pipe at the end. */
static void collect(struct child *child, struct buffer *out, size_t *room)
{
    char piece[PIECE];
    ssize_t got = read(child->out, piece, sizeof piece);

    if (got > 0) {
        size_t kept = (size_t)got < *room ? (size_t)got : *room;
        buffer_add_n(out, piece, kept);
        *room -= kept;
    } else if (got == 0 || errno != EINTR) {
        close_end(&child->out);
    }
}

/* Moves input and output until the output and the child have ended. False: the deadline came first. */
static bool attend(const struct child_spec *spec, struct child *child, struct buffer *out)
{
    struct str input = spec->input;
    size_t room = spec->output_limit;
    bool running = true;

    while (running || child->out >= 0) {
        /* Only once the output has ended: its end comes first for all but daemons. */
        int watched = child->out < 0 ? child->pidfd : -1;
        struct pollfd fds[] = {
            {.fd = child->out, .events = POLLIN},
            {.fd = child->in, .events = POLLOUT},
            {.fd = watched, .events = POLLIN},
        };
        int left = deadline_left_ms(spec->deadline);
        int n = poll(fds, sizeof fds / sizeof *fds, left);
        if (left == 0 || (n < 0 && errno != EINTR))
            return false;
        if (n <= 0)
            continue;
        if (fds[0].revents != 0)
            collect(child, out, &room);
        if (fds[1].revents != 0)
            feed(child, &input);
        if (fds[2].revents != 0)
            running = false;
    }
    return true;
}

enum child_status child_run(const struct child_spec *spec, struct buffer *out, int *code, struct error *err)
{
    struct child child;
    struct child_ends none = {-1, -1, -1};
    int wait_status;

    if (!start(spec, &child, err))
        return CHILD_FAILED;
    bool ended = attend(spec, &child, out);
    if (!ended)
        kill_all(&child);
    bool reaped = reap(&child, &wait_status);
    close_all(&child, &none);
    if (!ended)
        return CHILD_TIMEOUT;
    if (!reaped) {
        error_set(err, "lost child process: %s", strerror(errno));
        return CHILD_FAILED;
    }
    *code = WIFEXITED(wait_status) ? WEXITSTATUS(wait_status) : WTERMSIG(wait_status);
    return WIFEXITED(wait_status) ? CHILD_EXITED : CHILD_KILLED;
}
