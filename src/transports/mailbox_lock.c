/* Opening and locking a mailbox file (manual, 26.3): see mailbox.h. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/arena.h"
#include "mail/delivery_error.h"
#include "transports/mailbox.h"

enum { ROUNDS = 10 /* of a file that comes and goes */ };

/* --- The lock file */

/* Removes one that has been left behind. */
static void remove_old(const struct mailbox *m, const char *name)
{
    struct stat info;

    if (m->config->lockfile_timeout > 0 && stat(name, &info) == 0 &&
        time(NULL) - info.st_ctime > m->config->lockfile_timeout)
        unlink(name);
}

/* Makes it in a way that is safe on NFS. 1: made, 0: another one is there, -1: failed. */
static int try_lock_file(struct mailbox *m, const char *name, const char *post)
{
    struct stat info;
    int fd = open(post, O_WRONLY | O_EXCL | O_CREAT | O_CLOEXEC, (mode_t)m->config->lockfile_mode);
    int result;

    if (fd < 0) {
        mailbox_fail(m, errno, "creating lock file hitching post %s (euid=%ld egid=%ld)", post, (long)geteuid(),
                     (long)getegid());
        return -1;
    }
    result = link(post, name) == 0 || (fstat(fd, &info) == 0 && info.st_nlink == 2);
    close(fd);
    unlink(post);
    return result;
}

static int tries(const struct mailbox *m)
{
    return m->config->lock_retries > 0 ? m->config->lock_retries : 1;
}

static bool make_lock_file(struct mailbox *m, struct open_mailbox *open)
{
    struct str name = str_join(m->delivery->arena, m->path, STR(".lock"));
    struct str post = str_printf(m->delivery->arena, "%.*s.%.*s.%08x.%08x", STR_ARG(name),
                                 STR_ARG(m->delivery->scope->process->primary_hostname), (unsigned)time(NULL),
                                 (unsigned)getpid());

    for (int i = 0; i < tries(m); i++) {
        int made;

        if (i > 0) {
            sleep((unsigned)m->config->lock_interval);
            remove_old(m, name.s);
        } else {
            remove_old(m, name.s);
        }
        made = try_lock_file(m, name.s, post.s);
        if (made < 0)
            return false;
        if (made > 0) {
            open->lock_file = name;
            return true;
        }
    }
    return mailbox_fail(m, EDEADLK, "failed to lock mailbox %.*s (lock file)", STR_ARG(m->path));
}

/* --- Locks on the open file */

static void on_alarm(int number)
{
    (void)number;
}

/* Waits for a blocking lock no longer than the time-out; 0: does not wait. */
static bool lock_one(int fd, bool fcntl_lock, int timeout)
{
    struct flock region = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    struct sigaction action = {.sa_handler = on_alarm}, before;
    bool ok;

    if (timeout <= 0)
        return fcntl_lock ? fcntl(fd, F_SETLK, &region) == 0 : flock(fd, LOCK_EX | LOCK_NB) == 0;
    sigaction(SIGALRM, &action, &before);
    alarm((unsigned)timeout);
    ok = fcntl_lock ? fcntl(fd, F_SETLKW, &region) == 0 : flock(fd, LOCK_EX) == 0;
    alarm(0);
    sigaction(SIGALRM, &before, NULL);
    return ok;
}

static bool uses_fcntl(const struct mailbox *m)
{
    return m->config->use_fcntl_lock;
}

static bool lock_open_file(struct mailbox *m, int fd)
{
    return (!uses_fcntl(m) || lock_one(fd, true, m->config->lock_fcntl_timeout)) &&
           (!m->config->use_flock_lock || lock_one(fd, false, m->config->lock_flock_timeout));
}

/* How often it is tried: with time-outs less often, so that it takes as long. */
static int lock_tries(const struct mailbox *m)
{
    int timeout = m->config->lock_fcntl_timeout > m->config->lock_flock_timeout ? m->config->lock_fcntl_timeout
                                                                                 : m->config->lock_flock_timeout;

    return timeout > 0 ? (tries(m) * m->config->lock_interval + timeout - 1) / timeout : tries(m);
}

/* --- The file */

static bool check_existing(struct mailbox *m, const struct stat *info)
{
    mode_t mode = info->st_mode & 07777, wanted = (mode_t)m->config->mode;

    if (!S_ISREG(info->st_mode) && !(m->config->allow_fifo && S_ISFIFO(info->st_mode)))
        return mailbox_fail(m, DELIVERY_NOT_REGULAR, "mailbox %.*s is not a regular file%s", STR_ARG(m->path),
                            m->config->allow_fifo ? " or named pipe" : "");
    if (m->config->check_owner && info->st_uid != geteuid())
        return mailbox_fail(m, DELIVERY_BAD_OWNER, "mailbox %.*s has wrong uid (%ld != %ld)", STR_ARG(m->path),
                            (long)info->st_uid, (long)geteuid());
    if (m->config->check_group && info->st_gid != getegid())
        return mailbox_fail(m, DELIVERY_BAD_OWNER, "mailbox %.*s has wrong gid (%ld != %ld)", STR_ARG(m->path),
                            (long)info->st_gid, (long)getegid());
    if (mode == wanted)
        return true;
    if ((mode & wanted) != wanted && m->config->mode_fail_narrower)
        return mailbox_fail(m, DELIVERY_BAD_MODE, "mailbox %.*s has the wrong mode %o (%o expected)", STR_ARG(m->path),
                            (unsigned)mode, (unsigned)wanted);
    if ((mode & ~wanted) != 0 && chmod(m->path.s, mode & wanted) != 0)
        return mailbox_fail(m, errno, "attempting to chmod mailbox file %.*s", STR_ARG(m->path));
    return true;
}

