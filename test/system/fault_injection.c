/* Preloaded by the tests of the queue: ends the process, or lets a write fail, at the Nth of those system calls that
 * change files. The count goes on in processes that are forked, or begins anew in each that the first process forks,
 * and each of those ends at another call (FAULT_SPREAD says at how many different ones). Besides, it says what the load of the machine is, one
 * number after the other, asks a process to end, once, while it gets ready to wait for events, and is the system log. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <unistd.h>

static long kill_at, full_from, spread, calls, writes, forks;
static const char *report; /* gets the number of calls at the end */
static pid_t first;
static const char *loads, *sigterm_once, *syslog_file; /* in the environment as it was before the program cleans it */

__attribute__((constructor)) static void begin(void)
{
    const char *at = getenv("FAULT_KILL_AT"), *full = getenv("FAULT_FULL_FROM");

    kill_at = at ? atol(at) : 0;
    spread = getenv("FAULT_SPREAD") ? atol(getenv("FAULT_SPREAD")) : 0;
    report = getenv("FAULT_REPORT");
    first = getpid();
    full_from = full ? atol(full) : 0;
    loads = getenv("FAULT_LOADS");
    sigterm_once = getenv("FAULT_SIGTERM_ONCE");
    syslog_file = getenv("FAULT_SYSLOG");
}

static void count(void)
{
    if (++calls == kill_at)
        kill(getpid(), SIGKILL);
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

pid_t fork(void)
{
    pid_t parent = getpid(), pid;

    forks++;
    pid = REAL(fork)();
    if (pid == 0 && spread > 0 && parent == first) {
        calls = 0;
        kill_at = 1 + (forks - 1) % spread;
    }
    return pid;
}

/* Of the process, and of each that it forks. */
static void tell_calls(void)
{
    char text[32];
    int n = snprintf(text, sizeof text, "%ld\n", calls), fd;

    if (!report || (fd = REAL(open)(report, O_WRONLY | O_CREAT | O_APPEND, 0666)) < 0)
        return;
    if (REAL(write)(fd, text, (size_t)n) != n)
        abort();
}

__attribute__((destructor)) static void end(void)
{
    tell_calls();
}

void _exit(int code)
{
    tell_calls();
    REAL(_exit)(code);
    abort();
}

int open(const char *path, int flags, ...)
{
    va_list args;
    mode_t mode;

    va_start(args, flags);
    mode = (flags & O_CREAT) ? va_arg(args, mode_t) : 0;
    va_end(args);
    if (flags & (O_CREAT | O_WRONLY | O_RDWR))
        count();
    return REAL(open)(path, flags, mode);
}

/* The disk is full for regular files. */
static int is_full(int fd)
{
    struct stat info;

    return full_from > 0 && fstat(fd, &info) == 0 && S_ISREG(info.st_mode) && ++writes >= full_from;
}

ssize_t write(int fd, const void *p, size_t n)
{
    count();
    if (is_full(fd)) {
        errno = ENOSPC;
        return -1;
    }
    return REAL(write)(fd, p, n);
}

int fsync(int fd)
{
    count();
    return REAL(fsync)(fd);
}

int rename(const char *from, const char *to)
{
    count();
    return REAL(rename)(from, to);
}

int unlink(const char *path)
{
    count();
    return REAL(unlink)(path);
}

int link(const char *from, const char *to)
{
    count();
    return REAL(link)(from, to);
}

int close(int fd)
{
    count();
    return REAL(close)(fd);
}

/* The last number stays. */
int getloadavg(double *averages, int n)
{
    char *end;

    if (!loads)
        return REAL(getloadavg)(averages, n);
    averages[0] = strtod(loads, &end);
    if (*end != '\0')
        loads = end;
    return 1;
}

/* The file says that it has not happened yet. */
int epoll_create1(int flags)
{
    if (sigterm_once && REAL(unlink)(sigterm_once) == 0)
        kill(getpid(), SIGTERM);
    return REAL(epoll_create1)(flags);
}

/* --- syslog: to a file */

static void tell(const char *format, ...)
{
    char text[2048];
    va_list args;
    int fd, n;

    if (!syslog_file || (fd = REAL(open)(syslog_file, O_WRONLY | O_CREAT | O_APPEND, 0666)) < 0)
        return;
    va_start(args, format);
    n = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (REAL(write)(fd, text, (size_t)n) != n)
        abort();
    REAL(close)(fd);
}

void openlog(const char *name, int option, int facility)
{
    (void)option;
    tell("open %s %d\n", name, facility >> 3);
}

void syslog(int priority, const char *format, ...)
{
    char text[1024];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    tell("%d %s\n", priority & 7, text);
}

void __syslog_chk(int priority, int flag, const char *format, ...)
{
    char text[1024];
    va_list args;

    (void)flag;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    tell("%d %s\n", priority & 7, text);
}
