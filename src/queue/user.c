/* The user that a delivery runs as (manual, chapter 23): see process.h. */
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/ascii.h"
#include "expand/expand.h"
#include "queue/process.h"

static bool number_of(struct str text, unsigned *n)
{
    char *end;
    unsigned long value;

    if (text.n == 0 || !ascii_is_digit(*text.s))
        return false;
    value = strtoul(text.s, &end, 10);
    *n = (unsigned)value;
    return *end == '\0' && value < (unsigned)-1;
}

/* The option's user or group; *set stays as it is when there is none. */
static bool account(struct job *job, const struct option_account *option, bool group, bool *set, unsigned *id,
                    bool *has_group, unsigned *its_group, struct error *err)
{
    struct error why = ERROR_IN(job->arena);
    struct str name;
    const struct passwd *user;
    const struct group *entry;

    if (option->set) {
        *set = true;
        *id = option->id;
        *has_group = option->has_group;
        *its_group = option->group;
        return true;
    }
    if (!option->expanded)
        return true;
    if (expand(&job->scope, option->expanded, job->arena, &name, &why) != EXPAND_OK)
        return error_set(err, "Failed to expand %s string \"%.*s\" for %.*s transport: %.*s", group ? "group" : "user",
                         STR_ARG(template_source(option->expanded)), STR_ARG(job->scope_address.transport_name),
                         STR_ARG(why.text));
    *set = true;
    if (number_of(name, id))
        return true;
    if (group) {
        entry = getgrnam(name.s);
        if (entry)
            *id = entry->gr_gid;
        return entry || error_set(err, "Failed to find group \"%.*s\"", STR_ARG(name));
    }
    user = getpwnam(name.s);
    if (!user)
        return error_set(err, "Failed to find user \"%.*s\"", STR_ARG(name));
    *id = user->pw_uid;
    *has_group = true;
    *its_group = user->pw_gid;
    return true;
}

static bool is_never_user(const struct job *job, uid_t uid)
{
    const struct option_ids *never = &job->queue->options->never_users;

    for (size_t i = 0; i < never->n; i++)
        if (never->v[i] == uid)
            return true;
    return false;
}

bool delivery_user_find(struct job *job, const struct mail_recipient *first, struct delivery_user *user,
                        struct error *err)
{
    const struct transport_instance *t = first->transport;
    bool uid_set = false, gid_set = false, has_group = false;
    unsigned uid = 0, gid = 0, its_group = 0;

    job_show_run(job, first);
    if (!account(job, &t->group, true, &gid_set, &gid, &has_group, &its_group, err) ||
        !account(job, &t->user, false, &uid_set, &uid, &has_group, &its_group, err))
        return false;
    user->initgroups = uid_set ? t->initgroups : first->initgroups;
    user->uid = uid_set ? uid : first->uid_set ? first->uid : job->queue->process->exim_uid;
    if (gid_set)
        user->gid = gid;
    else if (uid_set && has_group)
        user->gid = its_group;
    else if (first->gid_set && (!uid_set || first->gid_set))
        user->gid = first->gid;
    else if (!uid_set && !first->uid_set)
        user->gid = job->queue->process->exim_gid;
    else
        return error_set(err, "User set without group for %.*s transport", STR_ARG(t->instance.name));
    if (is_never_user(job, user->uid))
        return error_set(err, "User %ld set for %.*s transport is on the never_users list", (long)user->uid,
                         STR_ARG(t->instance.name));
    return true;
}

bool delivery_user_is_possible(const struct job *job, const struct mail_recipient *first,
                               const struct delivery_user *user, struct error *err)
{
    const struct mail_recipient *top = mail_recipient_top(first);

    if (!job->queue->options->deliver_drop_privilege || (user->uid == geteuid() && user->gid == getegid()))
        return true;
    return error_set(err, "unable to set gid=%ld or uid=%ld (euid=%ld): %s delivery to %.*s <%.*s> transport=%.*s",
                     (long)user->gid, (long)user->uid, (long)geteuid(),
                     ((const struct transport_driver *)first->transport->instance.driver)->local ? "local" : "remote",
                     STR_ARG(first->local_part), STR_ARG(top->address), STR_ARG(first->transport->instance.name));
}

bool delivery_user_become(const struct delivery_user *user, struct error *err)
{
    const struct passwd *entry;

    if (geteuid() != 0)
        return true;
    entry = user->initgroups ? getpwuid(user->uid) : NULL;
    if (entry ? initgroups(entry->pw_name, user->gid) != 0 : setgroups(1, &user->gid) != 0)
        return error_set(err, "cannot set groups: %s", strerror(errno));
    if (setgid(user->gid) != 0 || setuid(user->uid) != 0)
        return error_set(err, "unable to set gid=%ld or uid=%ld: %s", (long)user->gid, (long)user->uid,
                         strerror(errno));
    return true;
}