/* The link may be another's in a sticky directory. */
static bool check_link(struct mailbox *m, struct stat *info)
{
    if (!S_ISLNK(info->st_mode))
        return true;
    if (!m->config->allow_symlink)
        return mailbox_fail(m, DELIVERY_SYMLINK, "mailbox %.*s is a symlink", STR_ARG(m->path));
    if (m->config->check_owner && info->st_uid != geteuid())
        return mailbox_fail(m, DELIVERY_BAD_OWNER, "symlink %.*s has wrong uid (%ld != %ld)", STR_ARG(m->path),
                            (long)info->st_uid, (long)geteuid());
    return stat(m->path.s, info) == 0 || mailbox_fail(m, errno, "stat of mailbox %.*s", STR_ARG(m->path));
}

/* 1: open, 0: it has vanished, -1: failed. */
static int open_existing(struct mailbox *m, const struct stat *before)
{
    struct stat info;
    int fd = open(m->path.s, O_RDWR | O_APPEND | O_NONBLOCK | O_CLOEXEC | (m->config->allow_symlink ? 0 : O_NOFOLLOW));

    if (fd < 0) {
        if (errno != ENOENT)
            mailbox_fail(m, errno, "unable to open mailbox %.*s", STR_ARG(m->path));
        return errno == ENOENT ? -2 : -1;
    }
    if (fstat(fd, &info) != 0 || info.st_ino != before->st_ino || info.st_uid != before->st_uid ||
        (info.st_mode & S_IFMT) != (before->st_mode & S_IFMT)) {
        close(fd);
        m->special = true;
        mailbox_fail(m, DELIVERY_CHANGED, "mailbox %.*s changed while being opened", STR_ARG(m->path));
        return -1;
    }
    fcntl(fd, F_SETFL, O_APPEND);
    return fd;
}

static int open_new(struct mailbox *m)
{
    int fd;

    if (m->config->file_must_exist) {
        mailbox_fail(m, ENOENT, "mailbox %.*s does not exist, but file_must_exist is set", STR_ARG(m->path));
        return -1;
    }
    if (!mailbox_make_directories(m, m->path, false))
        return -1;
    fd = open(m->path.s, O_RDWR | O_APPEND | O_CREAT | O_EXCL | O_CLOEXEC, (mode_t)m->config->mode);
    if (fd >= 0) {
        fchmod(fd, (mode_t)m->config->mode);
        return fd;
    }
    if (errno == EEXIST)
        return -2;
    mailbox_fail(m, errno, "while creating mailbox %.*s", STR_ARG(m->path));
    return -1;
}

static int open_file(struct mailbox *m)
{
    for (int i = 0; i < ROUNDS; i++) {
        struct stat info;
        int fd;

        if (lstat(m->path.s, &info) != 0) {
            if (errno != ENOENT) {
                mailbox_fail(m, errno, "stat of mailbox %.*s", STR_ARG(m->path));
                return -1;
            }
            fd = open_new(m);
        } else {
            fd = check_link(m, &info) && check_existing(m, &info) ? open_existing(m, &info) : -1;
        }
        if (fd != -2)
            return fd;
    }
    m->special = true;
    mailbox_fail(m, DELIVERY_CHANGED, "mailbox %.*s comes and goes", STR_ARG(m->path));
    return -1;
}

bool mailbox_open(struct mailbox *m, struct open_mailbox *open)
{
    int left = lock_tries(m);

    *open = (struct open_mailbox){.fd = -1, .lock_file = STR("")};
    if (m->config->use_lockfile && (!mailbox_make_directories(m, m->path, false) || !make_lock_file(m, open)))
        return false;
    while ((open->fd = open_file(m)) >= 0) {
        if (lock_open_file(m, open->fd))
            return true;
        close(open->fd);
        open->fd = -1;
        if (--left <= 0) {
            mailbox_fail(m, EDEADLK, "failed to lock mailbox %.*s (%s)", STR_ARG(m->path),
                         uses_fcntl(m) ? "fcntl" : "flock");
            break;
        }
        if (m->config->lock_fcntl_timeout <= 0 && m->config->lock_flock_timeout <= 0)
            sleep((unsigned)m->config->lock_interval);
    }
    mailbox_close(open);
    return false;
}

void mailbox_close(struct open_mailbox *open)
{
    if (open->fd >= 0)
        close(open->fd);
    if (!str_is_empty(open->lock_file))
        unlink(open->lock_file.s);
    *open = (struct open_mailbox){.fd = -1, .lock_file = STR("")};
}
