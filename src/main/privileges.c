/* Who the process is: see privileges.h. */
#include "main/privileges.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/log.h"

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

bool privileges_of_delivery(const struct scope_process *process, const struct main_options *options)
{
    struct arena *arena;
    struct error err;
    bool ok;

    if (!options->deliver_drop_privilege)
        return true;
    arena = arena_new(ARENA_PLAIN);
    err = ERROR_IN(arena);
    ok = privileges_drop(process, &err);
    if (!ok)
        log_write(LOG_MAIN | LOG_PANIC, "deliver_drop_privilege: %.*s", STR_ARG(err.text));
    arena_free(arena);
    return ok;
}

static bool is_listed(const struct option_ids *ids, unsigned id)
{
    for (size_t i = 0; i < ids->n; i++)
        if (ids->v[i] == id)
            return true;
    return false;
}

/* Whether the caller's group, or one of its others, is in the list. */
static bool has_listed_group(const struct option_ids *groups)
{
    gid_t own[256];
    int n = getgroups(sizeof own / sizeof *own, own);

    if (is_listed(groups, getgid()))
        return true;
    for (int i = 0; i < n; i++)
        if (is_listed(groups, own[i]))
            return true;
    return false;
}

static bool is_root_or_exim(const struct scope_process *process)
{
    return getuid() == 0 || getuid() == process->exim_uid;
}

bool privileges_of_admin(const struct scope_process *process, const struct main_options *options)
{
    return is_root_or_exim(process) || has_listed_group(&options->admin_groups);
}

bool privileges_of_trusted(const struct scope_process *process, const struct main_options *options)
{
    return is_root_or_exim(process) || is_listed(&options->trusted_users, getuid()) ||
           has_listed_group(&options->trusted_groups);
}
