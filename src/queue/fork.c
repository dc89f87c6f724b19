/* Processes that go on with what this one is at: see fork.h. */
#include "queue/fork.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lookups/lookup.h"

pid_t queue_fork(struct hints *hints)
{
    search_tidyup();
    hints_release(hints);
    return fork();
}

/* What a daemon or a session has set up is not for what goes on by itself. */
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

/* A process in between ends at once, so that there is nobody to be waited for. */
pid_t queue_fork_away(struct hints *hints)
{
    pid_t pid = queue_fork(hints);
    int status = 0;

    if (pid == 0) {
        pid_t child;

        leave_parent();
        child = fork();
        if (child != 0)
            _exit(child < 0 ? 1 : 0);
        return 0;
    }
    while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
        continue;
    if (pid > 0 && status != 0) {
        errno = EAGAIN;
        return -1;
    }
    return pid;
}
