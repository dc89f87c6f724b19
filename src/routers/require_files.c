/* The precondition require_files (manual, chapter 15). */
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/ascii.h"
#include "routers/routing.h"

#define NO_GROUP ((gid_t)-1)

/* Who files are checked for: an item without a slash in front of theirs names a user. */
struct access {
    bool set;
    uid_t uid;
    gid_t gid;
};

static bool all_digits(const char *text)
{
    return *text && text[strspn(text, "0123456789")] == '\0';
}

static bool find_user(const char *name, struct access *access)
{
    const struct passwd *user = getpwnam(name);

    if (user) {
        access->uid = user->pw_uid;
        access->gid = user->pw_gid;
        return true;
    }
    access->uid = (uid_t)strtoul(name, NULL, 10);
    access->gid = NO_GROUP;
    return all_digits(name);
}

static bool find_group(const char *name, struct access *access)
{
    const struct group *group = getgrnam(name);

    access->gid = group ? group->gr_gid : (gid_t)strtoul(name, NULL, 10);
    return group || all_digits(name);
}

/* "user" or "user,group". */
static bool take_user(struct routing *r, struct str item, struct access *access)
{
    ptrdiff_t comma = str_find(item, ',');
    struct str user = str_trim(r->arena, comma < 0 ? item : str_sub(r->arena, item, 0, (size_t)comma));
    struct str group =
        comma < 0 ? STR_NULL : str_trim(r->arena, str_sub(r->arena, item, (size_t)comma + 1, item.n));

    access->set = true;
    if (!find_user(user.s, access)) {
        routing_say(r, ROUTER_DEFER, "user \"%.*s\" for require_files not found", STR_ARG(user));
        return false;
    }
    if (!str_is_null(group) && !find_group(group.s, access)) {
        routing_say(r, ROUTER_DEFER, "group \"%.*s\" for require_files not found", STR_ARG(group));
        return false;
    }
    if (access->gid == NO_GROUP) {
        routing_say(r, ROUTER_DEFER, "group missing after numerical uid %lu for require_files",
                    (unsigned long)access->uid);
        return false;
    }
    return true;
}

/* Whether the mode gives the user those bits (4: read, 1: search). */
static bool grants(const struct stat *found, const struct access *access, unsigned bits)
{
    unsigned shift = found->st_uid == access->uid ? 6 : found->st_gid == access->gid ? 3 : 0;

    return access->uid == 0 || ((found->st_mode >> shift) & bits) == bits;
}

/* Every directory of the path must be searchable, the file readable; errno is set when not. */
static bool may_reach(const struct access *access, const char *path)
{
    char *part = strdup(path);
    struct stat found;
    bool good = part != NULL;

    for (char *slash = part ? strchr(part + 1, '/') : NULL; good && slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        good = stat(part, &found) == 0;
        if (good && !grants(&found, access, 1)) {
            errno = EACCES;
            good = false;
        }
        *slash = '/';
    }
    if (good && (good = stat(path, &found) == 0) && !grants(&found, access, 4)) {
        errno = EACCES;
        good = false;
    }
    free(part);
    return good;
}

static bool exists(const struct access *access, const char *path)
{
    struct stat found;

    return access->set ? may_reach(access, path) : stat(path, &found) == 0;
}

static bool skip_mark(const char **path, char mark)
{
    bool there = **path == mark;

    *path += there;
    while (ascii_is_space(**path))
        (*path)++;
    return there;
}

/* One file: "/path", "!/path", "+/path", "+!/path". */
static enum precondition check_file(struct routing *r, struct str item, const struct access *access)
{
    const char *path = item.s;
    bool unknown_is_absent = skip_mark(&path, '+'), wanted = !skip_mark(&path, '!');

    if (*path != '/') {
        routing_say(r, ROUTER_DEFER, "require_files: \"%s\" is not absolute", path);
        return PRECONDITION_DEFERS;
    }
    if (exists(access, path))
        return wanted ? PRECONDITION_HOLDS : PRECONDITION_SKIPS;
    if (errno == ENOENT || (errno == EACCES && unknown_is_absent))
        return wanted ? PRECONDITION_SKIPS : PRECONDITION_HOLDS;
    r->recipient->error = errno;
    routing_say(r, ROUTER_DEFER, "require_files: error for %s: %s", path, strerror(errno));
    return PRECONDITION_DEFERS;
}

/* *item is expanded; empty when it is to be left out. False: said why. */
static bool expand_item(struct routing *r, const struct template *t, struct str *item)
{
    struct error err = ERROR_IN(r->arena);

    switch (expand(r->scope, t, r->arena, item, &err)) {
    case EXPAND_OK:
        return true;
    case EXPAND_FORCED:
        *item = STR("");
        return true;
    case EXPAND_FAILED:
    case EXPAND_DEFER:
        break;
    }
    routing_say(r, ROUTER_DEFER, "failed to expand \"%.*s\" for require_files: %.*s", STR_ARG(template_source(t)),
                STR_ARG(err.text));
    return false;
}

enum precondition routing_require_files(struct routing *r)
{
    const struct option_templates *files = &r->router->require_files;
    struct access access = {.set = false};
    struct str item;

    for (size_t i = 0; i < files->n; i++) {
        enum precondition result;

        if (!expand_item(r, files->v[i], &item))
            return PRECONDITION_DEFERS;
        item = str_trim(r->arena, item);
        if (str_is_empty(item))
            continue;
        if (str_find(item, '/') < 0) {
            if (!take_user(r, item, &access))
                return PRECONDITION_DEFERS;
            continue;
        }
        result = check_file(r, item, &access);
        if (result == PRECONDITION_SKIPS)
            debug(DEBUG_route, "%.*s router skipped: file check", STR_ARG(r->router->instance.name));
        if (result != PRECONDITION_HOLDS)
            return result;
    }
    return PRECONDITION_HOLDS;
}
