/* One process at a time for an argument of ETRN: see etrn_lock.h. */
#include "smtp/etrn_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"

/* One file is for all arguments: each has an octet of its own to lock, far beyond what is written there. */
static off_t place_of(struct str argument)
{
    uint64_t hash = 14695981039346656037U; /* FNV-1a */

    for (size_t i = 0; i < argument.n; i++)
        hash = (hash ^ (unsigned char)argument.s[i]) * 1099511628211U;
    return (off_t)(hash >> 2);
}

static int open_file(struct str spool_directory)
{
    struct arena *arena = arena_new(ARENA_PLAIN);
    struct str directory = str_join(arena, spool_directory, STR("/db"));
    int fd, code;

    mkdir(str_join(arena, spool_directory, STR("")).s, 0750);
    mkdir(directory.s, 0750);
    fd = open(str_join(arena, directory, STR("/etrn.lock")).s, O_RDWR | O_CREAT | O_CLOEXEC, 0640);
    code = errno;
    arena_free(arena);
    errno = code;
    return fd;
}

int etrn_lock(struct str spool_directory, struct str argument, bool wait)
{
    struct flock here = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = place_of(argument), .l_len = 1};
    int fd = open_file(spool_directory), code;

    if (fd < 0)
        return ETRN_LOCK_FAILED;
    while (fcntl(fd, wait ? F_OFD_SETLKW : F_OFD_SETLK, &here) != 0)
        if (errno != EINTR) {
            code = errno;
            close(fd);
            errno = code;
            return code == EAGAIN || code == EACCES ? ETRN_LOCK_TAKEN : ETRN_LOCK_FAILED;
        }
    return fd;
}
