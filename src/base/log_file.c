/* Log files: appending lines that other processes append to, too, and following a rotation. */
#include "base/log_private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/buffer.h"

enum {
    FILE_MODE = 0640,
    DIRECTORY_MODE = 0750,
};

/* What root has made is given to the owner, as far as that can be done. */
static bool give_to(const char *path, int fd, struct log_owner owner)
{
    if (geteuid() != 0 || (owner.user == 0 && owner.group == 0))
        return true;
    return (fd >= 0 ? fchown(fd, owner.user, owner.group) : lchown(path, owner.user, owner.group)) == 0;
}

/* Makes the directory that the path is in. */
static bool make_directory(const char *path, struct log_owner owner)
{
    const char *slash = strrchr(path, '/');

    if (slash == NULL || slash == path)
        return false;
    char *directory = strndup(path, (size_t)(slash - path));
    bool made = directory != NULL && mkdir(directory, DIRECTORY_MODE) == 0 && give_to(directory, -1, owner);
    free(directory);
    return made;
}

/* Opens the file, or makes it. -1: errno says why not. */
static int open_or_make(const char *path, struct log_owner owner)
{
    const int flags = O_WRONLY | O_APPEND | O_CLOEXEC | O_NOCTTY;
    int fd = open(path, flags);

    if (fd >= 0 || errno != ENOENT)
        return fd;
    fd = open(path, flags | O_CREAT | O_EXCL, FILE_MODE);
    if (fd < 0 && errno == EEXIST)
        return open(path, flags); /* another process was faster */
    if (fd >= 0 && !give_to(path, fd, owner)) {
        close(fd);
        return -1;
    }
    return fd;
}

static bool log_file_open(struct log_file *file, const char *path, struct log_owner owner)
{
    struct stat st;

    file->fd = open_or_make(path, owner);
    if (file->fd < 0 && errno == ENOENT) {
        if (make_directory(path, owner))
            file->fd = open_or_make(path, owner);
        else
            errno = ENOENT;
    }
    if (file->fd < 0)
        return false;
    if (fstat(file->fd, &st) != 0) {
        log_file_close(file);
        return false;
    }
    file->dev = st.st_dev;
    file->ino = st.st_ino;
    return true;
}

/* Whether the open file still is the one of that name. */
static bool is_current(const struct log_file *file, const char *path)
{
    struct stat st;

    return file->fd >= 0 && stat(path, &st) == 0 && st.st_dev == file->dev && st.st_ino == file->ino;
}

void log_file_close(struct log_file *file)
{
    int error = errno;

    if (file->fd >= 0)
        close(file->fd);
    *file = LOG_FILE_CLOSED;
    errno = error;
}

bool log_file_write(struct log_file *file, const char *path, struct log_owner owner, struct str text)
{
    ssize_t put;

    if (!is_current(file, path)) {
        log_file_close(file);
        if (!log_file_open(file, path, owner))
            return false;
    }
    do
        put = write(file->fd, text.s, text.n);
    while (put < 0 && errno == EINTR);
    if (put >= 0 && (size_t)put < text.n)
        errno = ENOSPC; /* what a short write to a file means */
    return put >= 0 && (size_t)put == text.n;
}

struct str log_file_name(struct arena *arena, struct str pattern)
{
    struct buffer name = BUFFER_IN(arena);
    char date[sizeof "yyyymmdd"];
    time_t now = time(NULL);
    struct tm tm;

    if (str_find(pattern, '%') < 0)
        return pattern;
    localtime_r(&now, &tm);
    for (size_t i = 0; i < pattern.n; i++) {
        char kind = pattern.s[i] == '%' ? pattern.s[i + 1] : '\0';
        if (kind == 'D' || kind == 'M') {
            strftime(date, sizeof date, kind == 'D' ? "%Y%m%d" : "%Y%m", &tm);
            buffer_add_cstr(&name, date);
            i++;
        } else {
            buffer_add_char(&name, pattern.s[i]);
        }
    }
    return buffer_str(&name);
}
