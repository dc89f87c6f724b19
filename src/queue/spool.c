/* The spool directory: see spool.h. */
#include "queue/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buffer.h"

struct spool spool_of(const struct config *config, unsigned uid, unsigned gid)
{
    return (struct spool){
        .directory = config->main.spool_directory,
        .split = config->main.split_spool_directory,
        .no_fsync = config->main.disable_fsync,
        .uid = uid,
        .gid = gid,
    };
}

struct str spool_path(struct arena *arena, const struct spool *spool, struct str queue, const char *kind, char sub,
                      struct str id, const char *suffix)
{
    struct buffer b = BUFFER_IN(arena);

    buffer_add(&b, spool->directory);
    buffer_add_char(&b, '/');
    if (!str_is_empty(queue)) {
        buffer_add(&b, queue);
        buffer_add_char(&b, '/');
    }
    buffer_add_cstr(&b, kind);
    buffer_add_char(&b, '/');
    if (sub != '\0') {
        buffer_add_char(&b, sub);
        buffer_add_char(&b, '/');
    }
    buffer_add(&b, id);
    buffer_add_cstr(&b, suffix);
    return buffer_str(&b);
}

char spool_subdirectory(const struct spool *spool, struct str id)
{
    return spool->split && id.n > 5 ? id.s[5] : '\0';
}

bool spool_find(const struct spool *spool, struct str queue, struct str id, char *sub)
{
    struct arena *arena = arena_new(ARENA_PLAIN);
    const char tries[] = {spool->split && id.n > 5 ? id.s[5] : '\0', !spool->split && id.n > 5 ? id.s[5] : '\0'};
    bool found = false;

    for (size_t i = 0; i < sizeof tries && !found; i++) {
        *sub = tries[i];
        found = access(spool_path(arena, spool, queue, "input", tries[i], id, "-H").s, F_OK) == 0;
    }
    arena_free(arena);
    return found;
}

/* --- Making files */

/* What root makes is for the Exim user. */
static bool give(const struct spool *spool, int fd)
{
    return geteuid() != 0 || spool->uid == 0 || fchown(fd, spool->uid, spool->gid) == 0;
}

static bool make_one(const struct spool *spool, const char *path)
{
    int fd;

    if (mkdir(path, 0750) != 0)
        return errno == EEXIST;
    if (geteuid() != 0)
        return true;
    fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return false;
    bool ok = give(spool, fd);

    close(fd);
    return ok;
}

