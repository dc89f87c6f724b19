/* passwd (manual, 9.4): the system's password data by login name. */
#include <errno.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "lookups/types.h"

enum { FIRST_ROOM = 1024, MOST_ROOM = 1024 * 1024 };

/* getpwnam_r() with as much room as the entry takes. */
static int find_user(struct arena *arena, const char *name, struct passwd *entry, struct passwd **found)
{
    size_t room = FIRST_ROOM;
    int failed;

    do {
        char *strings = arena_alloc(arena, room);
        failed = getpwnam_r(name, entry, strings, room, found);
        room *= 2;
    } while (failed == ERANGE && room <= MOST_ROOM);
    return failed;
}

static enum lookup_status passwd_find(void *handle, const struct lookup_request *request, struct str *result,
                                      struct error *err)
{
    struct passwd entry, *found = NULL;

    (void)handle;
    if (request->key.n == 0 || memchr(request->key.s, '\0', request->key.n))
        return LOOKUP_NOT_FOUND;
    int failed = find_user(request->arena, request->key.s, &entry, &found);
    if (found) {
        *result = str_printf(request->arena, "*:%ld:%ld:%s:%s:%s", (long)entry.pw_uid, (long)entry.pw_gid,
                             entry.pw_gecos ? entry.pw_gecos : "", entry.pw_dir, entry.pw_shell);
        return LOOKUP_FOUND;
    }
    /* What libraries answer for a user who is not there differs: see getpwnam(3). */
    if (failed == 0 || failed == ENOENT || failed == ESRCH || failed == EBADF || failed == EPERM)
        return LOOKUP_NOT_FOUND;
    error_set(err, "getpwnam: %s", strerror(failed));
    return LOOKUP_DEFER;
}

const struct lookup_type lookup_passwd = {
    .name = "passwd",
    .keep_results = true,
    .find = passwd_find,
};
LOOKUP_EXPORT(&lookup_passwd)
