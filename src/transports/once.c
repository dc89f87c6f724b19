/* Who has had a reply already: see once.h. A text file, a line for each address with the time in front, the oldest
 * first; locked while it is in use. */
#include "transports/once.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buffer.h"

static bool read_all(int fd, struct buffer *b)
{
    ssize_t n;

    do {
        n = read(fd, buffer_room(b, 4096), 4096);
        if (n > 0)
            buffer_added(b, (size_t)n);
    } while (n > 0 || (n < 0 && errno == EINTR));
    return n == 0;
}

/* Copies the lines that stay; *sent is when the address had its last reply, or 0. */
static void sift(struct str content, struct str address, struct buffer *kept, time_t *sent)
{
    const char *p = content.s, *end = str_end(content), *lf;

    *sent = 0;
    while (p < end && (lf = memchr(p, '\n', (size_t)(end - p)))) {
        char *space;
        long long when = strtoll(p, &space, 10);
        struct str known = {space + 1, lf > space ? (size_t)(lf - space - 1) : 0, false};

        if (*space == ' ' && str_eq_nocase(known, address))
            *sent = (time_t)when;
        else
            buffer_add_n(kept, p, (size_t)(lf - p) + 1);
        p = lf + 1;
    }
}

/* The oldest go when there is no room. */
static struct str shorten(struct arena *arena, struct str text, int limit)
{
    while (limit > 0 && text.n > (size_t)limit) {
        ptrdiff_t lf = str_find(text, '\n');

        if (lf < 0)
            return STR("");
        text = str_sub(arena, text, (size_t)lf + 1, text.n);
    }
    return text;
}

static bool write_all(int fd, struct str text)
{
    return ftruncate(fd, 0) == 0 && pwrite(fd, text.s, text.n, 0) == (ssize_t)text.n;
}

enum once_answer once_check(struct arena *arena, const struct once *once, struct str address, struct error *err)
{
    struct buffer content = BUFFER_IN(arena), kept = BUFFER_IN(arena);
    int fd = open(once->path.s, O_RDWR | O_CREAT | O_CLOEXEC, (mode_t)once->mode);
    enum once_answer answer = ONCE_FAILED;
    time_t sent, now = time(NULL);

    if (fd < 0) {
        error_set(err, "Failed to open \"once\" file %.*s: %s", STR_ARG(once->path), strerror(errno));
        return ONCE_FAILED;
    }
    if (flock(fd, LOCK_EX) == 0 && read_all(fd, &content)) {
        sift(buffer_str(&content), address, &kept, &sent);
        answer = sent > 0 && (once->repeat <= 0 || now - sent < once->repeat) ? ONCE_SENT_BEFORE : ONCE_SEND;
        buffer_printf(&kept, "%lld %.*s\n", (long long)now, STR_ARG(address));
        if (answer == ONCE_SEND && !write_all(fd, shorten(arena, buffer_str(&kept), once->file_size)))
            answer = ONCE_FAILED;
    }
    if (answer == ONCE_FAILED)
        error_set(err, "\"once\" file %.*s: %s", STR_ARG(once->path), strerror(errno));
    close(fd);
    return answer;
}