bool spool_make_directory(const struct spool *spool, struct str path, struct error *err)
{
    char name[4096];

    if (path.n >= sizeof name)
        return error_set(err, "path too long: %.*s", STR_ARG(path));
    memcpy(name, path.s, path.n + 1);
    for (char *slash = strchr(name + spool->directory.n, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (*name && !make_one(spool, name))
            return error_set(err, "Failed to create directory \"%s\": %s", name, strerror(errno));
        *slash = '/';
    }
    return true;
}

int spool_create(const struct spool *spool, struct str path, int flags, struct error *err)
{
    int fd = open(path.s, O_CREAT | O_CLOEXEC | O_NOFOLLOW | flags, 0640);

    if (fd < 0 && errno == ENOENT && spool_make_directory(spool, path, err))
        fd = open(path.s, O_CREAT | O_CLOEXEC | O_NOFOLLOW | flags, 0640);
    if (fd < 0) {
        error_set(err, "Failed to create spool file %.*s: %s", STR_ARG(path), strerror(errno));
        return -1;
    }
    if (give(spool, fd))
        return fd;
    error_set(err, "Failed setting ownership on spool file %.*s: %s", STR_ARG(path), strerror(errno));
    close(fd);
    unlink(path.s);
    return -1;
}

bool spool_write(int fd, const char *p, size_t n)
{
    while (n > 0) {
        ssize_t done = write(fd, p, n);

        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            return false;
        p += done;
        n -= (size_t)done;
    }
    return true;
}

bool spool_sync(const struct spool *spool, int fd, struct error *err)
{
    return spool->no_fsync || fsync(fd) == 0 || error_set(err, "fsync failed: %s", strerror(errno));
}

bool spool_sync_directory(const struct spool *spool, struct str path, struct error *err)
{
    char name[4096];
    int fd;

    if (spool->no_fsync)
        return true;
    snprintf(name, sizeof name, "%.*s", (int)str_rfind(path, '/'), path.s);
    fd = open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return error_set(err, "Failed to open directory \"%s\": %s", name, strerror(errno));
    bool ok = fsync(fd) == 0 || error_set(err, "Failed to sync directory \"%s\": %s", name, strerror(errno));

    close(fd);
    return ok;
}

/* The name that a file has until it is complete. */
static struct str temporary_name(struct arena *arena, struct str path)
{
    size_t slash = (size_t)str_rfind(path, '/');

    return str_printf(arena, "%.*s/hdr.%s", (int)slash, path.s, path.s + slash + 1);
}

bool spool_replace(const struct spool *spool, struct str path, struct str content, struct error *err)
{
    struct str temporary = temporary_name(err->arena, path);
    int fd = spool_create(spool, temporary, O_WRONLY | O_TRUNC, err);
    bool ok;
    int error;

    if (fd < 0)
        return false;
    ok = spool_write(fd, content.s, content.n) ||
         error_set(err, "Failed to write spool file %.*s: %s", STR_ARG(temporary), strerror(errno));
    ok = ok && spool_sync(spool, fd, err);
    error = errno;
    if (close(fd) != 0 && ok)
        ok = error_set(err, "Failed to close spool file %.*s: %s", STR_ARG(temporary), strerror(error = errno));
    if (ok && rename(temporary.s, path.s) != 0)
        ok = error_set(err, "Failed to rename spool file %.*s: %s", STR_ARG(temporary), strerror(error = errno));
    if (!ok) {
        unlink(temporary.s);
        errno = error;
        return false;
    }
    return spool_sync_directory(spool, path, err);
}

/* --- Moving messages */

/* The files of a message; -H is what makes it one. */
static const struct {
    const char *kind, *suffix;
} message_files[] = {{"input", "-D"}, {"input", "-J"}, {"msglog", ""}, {"input", "-H"}};

enum { MESSAGE_FILES = sizeof message_files / sizeof *message_files };

static struct str path_at(struct arena *arena, const struct spool *spool, struct str id, const struct spool_place *place,
                          int file)
{
    return spool_path(arena, spool, place->queue,
                      str_printf(arena, "%s%s", place->prefix, message_files[file].kind).s, place->sub, id,
                      message_files[file].suffix);
}

/* A second name for the file, in place of what an interrupted move may have left. */
static bool link_file(const struct spool *spool, struct str from, struct str to, struct error *err)
{
    if (access(from.s, F_OK) != 0)
        return true;
    if (!spool_make_directory(spool, to, err))
        return false;
    if (link(from.s, to.s) == 0 || (errno == EEXIST && unlink(to.s) == 0 && link(from.s, to.s) == 0))
        return true;
    return error_set(err, "Failed to link %.*s to %.*s: %s", STR_ARG(from), STR_ARG(to), strerror(errno));
}

bool spool_move(const struct spool *spool, struct str id, const struct spool_place *from, const struct spool_place *to,
                struct error *err)
{
    struct arena *arena = err->arena;

    for (int i = 0; i < MESSAGE_FILES; i++)
        if (!link_file(spool, path_at(arena, spool, id, from, i), path_at(arena, spool, id, to, i), err))
            return false;
    if (!spool_sync_directory(spool, path_at(arena, spool, id, to, MESSAGE_FILES - 1), err))
        return false;
    for (int i = MESSAGE_FILES; i-- > 0;)
        unlink(path_at(arena, spool, id, from, i).s);
    return true;
}

bool spool_read(struct arena *arena, struct str path, struct str *content, struct error *err)
{
    struct buffer b = BUFFER_IN(arena);
    int fd = open(path.s, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    ssize_t n;

    if (fd < 0)
        return error_set(err, "failed to open %.*s: %s", STR_ARG(path), strerror(errno));
    do {
        n = read(fd, buffer_room(&b, 16384), 16384);
        if (n > 0)
            buffer_added(&b, (size_t)n);
    } while (n > 0 || (n < 0 && errno == EINTR));
    if (n < 0)
        error_set(err, "failed to read %.*s: %s", STR_ARG(path), strerror(errno));
    close(fd);
    b.tainted = true;
    *content = buffer_str(&b);
    return n == 0;
}

/* --- Locks */

/* The first line, which is the file's name, is what is locked, as Exim does. */
static struct flock region_of(struct str id)
{
    return (struct flock){.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_len = (off_t)id.n + 3};
}

static bool lock(int fd, struct str id)
{
    struct flock region = region_of(id);

    return fcntl(fd, F_OFD_SETLK, &region) == 0;
}

bool spool_is_locked(const struct spool *spool, struct arena *arena, struct str queue, struct str id)
{
    struct flock region = region_of(id);
    bool locked;
    char sub;
    int fd;

    if (!spool_find(spool, queue, id, &sub))
        return false;
    fd = open(spool_path(arena, spool, queue, "input", sub, id, "-D").s, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return false;
    locked = fcntl(fd, F_OFD_GETLK, &region) == 0 && region.l_type != F_UNLCK;
    close(fd);
    return locked;
}

/* Whether the file begins with its name. */
static bool is_named(int fd, struct str id)
{
    char line[128];
    ssize_t n = pread(fd, line, id.n + 3 < sizeof line ? id.n + 3 : sizeof line, 0);

    return n == (ssize_t)id.n + 3 && memcmp(line, id.s, id.n) == 0 && memcmp(line + id.n, "-D\n", 3) == 0;
}

enum spool_lock spool_lock(const struct spool *spool, struct mail_message *message, char *sub, struct error *err)
{
    struct str path;
    struct stat info;
    int fd;

    if (!spool_find(spool, message->handling.queue, message->id, sub))
        return SPOOL_GONE;
    path = spool_path(message->arena, spool, message->handling.queue, "input", *sub, message->id, "-D");
    fd = open(path.s, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_APPEND);
    if (fd < 0) {
        if (errno == ENOENT && !spool_find(spool, message->handling.queue, message->id, sub))
            return SPOOL_GONE;
        error_set(err, "Failed to open %.*s: %s", STR_ARG(path), strerror(errno));
        return SPOOL_BROKEN;
    }
    if (!lock(fd, message->id)) {
        close(fd);
        return SPOOL_BUSY;
    }
    if (fstat(fd, &info) != 0 || info.st_nlink == 0) { /* it was delivered while this process came */
        close(fd);
        return SPOOL_GONE;
    }
    if (!is_named(fd, message->id)) {
        error_set(err, "Spool error for %.*s: the -D file does not begin with its name", STR_ARG(message->id));
        close(fd);
        return SPOOL_BROKEN;
    }
    message->body_fd = fd;
    message->body_offset = (int64_t)message->id.n + 3;
    message->body_size = (int64_t)info.st_size - message->body_offset;
    return SPOOL_LOCKED;
}
