/* The body of a message in its file: see message.h. */
#include <errno.h>
#include <unistd.h>

#include "base/buffer.h"
#include "mail/message.h"

struct str mail_body_part(struct arena *arena, const struct mail_message *m, int64_t from, size_t n, bool newlines)
{
    struct buffer b = BUFFER_IN(arena);
    ssize_t got;

    if (from < 0) {
        from = 0;
    }
    if (n == 0)
        return STR("");
    do
        got = pread(m->body_fd, buffer_room(&b, n), n, m->body_offset + from);
    while (got < 0 && errno == EINTR);
    if (got > 0)
        buffer_added(&b, (size_t)got);
    for (size_t i = 0; i < b.n; i++)
        if (b.s[i] == '\0' || (b.s[i] == '\n' && !newlines))
            b.s[i] = ' ';
    b.tainted = true;
    return buffer_str(&b);
}
