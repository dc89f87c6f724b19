/* Opening configuration files and reading them whole. */
#include "config/source_file.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buffer.h"

#include "build_config.h"

/* No configuration is this big; something that is not a configuration file may be endless. */
enum { FILE_LIMIT = 64 * 1024 * 1024 };

static bool is_owner(uid_t uid)
{
    const struct passwd *entry;

    if (uid == 0)
        return true;
    entry = *CONFIGURE_OWNER ? getpwnam(CONFIGURE_OWNER) : NULL;
    return entry && entry->pw_uid == uid;
}

static bool is_group(gid_t gid)
{
    const struct group *entry;

    if (gid == 0)
        return true;
    entry = *CONFIGURE_GROUP ? getgrnam(CONFIGURE_GROUP) : NULL;
    return entry && entry->gr_gid == gid;
}

/* Whoever can write to the file can run commands as whoever runs the program. */
static bool is_safe(const struct stat *st)
{
    return is_owner(st->st_uid) && !(st->st_mode & S_IWOTH) &&
           (!(st->st_mode & S_IWGRP) || is_group(st->st_gid));
}

/* Reads fd to its end; an octet of room is left behind the last one. */
static bool read_all(struct arena *arena, int fd, size_t expected, char **text, size_t *n)
{
    struct buffer b = BUFFER_IN(arena);
    size_t room = expected + 1;

    for (;;) {
        ssize_t got = read(fd, buffer_room(&b, room), room);

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return false;
        if (got == 0)
            break;
        buffer_added(&b, (size_t)got);
        if (b.n > FILE_LIMIT) {
            errno = EFBIG;
            return false;
        }
        room = (size_t)got < room ? room - (size_t)got : 65536;
    }
    buffer_str(&b);
    *text = b.s ? b.s : arena_alloc(arena, 1);
    *n = b.n;
    return true;
}

/* As source_file_read(), with the check of owner and mode when safe is not NULL. */
static enum source_file_result open_and_read(struct arena *arena, const char *file, bool *safe, char **text,
                                             size_t *n)
{
    int fd = open(file, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    struct stat st;
    bool ok;
    int why;

    if (fd < 0)
        return errno == ENOENT || errno == ENOTDIR ? SOURCE_FILE_ABSENT : SOURCE_FILE_FAILED;
    ok = fstat(fd, &st) == 0;
    if (ok && safe)
        *safe = is_safe(&st);
    if (ok && (!safe || *safe))
        ok = read_all(arena, fd, st.st_size > 0 && st.st_size < FILE_LIMIT ? (size_t)st.st_size : 0, text, n);
    why = errno;
    close(fd);
    errno = why;
    return ok ? SOURCE_FILE_READ : SOURCE_FILE_FAILED;
}

enum source_file_result source_file_read(struct arena *arena, const char *file, char **text, size_t *n)
{
    return open_and_read(arena, file, NULL, text, n);
}

bool source_file_main(struct arena *arena, const char *const *files, bool trusted, struct str *file,
                      char **text, size_t *n, struct error *err)
{
    struct buffer names = BUFFER_IN(arena);

    for (; *files; files++) {
        bool safe = true;
        enum source_file_result result = open_and_read(arena, *files, trusted ? NULL : &safe, text, n);

        if (!safe)
            return error_set(err, "Exim configuration file %s has the wrong owner, group, or mode", *files);
        if (result == SOURCE_FILE_FAILED)
            return error_set(err, "failed to open configuration file %s: %s (euid=%u egid=%u)", *files,
                             strerror(errno), (unsigned)geteuid(), (unsigned)getegid());
        if (result == SOURCE_FILE_READ) {
            *file = str_copy(arena, str_of(*files));
            return true;
        }
        buffer_printf(&names, "%s%s", names.n ? ":" : "", *files);
    }
    return error_set(err, "non-existent configuration file(s): %s", buffer_str(&names).s);
}
