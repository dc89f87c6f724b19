/* Files with lists of forwards: see redirect_file.h. */
#include "routers/redirect_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buffer.h"

enum { LARGEST_FILE = 64 << 20 /* octets */ };

/* --- Whose eyes it is read with */

bool redirect_become_user(struct routing *r, struct redirect_user *before, struct error *err)
{
    struct mail_recipient user = {.uid_set = false};

    *before = (struct redirect_user){.gid = getegid()};
    if (geteuid() != 0)
        return true;
    if (!routing_take_user(r, &user))
        return error_set(err, "%.*s", STR_ARG(r->recipient->message));
    if (!user.uid_set || user.uid == 0)
        return true;
    if ((user.gid_set && setegid(user.gid) != 0) || seteuid(user.uid) != 0) {
        int error = errno;

        redirect_become_self(before);
        return error_set(err, "cannot become uid %lu: %s", (unsigned long)user.uid, strerror(error));
    }
    before->changed = true;
    return true;
}

void redirect_become_self(const struct redirect_user *before)
{
    if (before->changed && seteuid(0) != 0)
        log_write(LOG_MAIN | LOG_PANIC, "cannot become root again: %s", strerror(errno));
    if (geteuid() == 0 && setegid(before->gid) != 0)
        log_write(LOG_MAIN | LOG_PANIC, "cannot take group %lu again: %s", (unsigned long)before->gid,
                  strerror(errno));
}

/* --- Opening */

/* The file is not there. Is its directory (it may be on a file system that is not mounted)? */
static enum redirect_file absent(struct routing *r, const struct redirect_config *config, struct str path,
                                 struct error *err)
{
    struct str directory = str_join(r->arena, str_sub(r->arena, path, 0, (size_t)str_rfind(path, '/')), STR("/."));
    struct stat found;

    if (config->ignore_enotdir || stat(directory.s, &found) == 0)
        return REDIRECT_FILE_ABSENT;
    if (errno == EACCES && config->ignore_eacces)
        return REDIRECT_FILE_ABSENT;
    error_set(err, "failed to stat %.*s (%s)", STR_ARG(directory), strerror(errno));
    return REDIRECT_FILE_BAD;
}

static enum redirect_file open_file(struct routing *r, const struct redirect_config *config, struct str path,
                                    int *fd, struct error *err)
{
    *fd = open(path.s, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (*fd >= 0)
        return REDIRECT_FILE_READ;
    if (errno == ENOENT)
        return absent(r, config, path, err);
    if ((errno == ENOTDIR && config->ignore_enotdir) || (errno == EACCES && config->ignore_eacces))
        return REDIRECT_FILE_ABSENT;
    error_set(err, "failed to open %.*s: %s", STR_ARG(path), strerror(errno));
    return REDIRECT_FILE_BAD;
}

/* --- Checking */

static bool has_id(const struct option_ids *ids, unsigned id)
{
    for (size_t i = 0; i < ids->n; i++)
        if (ids->v[i] == id)
            return true;
    return false;
}

static bool check(struct routing *r, const struct redirect_config *config, struct str path, const struct stat *found,
                  struct error *err)
{
    unsigned forbidden = found->st_mode & (unsigned)config->modemask;

    if (!S_ISREG(found->st_mode))
        return error_set(err, "%.*s is not a regular file", STR_ARG(path));
    if (forbidden)
        return error_set(err, "bad mode (0%o) for %.*s: 0%o bit(s) unexpected", (unsigned)found->st_mode,
                         STR_ARG(path), forbidden);
    if (config->check_owner.value && !(r->user.found && found->st_uid == r->user.uid) &&
        !has_id(&config->owners, found->st_uid))
        return error_set(err, "bad owner for %.*s", STR_ARG(path));
    if (config->check_group.value && !(r->user.found && found->st_gid == r->user.gid) &&
        !has_id(&config->owngroups, found->st_gid))
        return error_set(err, "bad group for %.*s", STR_ARG(path));
    if (found->st_size > LARGEST_FILE)
        return error_set(err, "%.*s is too large", STR_ARG(path));
    return true;
}

static bool read_all(struct routing *r, int fd, struct str path, struct str *content, struct error *err)
{
    struct buffer b = BUFFER_IN(r->arena);
    ssize_t got;

    do {
        enum { PIECE = 8192 };
        char *room = buffer_room(&b, PIECE);

        got = read(fd, room, PIECE);
        if (got > 0)
            buffer_added(&b, (size_t)got);
    } while (got > 0);
    *content = buffer_str(&b);
    return got == 0 || error_set(err, "error while reading %.*s: %s", STR_ARG(path), strerror(errno));
}

enum redirect_file redirect_file_read(struct routing *r, const struct redirect_config *config, struct str path,
                                      struct str *content, struct error *err)
{
    enum redirect_file result;
    struct stat found;
    int fd;

    if (path.n == 0 || *path.s != '/') {
        error_set(err, "\"%.*s\" is not an absolute path", STR_ARG(path));
        return REDIRECT_FILE_BAD;
    }
    if (path.tainted) {
        error_set(err, "Tainted name '%.*s' for file read not permitted", STR_ARG(path));
        return REDIRECT_FILE_BAD;
    }
    result = open_file(r, config, path, &fd, err);
    if (result != REDIRECT_FILE_READ)
        return result;
    if (fstat(fd, &found) != 0)
        error_set(err, "failed to stat %.*s: %s", STR_ARG(path), strerror(errno));
    else if (check(r, config, path, &found, err) && read_all(r, fd, path, content, err))
        result = REDIRECT_FILE_READ;
    if (!str_is_null(err->text))
        result = REDIRECT_FILE_BAD;
    close(fd);
    return result;
}
