/* Room for messages: see space.h. */
#include "mail/space.h"

#include <string.h>
#include <sys/statvfs.h>

#include "base/log.h"

/* The directory of a file, or what is above it when that is not there yet. */
static bool partition_of(struct str path, struct statvfs *info)
{
    char name[4096];
    size_t n = path.n < sizeof name ? path.n : 0;

    if (n > 0)
        memcpy(name, path.s, n);
    for (; n > 0; n--) {
        name[n] = '\0';
        if ((n == path.n || path.s[n] == '/') && statvfs(name, info) == 0)
            return true;
    }
    return false;
}

static bool suffices(const char *what, struct str path, int64_t kilobytes, int64_t inodes)
{
    struct statvfs info;
    int64_t there;

    if ((kilobytes <= 0 && inodes <= 0) || !partition_of(path, &info))
        return true;
    there = (int64_t)(info.f_bavail * (info.f_frsize / 1024.0));
    if ((kilobytes <= 0 || there >= kilobytes) &&
        (inodes <= 0 || info.f_files == 0 || (int64_t)info.f_favail >= inodes))
        return true;
    log_write(LOG_MAIN, "%s space check failed: space=%lld inodes=%lld", what, (long long)there,
              (long long)info.f_favail);
    return false;
}

bool mail_space_suffices(const struct main_options *o, int64_t size)
{
    int64_t spool = o->check_spool_space;
    struct str log = o->log_file_path;

    if (o->smtp_check_spool_space && size > 0)
        spool = (spool > 0 ? spool : 0) + (size + 1023) / 1024;
    if (!suffices("spool directory", o->spool_directory, spool, o->check_spool_inodes))
        return false;
    return str_is_empty(log) || log.s[0] != '/' || suffices("log directory", log, o->check_log_space, o->check_log_inodes);
}
