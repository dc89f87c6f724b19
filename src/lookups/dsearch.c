/* dsearch (manual, 9.3): is there an entry of that name in a directory? The name so found comes from
 * the file system, which is what makes it fit to be used in file names. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "lookups/option.h"
#include "lookups/types.h"
#include "lookups/version.h"

struct directory {
    struct arena *arena;
    struct str name;
};

/* Only sees whether it can be opened: each find looks at the file system anew. */
static void *dsearch_open(struct str name, struct error *err)
{
    bool absolute = name.n > 0 && name.s[0] == '/';
    int fd = absolute ? open(name.s, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;

    if (fd < 0) {
        file_open_error(err, name, "directory search", absolute ? errno : ENOENT);
        return NULL;
    }
    close(fd);
    struct arena *arena = arena_new(ARENA_PLAIN);
    struct directory *directory = ARENA_NEW(arena, struct directory);
    *directory = (struct directory){arena, str_copy(arena, name)};
    return directory;
}

static void dsearch_close(void *handle)
{
    arena_free(((struct directory *)handle)->arena);
}

/* Whether an entry is of the kind that `filter=` asks for. Exim takes an unknown kind for no filter. */
static bool wanted(struct str filter, struct str key, mode_t mode)
{
    if (str_is(filter, "file"))
        return S_ISREG(mode);
    if (str_is(filter, "dir"))
        return S_ISDIR(mode);
    if (str_is(filter, "subdir"))
        return S_ISDIR(mode) && !str_is(key, ".") && !str_is(key, "..");
    return true;
}

static enum lookup_status dsearch_find(void *handle, const struct lookup_request *request, struct str *result,
                                       struct error *err)
{
    const struct directory *directory = handle;
    struct str key = request->key, filter = STR_NULL, ret = STR_NULL;
    struct stat status;

    if (memchr(key.s, '/', key.n)) {
        error_set(err, "key for dsearch lookup contains a slash: %.*s", STR_ARG(key));
        return LOOKUP_DEFER;
    }
    if (memchr(key.s, '\0', key.n))
        return LOOKUP_NOT_FOUND;
    struct str path = str_join3(request->arena, directory->name, STR("/"), key);
    path.tainted = false;
    if (lstat(path.s, &status) != 0) {
        if (errno == ENOENT)
            return LOOKUP_NOT_FOUND;
        error_set(err, "%.*s: lstat: %s", STR_ARG(path), strerror(errno));
        return LOOKUP_DEFER;
    }
    lookup_option(request->options, "filter", &filter);
    if (!wanted(filter, key, status.st_mode))
        return LOOKUP_NOT_FOUND;
    lookup_option(request->options, "ret", &ret);
    *result = str_is(ret, "full") ? path : str_copy_n(request->arena, key.s, key.n, false);
    return LOOKUP_FOUND;
}

const struct lookup_type lookup_dsearch = {
    .name = "dsearch",
    .single_key = true,
    .open = dsearch_open,
    .find = dsearch_find,
    .close = dsearch_close,
};
LOOKUP_EXPORT(&lookup_dsearch)
