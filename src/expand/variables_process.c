/* Variables about the process, the system it runs on, and the time. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include "expand/variables.h"
#include "lookups/lookup.h"

GETTER(get_uid)
{
    (void)variable;
    *value = str_printf(ev->arena, "%u", (unsigned)getuid());
    return EXPAND_OK;
}

GETTER(get_gid)
{
    (void)variable;
    *value = str_printf(ev->arena, "%u", (unsigned)getgid());
    return EXPAND_OK;
}

/* Of the last entry that an LDAP lookup found. */
GETTER(get_ldap_dn)
{
    struct str name = lookup_ldap_dn();

    (void)variable;
    *value = str_is_null(name) ? STR("") : str_copy(ev->arena, name);
    return EXPAND_OK;
}

GETTER(get_pid)
{
    (void)variable;
    *value = str_printf(ev->arena, "%d", (int)getpid());
    return EXPAND_OK;
}

GETTER(get_runrc)
{
    (void)variable;
    *value = ev->scope->runrc.n > 0 ? ev->scope->runrc : STR("0");
    return EXPAND_OK;
}

/* In thousandths. */
GETTER(get_load_average)
{
    double average[1];
    (void)variable;
    if (getloadavg(average, 1) < 1)
        average[0] = -0.001;
    *value = str_printf(ev->arena, "%d", (int)(average[0] * 1000.0));
    return EXPAND_OK;
}

/* --- Space on disk */

enum space { SPACE_KILOBYTES, SPACE_INODES };

/* What is left where a file or directory is; -1 when that cannot be known. */
static struct str space_left(struct evaluation *ev, struct str path, enum space what)
{
    struct statvfs info;
    if (path.n == 0 || statvfs(path.s, &info) != 0)
        return STR("-1");
    if (what == SPACE_INODES)
        return info.f_files == 0 ? STR("-1") : str_printf(ev->arena, "%" PRIu64, (uint64_t)info.f_favail);
    return str_printf(ev->arena, "%" PRIu64, (uint64_t)info.f_bavail * info.f_frsize / 1024);
}

/* The directory of the first log file that log_file_path names; the spool's when it names none. */
static struct str log_directory(struct evaluation *ev)
{
    const struct scope_process *process = ev->scope->process;
    if (process == NULL)
        return STR_NULL;
    struct str path = process->log_file_path;
    ptrdiff_t slash = str_find(path, '/');
    ptrdiff_t colon = slash < 0 ? -1 : str_find(str_sub(ev->arena, path, (size_t)slash, path.n), ':');
    if (slash < 0)
        return process->spool_directory;
    path = str_sub(ev->arena, path, (size_t)slash, colon < 0 ? path.n : (size_t)colon);
    return str_sub(ev->arena, path, 0, (size_t)str_rfind(path, '/') + 1);
}

GETTER(get_log_inodes)
{
    (void)variable;
    *value = space_left(ev, log_directory(ev), SPACE_INODES);
    return EXPAND_OK;
}

GETTER(get_log_space)
{
    (void)variable;
    *value = space_left(ev, log_directory(ev), SPACE_KILOBYTES);
    return EXPAND_OK;
}

static struct str spool_directory(const struct scope *scope)
{
    return scope->process == NULL ? STR_NULL : scope->process->spool_directory;
}

GETTER(get_spool_inodes)
{
    (void)variable;
    *value = space_left(ev, spool_directory(ev->scope), SPACE_INODES);
    return EXPAND_OK;
}

GETTER(get_spool_space)
{
    (void)variable;
    *value = space_left(ev, spool_directory(ev->scope), SPACE_KILOBYTES);
    return EXPAND_OK;
}

/* --- The time of day */

static struct tm now_in_parts(bool utc)
{
    struct tm parts;
    time_t now = time(NULL);
    if (utc)
        gmtime_r(&now, &parts);
    else
        localtime_r(&now, &parts);
    return parts;
}

#define TIME_OF_DAY(name, format, utc) \
    GETTER(name) \
    { \
        char text[64]; \
        struct tm parts = now_in_parts(utc); \
        (void)variable; \
        *value = str_copy_n(ev->arena, text, strftime(text, sizeof text, format, &parts), false); \
        return EXPAND_OK; \
    }
TIME_OF_DAY(get_tod_bsdinbox, "%a %b %e %H:%M:%S %Y", false)
TIME_OF_DAY(get_tod_full, "%a, %d %b %Y %H:%M:%S %z", false)
TIME_OF_DAY(get_tod_log, "%Y-%m-%d %H:%M:%S", false)
TIME_OF_DAY(get_tod_logfile, "%Y%m%d", false)
TIME_OF_DAY(get_tod_zone, "%z", false)
TIME_OF_DAY(get_tod_zulu, "%Y%m%d%H%M%SZ", true)

GETTER(get_tod_epoch)
{
    (void)variable;
    *value = str_printf(ev->arena, "%" PRId64, (int64_t)time(NULL));
    return EXPAND_OK;
}

GETTER(get_tod_epoch_l)
{
    struct timespec now;
    (void)variable;
    clock_gettime(CLOCK_REALTIME, &now);
    *value = str_printf(ev->arena, "%" PRId64, (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000);
    return EXPAND_OK;
}
