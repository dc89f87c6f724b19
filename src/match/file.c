/* Files in lists: see file.h. They are read each time, as the manual says; a list that is long enough
 * for that to matter wants a lookup. */
#include "match/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/ascii.h"

bool list_file_open(struct list_file *file, struct str name)
{
    struct stat status;

    *file = (struct list_file){0};
    if (memchr(name.s, '\0', name.n)) {
        errno = EINVAL;
        return false;
    }
    /* Not blocking: opening a FIFO that nobody writes to would hang. */
    int fd = open(name.s, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0)
        return false;
    /* Nor would reading a terminal or /dev/zero ever end. */
    if (fstat(fd, &status) == 0 && !S_ISREG(status.st_mode)) {
        close(fd);
        errno = S_ISDIR(status.st_mode) ? EISDIR : EINVAL;
        return false;
    }
    file->stream = fdopen(fd, "r");
    if (!file->stream)
        close(fd);
    return file->stream != NULL;
}

void list_file_close(struct list_file *file)
{
    fclose(file->stream);
    free(file->line);
}

/* The length of the line without its comment. */
static size_t without_comment(const char *s, size_t n, enum list_kind kind)
{
    bool anywhere = kind == LIST_DOMAIN || kind == LIST_HOST;

    for (size_t i = 0; i < n; i++)
        if (s[i] == '#' && (anywhere || i == 0 || ascii_is_space(s[i - 1])))
            return i;
    return n;
}

bool list_file_next(struct list_file *file, enum list_kind kind, struct arena *arena, struct str *item)
{
    ssize_t got;

    while ((got = getline(&file->line, &file->room, file->stream)) >= 0) {
        const char *s = file->line;
        size_t n = without_comment(s, (size_t)got, kind);
        while (n > 0 && ascii_is_space(s[n - 1]))
            n--;
        while (n > 0 && ascii_is_space(*s)) {
            s++;
            n--;
        }
        if (n > 0) {
            *item = str_copy_n(arena, s, n, false);
            return true;
        }
    }
    return false;
}

void list_file_error(struct error *err, struct str name, struct str list, int error_number)
{
    if (error_number == EACCES)
        error_set(err, "failed to open %.*s when checking \"%.*s\": %s (euid=%ld egid=%ld)", STR_ARG(name),
                  STR_ARG(list), strerror(error_number), (long)geteuid(), (long)getegid());
    else
        error_set(err, "failed to open %.*s when checking \"%.*s\": %s", STR_ARG(name), STR_ARG(list),
                  strerror(error_number));
}
