/* Who the process is: see privileges.h. */
#include "main/privileges.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <unistd.h>

bool privileges_drop(const struct scope_process *process, struct error *err)
{
    const struct passwd *entry;

    if (geteuid() != 0 || process->exim_uid == 0)
        return true;
    entry = getpwuid(process->exim_uid);
    if (entry ? initgroups(entry->pw_name, process->exim_gid) != 0 : setgroups(0, NULL) != 0)
        return error_set(err, "unable to set the groups of uid %u: %s", process->exim_uid, strerror(errno));
    if (setgid(process->exim_gid) != 0)
        return error_set(err, "unable to set gid to %u: %s", process->exim_gid, strerror(errno));
    if (setuid(process->exim_uid) != 0)
        return error_set(err, "unable to set uid to %u: %s", process->exim_uid, strerror(errno));
    if (setuid(0) == 0)
        return error_set(err, "root privilege could be regained after it was given up");
    return true;
}

static bool is_listed(const struct option_ids *ids, gid_t group)
{
    for (size_t i = 0; i < ids->n; i++)
        if (ids->v[i] == group)
            return true;
    return false;
}

bool privileges_of_admin(const struct scope_process *process, const struct main_options *options)
{
    gid_t own[256];
    int n = getgroups(sizeof own / sizeof *own, own);

    if (getuid() == 0 || getuid() == process->exim_uid || is_listed(&options->admin_groups, getgid()))
        return true;
    for (int i = 0; i < n; i++)
        if (is_listed(&options->admin_groups, own[i]))
            return true;
    return false;
}
