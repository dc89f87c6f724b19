/* Versions of files, and the error texts of opening them: see version.h. */
#include "lookups/version.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

/* Kernels stamp files with a clock that ticks some 100 to 1000 times a second. */
enum { TICK_NS = 20 * 1000 * 1000, SECOND_NS = 1000 * 1000 * 1000 };

static bool long_ago(struct timespec when)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    time_t seconds = now.tv_sec - when.tv_sec;
    if (seconds != 0 && seconds != 1)
        return seconds > 1;
    return seconds * SECOND_NS + now.tv_nsec - when.tv_nsec > TICK_NS;
}

struct file_version file_version_of(const struct stat *status)
{
    return (struct file_version){.device = status->st_dev,
                                 .inode = status->st_ino,
                                 .size = status->st_size,
                                 .modified = status->st_mtim,
                                 .changed = status->st_ctim,
                                 .settled = long_ago(status->st_ctim)};
}

static bool same_time(struct timespec a, struct timespec b)
{
    return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

bool file_version_current(const struct file_version *version, struct str file)
{
    struct stat now;

    if (!version->settled || stat(file.s, &now) != 0)
        return false;
    return now.st_dev == version->device && now.st_ino == version->inode && now.st_size == version->size &&
           same_time(now.st_mtim, version->modified) && same_time(now.st_ctim, version->changed);
}

void file_open_error(struct error *err, struct str file, const char *purpose, int error_number)
{
    if (error_number == EACCES)
        error_set(err, "failed to open %.*s for %s: %s (euid=%ld egid=%ld)", STR_ARG(file), purpose,
                  strerror(error_number), (long)geteuid(), (long)getegid());
    else
        error_set(err, "failed to open %.*s for %s: %s", STR_ARG(file), purpose, strerror(error_number));
}
